package sessionstore_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/waltz-oauth/waltz/storage/sessionstore"
	"github.com/waltz-oauth/waltz/token"
)

// An application calls app.Handler, which puts the middleware around.
func Example() {
	store, err := sessionstore.New(sessionstore.Config{
		Secrets: []string{"fake-secret-from-openssl-rand-base64-32"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	mux := http.NewServeMux()
	key := token.Key{Provider: "github"}
	mux.HandleFunc("/save", func(_ http.ResponseWriter, r *http.Request) {
		t := &token.Token{AccessToken: "fake-access-token", TokenType: "bearer"}
		if err := store.Set(r.Context(), key, token.New(t)); err != nil {
			fmt.Println(err)
		}
	})
	mux.HandleFunc("/show", func(w http.ResponseWriter, r *http.Request) {
		record, err := store.Get(r.Context(), key)
		fmt.Fprintln(w, record.Token, err)
	})
	app := store.Middleware(mux)

	saved := httptest.NewRecorder()
	app.ServeHTTP(saved, httptest.NewRequest(http.MethodGet, "/save", nil))

	shown, next := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/show", nil)
	for _, c := range saved.Result().Cookies() {
		next.AddCookie(c)
	}
	app.ServeHTTP(shown, next)
	fmt.Print(shown.Body)
	// Output: token("bearer" …) <nil>
}
