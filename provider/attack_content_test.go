package provider_test

import (
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// TestAttackJSONBomb answers with JSON that is dear to work with.
func TestAttackJSONBomb(t *testing.T) {
	t.Parallel()
	const n = 100_000
	for name, bomb := range map[string]string{
		"arrays":     strings.Repeat("[", n),
		"objects":    strings.Repeat(`{"a":`, n),
		"closed":     `,"a":` + strings.Repeat("[", n) + strings.Repeat("]", n) + "}",
		"scopes":     `,"scope":"` + strings.Repeat("t ", n/10) + `"}`,
		"members":    strings.Repeat(`,"scope":"t"`, n/10) + "}",
		"a number":   `,"expires_in":` + strings.Repeat("9", n) + "}",
		"a fraction": `,"expires_in":0.` + strings.Repeat("0", n) + "1}",
		"escapes":    `,"error_description":"` + strings.Repeat(`\u2028`, n/10) + `"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			under(t, func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.WriteString(w, good("http://"+r.Host, r.URL.Path)+bomb)
			}, func(t *testing.T, err error) {
				t.Helper()
				if err != nil && len(err.Error()) > 1000 {
					t.Errorf("the error has %d bytes", len(err.Error()))
				}
			})
		})
	}
}

// TestAttackHugeKey signs with a key that takes minutes to compute with, however soon the caller gives
// up. The signature tells its size.
func TestAttackHugeKey(t *testing.T) {
	t.Parallel()
	i, c := newIssuer(t)
	part := base64.RawURLEncoding.EncodeToString
	for bits, asked := range map[int]bool{8192: true, 8200: false, 1 << 22: false} {
		before := i.requests("/keys")
		i.sign = func(claims []byte) string {
			return part([]byte(`{"alg":"RS256","kid":"key-1"}`)) + "." + part(claims) + "." + part(make([]byte, bits/8))
		}
		_, err := c.Exchange(t.Context(), grant())
		if e := failed(t, err); e.Code != "unverified_id_token" {
			t.Errorf("%d bits: %v", bits, err)
		}
		if (i.requests("/keys") > before) != asked {
			t.Errorf("%d bits: the issuer's keys were asked for: %t, want %t", bits, !asked, asked)
		}
	}
}

// TestAttackManyKeys has an issuer with more keys than one would try.
func TestAttackManyKeys(t *testing.T) {
	t.Parallel()
	i, c := newIssuer(t)
	many := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		one, err := jose.JSONWebKey{Key: i.key.Public(), KeyID: "key-1", Algorithm: "RS256", Use: "sig"}.MarshalJSON()
		if err != nil {
			t.Error(err)
		}
		_, _ = io.WriteString(w, `{"keys":[`+strings.Repeat(string(one)+",", 1000)+string(one)+"]}")
	}))
	t.Cleanup(many.Close)
	c.Provider.JWKSURL = many.URL
	_, err := c.Exchange(t.Context(), grant())
	if e := failed(t, err); e.Code != "unverified_id_token" {
		t.Errorf("got %v", err)
	}
}

// TestAttackAccountOfAnother has a provider answer with another's account, where the ID token says
// whose it is.
func TestAttackAccountOfAnother(t *testing.T) {
	t.Parallel()
	i, c := newIssuer(t)
	tok, err := c.Exchange(t.Context(), grant())
	if err != nil {
		t.Fatal(err)
	}
	for _, answer := range []string{
		`{"sub":"1002"}`, `{"sub":"1001 "}`, `{"sub":1001.0}`, `{"sub":["1001"]}`, `{"SUB":"1001"}`, `{"sub":"1001","sub":"1002"}`, `{"sub":null}`, `{}`,
	} {
		i.userinfo = answer
		if got, err := c.Identity(t.Context(), tok); err == nil {
			t.Errorf("%s is taken for the account %q", answer, got.Subject)
		}
	}
}

// TestAttackMoreScopes has a refresh grant what the person did not.
func TestAttackMoreScopes(t *testing.T) {
	t.Parallel()
	for _, scope := range []string{`"read admin"`, `["read","admin"]`, `"admin read admin"`, `"READ read"`} {
		c, _ := serve(t, says(http.StatusOK, `{"access_token":"fake","scope":`+scope+`}`))
		next, err := c.Refresh(t.Context(), stored(t, `,"scope":"read"`))
		if err != nil {
			t.Fatal(err)
		}
		merged, err := stored(t, `,"scope":"read"`).Merge(next)
		if err != nil || strings.Join(merged.Scopes, " ") != "read" {
			t.Errorf("%s: the scopes are %q, %v", scope, merged.Scopes, err)
		}
	}
}

// TestAttackNoIDToken has a provider leave out the ID token, in which the login's nonce would be.
func TestAttackNoIDToken(t *testing.T) {
	t.Parallel()
	i, c := newIssuer(t)
	i.sign = nil
	g := grant()
	g.Scopes = []string{"openid"}
	tok, err := c.Exchange(t.Context(), g)
	if err == nil {
		t.Fatalf("accepted: %v", tok)
	}
	if e := failed(t, err); e.Code != "unverified_id_token" {
		t.Errorf("got %v", err)
	}
}
