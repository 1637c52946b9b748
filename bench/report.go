package main

import (
	"bytes"
	"fmt"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"time"
)

// write writes report.md and a chart for each row into dir.
func write(dir string, all []result, rounds int, batch time.Duration) error {
	if err := os.MkdirAll(filepath.Join(dir, "charts"), 0o750); err != nil {
		return err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `# Waltz beside its peers and its limits

Written by `+"`make bench`"+`: %d rounds of %v a side, in turns, on %s %s/%s with %d processors. A ratio is to the limit, the
least code that does the same work correctly, and is the median of the rounds' own ratios, so that what else the machine
does comes to both sides. Times are this machine's; only ratios travel.
`, rounds, batch, runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	for _, r := range all {
		fmt.Fprintf(&b, "\n## %s\n\nLimit: %s.", r.name, r.limit)
		if r.most > 0 {
			fmt.Fprintf(&b, " Waltz is to take at most %.2f times that.", r.most)
		}
		b.WriteString("\n\n")
		if r.skipped != nil {
			fmt.Fprintf(&b, "Not measured: %v.\n", r.skipped)
			continue
		}
		chart := "charts/" + strings.Trim(regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(r.name), "-"), "-") + ".svg"
		fmt.Fprintf(&b, "![%s, as times the limit](%s)\n\n| | time | times the limit | least to most | allocations |\n|---|---|---|---|---|\n", r.name, chart)
		for _, m := range r.sides {
			fmt.Fprintf(&b, "| %s | %v | %.2f | %.2f to %.2f | %.0f |\n", m.name, rounded(m.took), m.ratio, m.low, m.high, m.allocs)
		}
		if err := os.WriteFile(filepath.Join(dir, chart), []byte(r.chart()), 0o600); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, "report.md"), b.Bytes(), 0o600)
}

// chart is a bar for each side, as long as its ratio, and a line where waltz is to end.
func (r result) chart() string {
	const left, wide, high = 230, 400, 26
	longest := r.most
	for _, m := range r.sides {
		longest = max(longest, m.ratio)
	}
	x := func(ratio float64) float64 { return left + wide*ratio/longest }
	var b strings.Builder
	height := high*len(r.sides) + 16
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 %d" width="720" height="%[1]d" role="img" aria-label="%s">
<style>text{font:13px system-ui,sans-serif;fill:#444}.waltz{fill:#3b4fd8}.other{fill:#b6bdcc}line{stroke:#c2410c;stroke-dasharray:4 3}@media(prefers-color-scheme:dark){text{fill:#ccc}.other{fill:#5b6478}.waltz{fill:#93a4ff}}</style>
`, height, html.EscapeString(r.name))
	for i, m := range r.sides {
		class := "other"
		if i == 1 {
			class = "waltz"
		}
		y := 8 + i*high
		fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="end">%s</text><rect class="%s" x="%d" y="%d" width="%.1f" height="%d" rx="3"/><text x="%.1f" y="%d">%.2f</text>
`, left-10, y+17, html.EscapeString(m.name), class, left, y+3, x(m.ratio)-left, high-6, x(m.ratio)+8, y+17, m.ratio)
	}
	if r.most > 0 {
		fmt.Fprintf(&b, `<line x1="%.1f" x2="%[1]f" y1="4" y2="%d"/>
`, x(r.most), height-4)
	}
	b.WriteString("</svg>\n")
	return b.String()
}
