package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience is how long one step in the browser may take on a machine that is busy.
const patience = time.Minute

// browser is what tabs are opened in: a Chromium, or a tab whose cookies they are to share.
type browser struct{ ctx context.Context } // chromedp keeps either in it

// chromium starts a Chromium that ends with the test, with options beyond the usual.
func chromium(t *testing.T, more ...chromedp.ExecAllocatorOption) browser {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], // headless, in a new directory of its own
		chromedp.ExecPath(findChromium(t)),
		chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
	)
	options = append(options, more...)
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox) // which refuses root
	}
	// Not t.Context(), which ends before the browser can be ended in good order.
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("starting Chromium: %v", err)
	}
	return browser{ctx}
}

// findChromium returns Chromium's path. Where there is none the test is skipped, save in CI.
func findChromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	const advice = "there is no Chromium: apt-get install chromium"
	if os.Getenv("CI") == "true" {
		t.Fatal(advice)
	}
	t.Skip(advice)
	return ""
}

// tab is a tab of a browser, and a person who looks at it. It fails the test when a step cannot be
// done.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu         sync.Mutex
	complaints []string // scripts that failed, and what a policy has blocked
	attacked   bool     // and has a right to
}

// stranger opens a tab of somebody who has no cookies yet.
func (br browser) stranger(t *testing.T) *tab {
	t.Helper()
	return br.open(t, chromedp.WithNewBrowserContext())
}

// another opens a tab of the same person.
func (b *tab) another() *tab {
	b.t.Helper()
	return browser{b.ctx}.open(b.t)
}

func (br browser) open(t *testing.T, options ...chromedp.ContextOption) *tab {
	t.Helper()
	b := &tab{t: t}
	ctx, cancel := chromedp.NewContext(br.ctx, append(options, chromedp.WithListener(b.listen))...)
	t.Cleanup(func() {
		cancel()
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, c := range b.complaints {
			if !b.attacked {
				t.Errorf("the browser complains: %s", c)
			}
		}
	})
	b.ctx = ctx
	if err := chromedp.Do(ctx); err != nil { // with no end of its own, which would be the tab's
		t.Fatalf("opening a tab: %v", err)
	}
	return b
}

// listen notes what the browser has against a page.
func (b *tab) listen(event any) {
	var complaint string
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		complaint = e.ExceptionDetails.Text
	case *cdplog.EventEntryAdded:
		if e.Entry.Source == cdplog.EntrySourceNetwork { // such as a page's status, which tests look at themselves
			return
		}
		complaint = e.Entry.Text
	default:
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.complaints = append(b.complaints, complaint)
}

// onPurpose says that pages are wrong on purpose: what the browser has against them is no failure.
func (b *tab) onPurpose() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.attacked = true
}

// do runs one action, in bounded time.
func do[T any](b *tab, what string, a chromedp.Action[T]) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, a)
	if err != nil {
		b.t.Fatalf("%s at %s: %v", what, b.where(), err)
	}
	return v
}

// where is the address of the page, without what may be a code in it.
func (b *tab) where() string {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	address, err := chromedp.Run(ctx, chromedp.Location())
	if err != nil {
		return "an unknown page"
	}
	address, _, _ = strings.Cut(address, "?")
	return address
}

// visit goes to an address.
func (b *tab) visit(address string) {
	b.t.Helper()
	do(b, "going to "+address, chromedp.Navigate(address))
}

// follow clicks what selector finds, and returns the status of the page that this leads to.
func (b *tab) follow(selector string) int {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	resp, err := chromedp.RunResponse(ctx, chromedp.Click(chromedp.CSS(selector)))
	if err != nil {
		b.t.Fatalf("clicking %s at %s: %v", selector, b.where(), err)
	}
	return int(resp.Status)
}

// choose clicks what selector finds, where that leads nowhere.
func (b *tab) choose(selector string) {
	b.t.Helper()
	do(b, "clicking "+selector, chromedp.Click(chromedp.CSS(selector)))
}

// text is the text of what selector finds.
func (b *tab) text(selector string) string {
	b.t.Helper()
	return do(b, "reading "+selector, chromedp.Text(chromedp.CSS(selector)))
}

// data is the value of what has the attribute called data-name.
func (b *tab) data(name string) string {
	b.t.Helper()
	name = "data-" + name
	return do(b, "looking for "+name, chromedp.AttributeValue(chromedp.CSS("["+name+"]"), name)).Value
}

// has reports whether the page has what selector finds.
func (b *tab) has(selector string) bool {
	b.t.Helper()
	return do(b, "looking for "+selector, chromedp.Evaluate[bool](fmt.Sprintf("document.querySelector(%q) !== null", selector)))
}

// html is the page as the browser has it.
func (b *tab) html() string {
	b.t.Helper()
	return do(b, "reading the page", chromedp.OuterHTML(chromedp.CSS("html")))
}

// show leaves pictures of the page as a computer and as a phone show it, if somebody wants them, and
// checks that it need not be scrolled sideways.
func (b *tab) show(name string) {
	b.t.Helper()
	for _, width := range []int64{1280, 390} {
		const height = 844
		do(b, "changing the width", chromedp.EmulateViewport(width, height))
		if over := do(b, "measuring", chromedp.Evaluate[int64]("document.documentElement.scrollWidth")); over > width {
			b.t.Errorf("%s is %d pixels wide, on a screen of %d", name, over, width)
		}
		if dir := os.Getenv("WALTZ_SCREENSHOTS"); dir != "" {
			b.save(filepath.Join(dir, fmt.Sprintf("%s-%d.png", name, width)))
		}
	}
	do(b, "changing the width", chromedp.ResetViewport())
}

func (b *tab) save(path string) {
	b.t.Helper()
	const png = 100
	picture := do(b, "taking a picture", chromedp.FullScreenshot(png))
	if !bytes.HasPrefix(picture, []byte("\x89PNG")) {
		b.t.Fatal("the picture is no PNG")
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(path, picture, 0o600); err != nil {
		b.t.Fatal(err)
	}
}
