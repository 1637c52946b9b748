package flask

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/waltz-oauth/waltz"
	"github.com/waltz-oauth/waltz/token"
	"github.com/waltz-oauth/waltz/waltztest"
)

// startGo starts the Go application, whose paths are those of app.py.
func startGo(t *testing.T, idp *waltztest.Server, s token.Storage) string {
	t.Helper()
	mux := http.NewServeMux()
	config := waltz.Config{
		Secret:  "fake-secret-of-thirty-two-bytes-and-more",
		Storage: s,
		Logger:  slog.New(slog.NewTextHandler(t.Output(), nil)),
	}
	if token.Reaches(s) != token.Request {
		config.User = func(ctx context.Context) (string, error) {
			who, _ := ctx.Value(whoKey{}).(string)
			return who, nil
		}
	}
	app, err := waltz.New(config)
	if err != nil {
		t.Fatal(err)
	}
	op, err := app.Register(waltz.Registration{
		Provider: idp.Provider(), Name: "op", ClientID: idp.ClientID, ClientSecret: idp.ClientSecret, Scopes: []string{"profile"},
	})
	if err != nil {
		t.Fatal(err)
	}
	answer := func(do func(http.ResponseWriter, *http.Request) error) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if err := do(w, r); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
			}
		})
	}
	mux.Handle("/login/", app)
	mux.Handle("GET /{$}", answer(func(http.ResponseWriter, *http.Request) error { return nil }))
	mux.Handle("GET /token", answer(func(w http.ResponseWriter, r *http.Request) error {
		record, err := op.Record(r.Context())
		if errors.Is(err, waltz.ErrNoToken) {
			_, err = io.WriteString(w, "null")
			return err
		}
		if err != nil {
			return err
		}
		return json.NewEncoder(w).Encode(record.Token)
	}))
	mux.Handle("GET /api", answer(func(w http.ResponseWriter, r *http.Request) error {
		resp, err := op.Client(r.Context()).Get("user")
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		w.WriteHeader(resp.StatusCode)
		_, err = io.Copy(w, resp.Body)
		return err
	}))
	mux.Handle("POST /disconnect", answer(func(_ http.ResponseWriter, r *http.Request) error { return op.Disconnect(r.Context()) }))
	server := httptest.NewServer(signedIn(app.Handler(mux)))
	t.Cleanup(func() {
		server.Close()
		if err := app.Shutdown(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return server.URL
}

type whoKey struct{}

func signedIn(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if who, err := r.Cookie("who"); err == nil {
			r = r.WithContext(context.WithValue(r.Context(), whoKey{}, who.Value))
		}
		next.ServeHTTP(w, r)
	})
}

// person is somebody in front of a browser. To cookies, both applications are one host.
type person struct {
	*waltztest.Browser
	subject string
}

func newPerson(t *testing.T, at, who, subject string) person {
	t.Helper()
	b := waltztest.NewBrowser()
	to, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	b.Client.Jar.SetCookies(to, []*http.Cookie{{Name: "who", Value: who, Path: "/"}})
	return person{b, subject}
}

// logIn logs in at one of the applications.
func (p person) logIn(t *testing.T, at string) {
	t.Helper()
	resp, err := p.Login(t.Context(), at+"/login/op", p.subject, waltztest.Allow)
	if err != nil {
		t.Error(err)
		return
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("the login ends with %d", resp.StatusCode)
	}
}

func (p person) do(t *testing.T, method, address string) []byte {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := p.Client.Do(req)
	if err != nil {
		t.Error(err)
		return nil
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("%s %s answers %d, %v: %.300s", method, req.URL.Path, resp.StatusCode, err, body)
	}
	return body
}

// callAPI has the application at call the API, which answers whose the token is.
func (p person) callAPI(t *testing.T, at string) {
	t.Helper()
	if body := p.do(t, http.MethodGet, at+"/api"); body != nil && !bytes.Contains(body, []byte(`"id":"`+p.subject+`"`)) {
		t.Errorf("the API says to %s: %.300s", p.subject, body)
	}
}

// access is the access token that the application at has for the person; "": none.
func (p person) access(t *testing.T, at string) string {
	t.Helper()
	var tok *struct {
		Access string `json:"access_token"`
	}
	if err := json.Unmarshal(p.do(t, http.MethodGet, at+"/token"), &tok); err != nil {
		t.Error(err)
	}
	if tok == nil {
		return ""
	}
	return tok.Access
}

// one is the access token that both applications have.
func (p person) one(t *testing.T, a, b string) string {
	t.Helper()
	x, y := p.access(t, a), p.access(t, b)
	if x != y {
		t.Fatalf("one application has a token that the other has not: %t and %t", x != "", y != "")
	}
	return x
}
