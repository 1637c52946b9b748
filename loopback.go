package waltz

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/waltz-oauth/waltz/internal/respond"
	"github.com/waltz-oauth/waltz/token"
)

// LoginLoopback logs ctx's user in from a program that is no web server (RFC 8252 section 7.3): it answers
// at l, which listens on a loopback address, has open show the person the address where the login begins,
// such as in their browser, and returns once the token is stored, the login has failed, or ctx is done. l is closed
// then. The redirect URI has l's port in it, which most providers let a native client choose; where one
// does not, listen on a port of your own. Config.BaseURL must be empty, and Config.Storage set.
//
// The address works for who was shown it: on a machine of many users another could else log in first. The
// hooks are called as in any login, but for Failed.
func (c *Consumer) LoginLoopback(ctx context.Context, l net.Listener, open func(loginURL string) error) error {
	defer func() { _ = l.Close() }() // the server has closed it, if it ran
	if _, err := c.unattended(ctx); err != nil {
		return err
	}
	address, ok := l.Addr().(*net.TCPAddr)
	if c.app.base != nil || !ok || !address.IP.IsLoopback() {
		return errors.New("waltz: LoginLoopback needs a listener on a loopback address, and Config.BaseURL to be empty")
	}
	b := &loopbackLogin{c: c, once: rand.Text(), done: make(chan error, 1)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+c.path(), b.login)
	mux.HandleFunc("GET "+c.path()+"/authorized", b.callback)
	server := &http.Server{
		Handler:           mux,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ReadHeaderTimeout: 10 * time.Second,
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	defer func() {
		const enough = 2 * time.Second // for the browser to get its page
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), enough)
		defer cancel()
		if server.Shutdown(ctx) != nil {
			_ = server.Close()
		}
	}()
	if err := open("http://" + address.String() + c.path() + "?once=" + b.once); err != nil {
		return err
	}
	select {
	case err := <-b.done:
		return err
	case err := <-failed:
		return fmt.Errorf("waltz: listening for the login: %w", err)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// loopbackLogin is one login of a program.
type loopbackLogin struct {
	c    *Consumer
	once string
	done chan error
}

func (b *loopbackLogin) login(w http.ResponseWriter, r *http.Request) {
	secure(w)
	if r.Method != http.MethodGet || prefetches(r) || subtle.ConstantTimeCompare([]byte(r.URL.Query().Get("once")), []byte(b.once)) != 1 {
		http.Error(w, "this is not the address that the program has shown", http.StatusForbidden)
		return
	}
	to := respond.New(w, nil)
	if err := b.c.begin(to, r); err != nil {
		b.end(to, err)
	}
}

func (b *loopbackLogin) callback(w http.ResponseWriter, r *http.Request) {
	secure(w)
	if r.Method != http.MethodGet || prefetches(r) { // a code is spent when the person comes
		http.Error(w, "a login is not fetched ahead", http.StatusForbidden)
		return
	}
	to := respond.New(w, nil)
	_, err := b.c.finish(to, r)
	if errors.Is(err, ErrState) || errors.Is(err, ErrStateExpired) { // anybody can have that, and the login goes on
		b.c.page(to, explain(err), "", err)
		return
	}
	b.end(to, err)
}

// end tells the person and the program how the login ended.
func (b *loopbackLogin) end(w *respond.Writer, err error) {
	if !w.Begun() {
		o := outcome{status: http.StatusOK, title: "Connected", text: "Your account at %s is connected. You can close this window."}
		if err != nil {
			o = explain(err)
		}
		b.c.page(w, o, "", err)
	}
	if err != nil {
		err = &token.Error{Op: "login", Key: token.Key{Provider: b.c.name}, Err: err}
	}
	select {
	case b.done <- err:
	default: // it has ended already
	}
}

// secure keeps codes and what they led to from caches, referrers and sniffers.
func secure(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
}
