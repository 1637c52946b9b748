package token_test

import (
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/token"
)

// Flask-Dance 6.2.0 wrote these: what it stored, whether Python's text is JSON at all, and when the
// token expires where it was told a lifetime.
func TestWhatFlaskDanceWroteIsReadAndWrittenBack(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/flaskdance.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct {
		Name    string
		Text    string
		JSON    bool
		Expires time.Time
	}
	if err := json.Unmarshal(data, &vectors); err != nil {
		t.Fatal(err)
	}
	if len(vectors) < 50 {
		t.Fatalf("there are %d vectors", len(vectors))
	}
	for _, v := range vectors {
		var tok token.Token
		err := tok.UnmarshalJSON([]byte(v.Text))
		if refuse := !v.JSON || v.Text == "null"; (err != nil) != refuse {
			t.Errorf("%s: got %v", v.Name, err)
			continue
		} else if refuse {
			continue
		}
		if got, want := written(t, &tok), compact(t, v.Text); got != want {
			t.Errorf("%s: got %s, want %s", v.Name, got, want)
		}
		var fields struct {
			Access    *string  `json:"access_token"`
			Access1   *string  `json:"oauth_token"`
			ExpiresAt *float64 `json:"expires_at"`
		}
		if err := json.Unmarshal([]byte(v.Text), &fields); err != nil {
			t.Fatal(err)
		}
		for _, access := range []*string{fields.Access, fields.Access1} {
			if access != nil && tok.AccessToken != *access {
				t.Errorf("%s: the access token is %q, want %q", v.Name, tok.AccessToken, *access)
			}
		}
		if tok.Expiry.IsZero() != (fields.ExpiresAt == nil) {
			t.Errorf("%s: expires %v", v.Name, tok.Expiry)
		}
		if fields.ExpiresAt != nil && tok.Expiry.UnixMicro() != time.UnixMicro(int64(*fields.ExpiresAt*1e6+0.5)).UnixMicro() {
			t.Errorf("%s: expires %v, want %f", v.Name, tok.Expiry, *fields.ExpiresAt)
		}
		if !v.Expires.IsZero() && !tok.Expiry.Equal(v.Expires) {
			t.Errorf("%s: expires %v, want %v", v.Name, tok.Expiry, v.Expires)
		}
	}
}
