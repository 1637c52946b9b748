package demo

import (
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/waltz-oauth/waltz/waltztest"
)

// walk is a person who goes the whole way by HTTP, and looks at what each page says.
type walk struct {
	demo    *Demo
	browser *waltztest.Browser
	notes   []string // what a step has to add
}

// Walk goes through everything that the pages offer, as Ada, and writes each step to out as it
// happens. It returns an error at the first step that does not hold. It leaves Ada connected, so
// that a walk over the same storage later finds her token.
func (d *Demo) Walk(ctx context.Context, out io.Writer) error {
	w := &walk{demo: d, browser: waltztest.NewBrowser()}
	for _, step := range []struct {
		says string
		do   func(context.Context) error
	}{
		{"sign in to the application as Ada", w.signIn},
		{"look for the token of an earlier walk", w.look},
		{"deny consent: nothing is stored", w.deny},
		{"connect: the token is stored", w.connect},
		{"call the API with it", w.call},
		{"let it expire, call again: refreshed once, and stored", w.refresh},
		{"let the provider end it: found out once, shown, and not asked about again", w.end},
		{"connect again", w.connect},
		{"disconnect: revoked at the provider, and deleted", w.disconnect},
		{"connect once more, and leave it for the next walk", w.connect},
	} {
		if err := step.do(ctx); err != nil {
			fmt.Fprintf(out, "FAIL  %s\n", step.says)
			return fmt.Errorf("%s: %w", step.says, err)
		}
		fmt.Fprintf(out, "ok    %s\n", step.says)
		for _, note := range w.notes {
			fmt.Fprintf(out, "      %s\n", note)
		}
		w.notes = nil
	}
	return nil
}

func (w *walk) signIn(ctx context.Context) error {
	_, err := w.post(ctx, "/user", url.Values{"user": {"ada"}})
	return err
}

func (w *walk) look(ctx context.Context) error {
	p, err := w.home(ctx)
	if err != nil {
		return err
	}
	if p.state == "none" {
		w.notes = append(w.notes, "there is none")
		return nil
	}
	if _, err := w.post(ctx, "/login/demo/disconnect", nil); err != nil {
		return err
	}
	w.notes = append(w.notes, fmt.Sprintf("found, %s: %s", p.state, p.token), "disconnected it")
	return w.expect(ctx, "none", "")
}

func (w *walk) deny(ctx context.Context) error {
	status, err := w.login(ctx, waltztest.Deny)
	if err != nil {
		return err
	}
	if status != http.StatusForbidden {
		return fmt.Errorf("the callback answered %d, want %d", status, http.StatusForbidden)
	}
	return w.expect(ctx, "none", "")
}

func (w *walk) connect(ctx context.Context) error {
	if _, err := w.login(ctx, waltztest.Allow); err != nil {
		return err
	}
	return w.expect(ctx, "active", "0")
}

func (w *walk) call(ctx context.Context) error {
	p, err := w.post(ctx, "/call", nil)
	if err != nil {
		return err
	}
	if !strings.Contains(p.answer, "200 OK") || !strings.Contains(p.answer, "Demo Ada") {
		return fmt.Errorf("the API answered %q, want 200 and Demo Ada", p.answer)
	}
	return nil
}

func (w *walk) refresh(ctx context.Context) error {
	if _, err := w.post(ctx, "/expire", nil); err != nil {
		return err
	}
	before := w.demo.provider.Calls(waltztest.Refresh)
	if err := w.call(ctx); err != nil {
		return err
	}
	if calls := w.demo.provider.Calls(waltztest.Refresh) - before; calls != 1 {
		return fmt.Errorf("the provider was asked %d times to refresh, want once", calls)
	}
	return w.expect(ctx, "active", "1")
}

func (w *walk) end(ctx context.Context) error {
	if _, err := w.post(ctx, "/end", nil); err != nil {
		return err
	}
	before := w.demo.provider.Calls(waltztest.Refresh)
	for range 3 {
		if _, err := w.send(ctx, http.MethodPost, "/call", nil, http.StatusUnauthorized); err != nil {
			return err
		}
	}
	if calls := w.demo.provider.Calls(waltztest.Refresh) - before; calls != 1 {
		return fmt.Errorf("the provider was asked %d times to refresh, want once", calls)
	}
	return w.expect(ctx, "reauthorize", "0")
}

func (w *walk) disconnect(ctx context.Context) error {
	before := w.demo.provider.Calls(waltztest.Revoke)
	if _, err := w.post(ctx, "/login/demo/disconnect", nil); err != nil {
		return err
	}
	if w.demo.provider.Calls(waltztest.Revoke) == before {
		return errors.New("the provider was not asked to revoke anything")
	}
	return w.expect(ctx, "none", "")
}

// page is what a person reads off the home page.
type page struct{ state, generation, token, answer string }

func (w *walk) expect(ctx context.Context, state, generation string) error {
	p, err := w.home(ctx)
	if err != nil {
		return err
	}
	if p.state != state || p.generation != generation {
		return fmt.Errorf("the page shows state %q, generation %q, want %q, %q", p.state, p.generation, state, generation)
	}
	return nil
}

func (w *walk) login(ctx context.Context, d waltztest.Decision) (int, error) {
	resp, err := w.browser.Login(ctx, w.demo.URL+w.demo.consumer.LoginURL("/"), "", d)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}

func (w *walk) home(ctx context.Context) (page, error) {
	return w.send(ctx, http.MethodGet, "/", nil, http.StatusOK)
}

func (w *walk) post(ctx context.Context, path string, form url.Values) (page, error) {
	return w.send(ctx, http.MethodPost, path, form, http.StatusOK)
}

// send returns the page that is answered, which is to have that status.
func (w *walk) send(ctx context.Context, method, path string, form url.Values, want int) (page, error) {
	r, err := http.NewRequestWithContext(ctx, method, w.demo.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		return page{}, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := w.browser.Client.Do(r)
	if err != nil {
		return page{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return page{}, err
	}
	if resp.StatusCode != want {
		return page{}, fmt.Errorf("%s %s answered %s", method, path, resp.Status)
	}
	find := func(pattern string) string {
		if m := regexp.MustCompile(pattern).FindSubmatch(body); m != nil {
			return html.UnescapeString(string(m[1]))
		}
		return ""
	}
	return page{
		state:      find(`data-state="([^"]*)"`),
		generation: find(`data-generation="([^"]*)"`),
		token:      find(`<code>(token\([^<]*)</code>`),
		answer:     find(`(?s)<pre id="result"><code>(.*?)</code>`),
	}, nil
}
