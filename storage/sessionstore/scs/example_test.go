package scs_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/alexedwards/scs/v2"

	adapter "github.com/waltz-oauth/waltz/storage/sessionstore/scs"
	"github.com/waltz-oauth/waltz/token"
)

// An application calls app.Handler, which puts the middleware around.
func Example() {
	sessions := scs.New()
	store := adapter.New(sessions)

	mux := http.NewServeMux()
	key := token.Key{Provider: "github", User: "alice"}
	mux.HandleFunc("/save", func(_ http.ResponseWriter, r *http.Request) {
		t := &token.Token{AccessToken: "fake-access-token", TokenType: "bearer"}
		if err := store.Set(r.Context(), key, token.New(t)); err != nil {
			fmt.Println(err)
		}
		sessions.Put(r.Context(), "theme", "dark") // the application's own
	})
	mux.HandleFunc("/show", func(w http.ResponseWriter, r *http.Request) {
		record, err := store.Get(r.Context(), key)
		fmt.Fprintln(w, record.Token, err, sessions.GetString(r.Context(), "theme"))
	})
	app := sessions.LoadAndSave(store.Middleware(mux))

	saved := httptest.NewRecorder()
	app.ServeHTTP(saved, httptest.NewRequest(http.MethodGet, "/save", nil))

	shown, next := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/show", nil)
	for _, c := range saved.Result().Cookies() {
		next.AddCookie(c)
	}
	app.ServeHTTP(shown, next)
	fmt.Print(shown.Body)
	// Output: token("bearer" …) <nil> dark
}
