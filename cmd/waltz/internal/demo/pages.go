package demo

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"time"

	"github.com/waltz-oauth/waltz"
	"github.com/waltz-oauth/waltz/provider"
	"github.com/waltz-oauth/waltz/token"
	"github.com/waltz-oauth/waltz/waltztest"
)

//go:embed page.html
var pageHTML string

//go:embed countdown.js
var countdownJS string

//go:embed demo.css
var demoCSS string

func parsePage() (*template.Template, error) { return template.New("demo").Parse(pageHTML) }

// handler is the whole application.
func (d *Demo) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/login/", d.app)
	mux.HandleFunc("GET /{$}", d.home)
	mux.Handle("GET /countdown.js", asset("text/javascript; charset=utf-8", countdownJS))
	mux.Handle("GET /style.css", asset("text/css; charset=utf-8", string(waltztest.Stylesheet())+demoCSS))
	mux.HandleFunc("POST /user", signIn)
	mux.Handle("POST /call", d.consumer.Require(http.HandlerFunc(d.call)))
	mux.Handle("POST /expire", d.consumer.Require(http.HandlerFunc(d.expire)))
	mux.Handle("POST /end", d.consumer.Require(http.HandlerFunc(d.end)))
	return signedIn(d.app.Handler(http.NewCrossOriginProtection().Handler(mux)))
}

func asset(contentType, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		_, _ = io.WriteString(w, text)
	}
}

// home shows the user's connection.
func (d *Demo) home(w http.ResponseWriter, r *http.Request) {
	id, _ := currentUser(r.Context())
	u, _ := lookUp(id)
	view := struct {
		Users   []user
		User    user
		State   string
		Record  token.Record
		Ends    string // when the access token expires, for the countdown
		Events  []event
		Answer  string
		Login   string
		Storage string
	}{
		Users:   users(),
		User:    u,
		State:   "none",
		Login:   d.consumer.LoginURL("/"),
		Storage: d.config.StorageName,
	}
	view.Events, view.Answer = d.journal.of(id)
	switch record, err := d.consumer.Record(r.Context()); {
	case err == nil:
		view.Record, view.State = record, record.State.String()
		view.Ends = record.Token.Expiry.UTC().Format(time.RFC3339)
	case !errors.Is(err, waltz.ErrNoToken) && !errors.Is(err, waltz.ErrNoUser):
		http.Error(w, "The storage cannot be read: "+err.Error(), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; img-src data:; script-src 'self'; style-src 'self'; form-action 'self'; frame-ancestors 'none'")
	if err := d.page.Execute(w, view); err != nil {
		d.config.Logger.Error("demo: page", "error", err.Error())
	}
}

// call asks the provider's API who the user is.
func (d *Demo) call(w http.ResponseWriter, r *http.Request) {
	id, _ := currentUser(r.Context())
	text, err := d.ask(r)
	if err != nil {
		text = err.Error()
	}
	d.journal.setAnswer(id, text)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (d *Demo) ask(r *http.Request) (string, error) {
	resp, err := d.consumer.Client(r.Context()).Get("/user") //nolint:noctx // the client has the request's context
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	const most = 4 << 10
	body, err := io.ReadAll(io.LimitReader(resp.Body, most))
	return fmt.Sprintf("%s\n%s", resp.Status, body), err
}

// expire makes the user's access token one that has expired, here and at the provider. The refresh
// token lives on.
func (d *Demo) expire(w http.ResponseWriter, r *http.Request) {
	if _, err := d.outlive(r.Context()); err != nil {
		http.Error(w, "The token cannot be changed: "+err.Error(), http.StatusInternalServerError)
		return
	}
	d.provider.ExpireAll()
	d.tell(r, "Expired: the access token is of no use any more. Call the API to see it refreshed.")
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// end takes the application out of the person's account at the provider. It is not told of that until
// it refreshes the token.
func (d *Demo) end(w http.ResponseWriter, r *http.Request) {
	t, err := d.outlive(r.Context())
	if err == nil {
		c := &provider.Client{Provider: d.provider.Provider(), ID: d.provider.ClientID, Secret: d.provider.ClientSecret}
		err = c.Revoke(r.Context(), t)
	}
	if err != nil {
		http.Error(w, "The grant cannot be ended: "+err.Error(), http.StatusInternalServerError)
		return
	}
	d.tell(r, "Ended: the provider honours none of its tokens any more. Call the API to see that found out.")
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// outlive stores the user's token as one that has expired.
func (d *Demo) outlive(ctx context.Context) (*token.Token, error) {
	record, err := d.consumer.Record(ctx)
	if err != nil {
		return nil, err
	}
	expired := *record.Token
	expired.Expiry = time.Now().Add(-time.Second)
	return &expired, d.consumer.Save(ctx, &expired)
}

func (d *Demo) tell(r *http.Request, text string) {
	id, _ := currentUser(r.Context())
	d.journal.add(id, text)
}
