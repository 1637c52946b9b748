package waltz

import (
	_ "embed"
	"errors"
	"html/template"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/waltz-oauth/waltz/internal/respond"
	"github.com/waltz-oauth/waltz/keeper"
	"github.com/waltz-oauth/waltz/provider"
	"github.com/waltz-oauth/waltz/token"
)

// fail tells the log, the program and the person of err.
func (c *Consumer) fail(w *respond.Writer, r *http.Request, op string, err error) {
	var known *token.Error
	if !errors.As(err, &known) {
		err = &token.Error{Op: op, Key: token.Key{Provider: c.name}, Err: err}
	}
	o := explain(err)
	attrs := []any{"provider", c.name, "error", err.Error()}
	var e *provider.Error
	if errors.As(err, &e) && e.Kind == provider.Misconfigured {
		attrs = append(attrs, "check", "ClientID, ClientSecret, scopes, and the redirect URI registered with the provider")
	}
	c.app.log.Log(r.Context(), o.level, "waltz: "+op+" failed", attrs...)
	if w.Begun() {
		return
	}
	if wait := retryAfter(err); wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	}
	if hook := c.reg.Hooks.Failed; hook != nil {
		hook(&failing{w, o.status}, r, err)
	}
	if !w.Begun() {
		c.page(w, o, c.next(""), err)
	}
}

// failing is the response of a failure, whose status is not 200 unless a hook says so.
type failing struct {
	w      *respond.Writer
	status int
}

func (f *failing) Header() http.Header { return f.w.Header() }

func (f *failing) WriteHeader(status int) { f.w.WriteHeader(status) }

func (f *failing) Write(p []byte) (int, error) {
	if !f.w.Begun() {
		f.w.WriteHeader(f.status)
	}
	return f.w.Write(p)
}

// Unwrap is for [http.ResponseController].
func (f *failing) Unwrap() http.ResponseWriter { return f.w }

// retryAfter is how long the provider asked to be left alone; 0: it named no time.
func retryAfter(err error) time.Duration {
	var f *keeper.Failure
	var e *provider.Error
	switch {
	case errors.As(err, &f):
		return f.RetryAfter
	case errors.As(err, &e):
		return e.RetryAfter
	default:
		return 0
	}
}

//go:embed fail.html
var failHTML string

// newFailPage parses the page, which escapes what a provider sent.
func newFailPage() *template.Template {
	return template.Must(template.New("fail").Parse(failHTML))
}

// page writes what o says, with a way to home where there is one.
func (c *Consumer) page(w http.ResponseWriter, o outcome, home string, err error) {
	said := struct{ Title, Text, Said, Again, Login, Home string }{
		Title: strings.ReplaceAll(o.title, "%s", c.title()),
		Text:  strings.ReplaceAll(o.text, "%s", c.title()),
		Again: o.again,
		Login: c.LoginURL(""),
		Home:  home,
	}
	var e *provider.Error
	if errors.As(err, &e) && e.Kind != provider.Misconfigured { // what is wrong with the registration is not the person's business
		said.Said = e.Description
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(o.status)
	if err := c.app.failPage.Execute(w, said); err != nil {
		c.app.log.Debug("waltz: page not written", "provider", c.name, "error", err.Error())
	}
}
