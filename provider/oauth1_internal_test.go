package provider

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/waltz-oauth/waltz/token"
)

// The text that RFC 5849 section 3.4.1.1 has signed.
func TestTheBaseStringIsThatOfTheRFC(t *testing.T) {
	t.Parallel()
	u, err := url.Parse("http://EXAMPLE.COM:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b")
	if err != nil {
		t.Fatal(err)
	}
	got, err := baseString("POST", u, "c2&a3=2+q", map[string]string{
		"oauth_consumer_key": "9djdj82h48djs9d2", "oauth_token": "kkk9d7dh3k39sjv7", "oauth_signature_method": "HMAC-SHA1",
		"oauth_timestamp": "137131201", "oauth_nonce": "7d8f3e4a",
	})
	want := "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D%26c2%3D%26" +
		"oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1%26" +
		"oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
	if err != nil || got != want {
		t.Errorf("got  %s\nwant %s, %v", got, want, err)
	}
}

// Two signatures of RFC 5849 section 1.2.
func TestTheSignaturesAreThoseOfTheRFC(t *testing.T) {
	t.Parallel()
	c := &Client{Secret: "kd94hf93k423kf44"}
	s, err := c.signer()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		method, url string
		secret      string
		params      map[string]string
		want        string
	}{
		{"POST", "https://photos.example.net/token", "hdhd0244k9j7ao03", map[string]string{
			"oauth_timestamp": "137131201", "oauth_nonce": "walatlh", "oauth_token": "hh5s93j4hdidpola", "oauth_verifier": "hfdp7dh39dks9884",
		}, "gKgrFCywp7rO0OXSjdot/IHF7IU="},
		{"GET", "http://photos.example.net/photos?file=vacation.jpg&size=original", "pfkkdhi9sl3r4s00", map[string]string{
			"oauth_timestamp": "137131202", "oauth_nonce": "chapoH", "oauth_token": "nnch734d00sl2jdk",
		}, "MdpQcU8iPSUjWoN/UDMsK2sui9I="},
	} {
		tt.params["oauth_consumer_key"], tt.params["oauth_signature_method"] = "dpf43f3p2l4k3l03", "HMAC-SHA1"
		u, err := url.Parse(tt.url)
		if err != nil {
			t.Fatal(err)
		}
		base, err := baseString(tt.method, u, "", tt.params)
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Sign(tt.secret, base)
		if err != nil || got != tt.want {
			t.Errorf("%s: got %s, want %s, %v", tt.url, got, tt.want, err)
		}
	}
}

func TestTheBaseURIIsInOneSpelling(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"HTTP://EXAMPLE.com:80/r%20v/X?id=123":     "http://example.com/r%20v/X", // section 3.4.1.2
		"https://www.example.net:8080/?q=1":        "https://www.example.net:8080/",
		"https://www.example.net:443":              "https://www.example.net/",
		"https://www.example.net:80/":              "https://www.example.net:80/",
		"http://[::1]:443/a":                       "http://[::1]:443/a",
		"https://www.example.net/a%2Fb/%C3%A9;x=1": "https://www.example.net/a%2Fb/%C3%A9;x=1",
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if got := baseURI(u); got != want {
			t.Errorf("%s is %s, want %s", address, got, want)
		}
	}
}

func TestABodyIsSignedIfItIsAForm(t *testing.T) {
	t.Parallel()
	plain := func(body string) *http.Request {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://api.example/", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	for kind, want := range map[string]string{
		formType:                             "a=1",
		formType + "; charset=utf-8":         "a=1",
		"Application/X-WWW-Form-Urlencoded":  "a=1",
		"application/json":                   "",
		"multipart/form-data; boundary=x":    "",
		"":                                   "",
		"application/x-www-form-urlencoded;": "a=1",
	} {
		for _, again := range []bool{true, false} {
			r := plain("a=1")
			if !again {
				r.GetBody = nil
			}
			r.Header.Set("Content-Type", kind)
			got, err := formOf(r)
			if err != nil || got != want {
				t.Errorf("%q: the form is %q, %v", kind, got, err)
			}
			left, err := io.ReadAll(r.Body)
			if err != nil || string(left) != "a=1" {
				t.Errorf("%q: of the body %q is left, %v", kind, left, err)
			}
			if want != "" && !again && (r.GetBody == nil || r.ContentLength != 3) {
				t.Errorf("%q: the body cannot be had again", kind)
			}
		}
	}
}

func TestWhatCannotBeSignedIsAnError(t *testing.T) {
	t.Parallel()
	c := &Client{Provider: Provider{RequestTokenURL: "https://fake.example/request"}, Secret: "fake-client-secret"}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://api.example/?a=%zz", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Sign(r, &token.Token{AccessToken: "fake-access", Secret: "fake-token-secret"}); err == nil || strings.Contains(err.Error(), "fake-") {
		t.Errorf("it is %v", err)
	}
}
