package provider_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/waltz-oauth/waltz/provider"
	"github.com/waltz-oauth/waltz/token"
	"github.com/waltz-oauth/waltz/waltztest"
)

// FuzzSign signs requests of any kind and has them verified by code that was written apart.
func FuzzSign(f *testing.F) {
	f.Fuzz(func(t *testing.T, path, query, form, secret, tokenSecret string, way uint8) {
		if strings.Contains(query+form, ";") { // the verifier's parser takes none
			return
		}
		methods := []provider.Signature{provider.HMACSHA1, provider.HMACSHA256, provider.Plaintext}
		c := &provider.Client{ID: "fake-id", Secret: secret, Provider: provider.Provider{Signature: methods[int(way)%len(methods)]}}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://api.example:8443", strings.NewReader(form))
		if err != nil {
			t.Fatal(err)
		}
		r.URL.Path, r.URL.RawQuery = "/"+path, query
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
		if err := c.Sign(r, &token.Token{AccessToken: "fake-access", Secret: tokenSecret}); err != nil {
			_, errQuery := url.ParseQuery(query)
			_, errForm := url.ParseQuery(form)
			if errQuery == nil && errForm == nil {
				t.Errorf("cannot be signed: %v", err)
			}
			return
		}
		if err := r.ParseForm(); err != nil {
			t.Fatal(err)
		}
		if _, err := waltztest.CheckSignature(r, r.URL, secret, tokenSecret); err != nil {
			t.Errorf("path %q, query %q, form %q: %v", path, query, form, err)
		}
		if _, err := waltztest.CheckSignature(r, r.URL, secret, tokenSecret+"x"); err == nil {
			t.Error("another's secret verifies")
		}
	})
}
