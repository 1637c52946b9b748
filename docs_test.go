package waltz_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestProgramsInTheDocsAreCompiled looks for each program of a page among the Go files, where the
// compiler and the tests see it. Indentation does not count.
func TestProgramsInTheDocsAreCompiled(t *testing.T) {
	t.Parallel()
	code := flat(tree(t, ".go"))
	for name, page := range pages(t) {
		for _, block := range regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(page, -1) {
			for part := range strings.SplitSeq(block[1], "\n\n") {
				if !strings.Contains(code, flat(part)) {
					t.Errorf("%s shows what no Go file has:\n%s", name, part)
				}
			}
		}
	}
}

func TestLinksInTheDocsLeadSomewhere(t *testing.T) {
	t.Parallel()
	all := pages(t)
	for name, page := range all {
		prose := regexp.MustCompile("(?s)```.*?```|`[^`]*`").ReplaceAllString(page, "")
		for _, link := range regexp.MustCompile(`\]\(([^)]+)\)`).FindAllStringSubmatch(prose, -1) {
			target, anchor, _ := strings.Cut(link[1], "#")
			if strings.Contains(target, "://") {
				continue
			}
			path := name
			if target != "" {
				path = filepath.Join(filepath.Dir(name), target)
			}
			if _, err := os.Stat(path); err != nil {
				t.Errorf("%s links to %s, which is not there", name, link[1])
			}
			if anchor != "" && !anchors(all[path])[anchor] {
				t.Errorf("%s links to %s, which has no such heading", name, link[1])
			}
		}
	}
}

// TestTestsNamedInTheDocsAreThere keeps a claim from resting on a test that is gone.
func TestTestsNamedInTheDocsAreThere(t *testing.T) {
	t.Parallel()
	code := tree(t, ".go")
	for name, page := range pages(t) {
		for _, test := range regexp.MustCompile("`(Test[A-Z]\\w+)`").FindAllStringSubmatch(page, -1) {
			if !strings.Contains(code, "\nfunc "+test[1]+"(t ") {
				t.Errorf("%s names %s, which is not there", name, test[1])
			}
		}
	}
}

// anchors are the names that a page's headings have in links.
func anchors(page string) map[string]bool {
	all := make(map[string]bool)
	for _, heading := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(page, -1) {
		name := regexp.MustCompile(`[^a-z0-9 -]`).ReplaceAllString(strings.ToLower(heading[1]), "")
		all[strings.ReplaceAll(name, " ", "-")] = true
	}
	return all
}

// pages are the project's pages by path.
func pages(t *testing.T) map[string]string {
	t.Helper()
	all := make(map[string]string)
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*/*.md"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			all[name] = string(text)
		}
	}
	return all
}

// tree is the text of all files below with that ending.
func tree(t *testing.T, ending string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ending {
			return err
		}
		text, err := os.ReadFile(path)
		b.Write(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// flat is text without indentation.
func flat(text string) string {
	return strings.TrimSpace(regexp.MustCompile(`\n\s*`).ReplaceAllString(text, "\n"))
}
