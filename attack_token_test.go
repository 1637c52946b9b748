package waltz_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz"
	"github.com/waltz-oauth/waltz/provider"
	"github.com/waltz-oauth/waltz/storage/memstore"
	"github.com/waltz-oauth/waltz/token"
)

// What follows would have a token sent to where it is not for, and must get nowhere.

// network answers in the place of every host there is, and notes where a token came.
type network struct {
	nameless  bool              // answers do not say what they answer
	redirects map[string]string // address: where it leads

	mu    sync.Mutex
	asked []string // addresses
	told  []string // those of them that a token came to
}

func (n *network) RoundTrip(r *http.Request) (*http.Response, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	at := r.URL.String()
	n.asked = append(n.asked, at)
	for _, values := range r.Header {
		if strings.Contains(strings.Join(values, " "), "fake-") {
			n.told = append(n.told, at)
		}
	}
	resp := &http.Response{StatusCode: http.StatusOK, Header: make(http.Header), Body: io.NopCloser(strings.NewReader("")), Request: r}
	if n.nameless {
		resp.Request = nil
	}
	if to, leads := n.redirects[at]; leads {
		resp.StatusCode = http.StatusTemporaryRedirect
		resp.Header.Set("Location", to)
	}
	return resp, nil
}

// caller is a client whose requests carry a token for the provider at api.example.
func caller(t *testing.T, n *network) *http.Client {
	t.Helper()
	app, err := waltz.New(waltz.Config{
		Secret: fakeSecret, Storage: memstore.New(), HTTPClient: &http.Client{Transport: n},
		User: currentUser,
	})
	if err != nil {
		t.Fatal(err)
	}
	consumer, err := app.Register(waltz.Registration{ClientID: "id", Public: true, Provider: provider.Provider{
		Name: "test", AuthorizationURL: "https://example/authorize", TokenURL: "https://example/token",
		APIBase: "https://api.example/v1/", APIHosts: []string{"files.example:8443", "127.0.0.1:8080"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	ctx := waltz.WithUser(t.Context(), "ada")
	if err := consumer.Save(ctx, &token.Token{AccessToken: "fake-access-token", Expiry: time.Now().Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	return consumer.Client(ctx)
}

// strangers are addresses that look like one of the provider's, and are not.
func strangers() []string {
	return []string{
		"https://api.example.evil/", "https://evil.api.example/", "https://xapi.example/", "https://api-example/", "https://api.exampl/",
		"https://example/", "https://api.example.:443/", "https://api.example./", "https://api.example..evil/", "https://api.example%C2%ADevil/",
		"http://api.example/", "http://api.example:443/", "https://api.example:80/", "https://api.example:8443/", "https://api.example:0443/",
		"https://api.example:4430/", "https://files.example/", "https://files.example:443/", "http://files.example:8443/",
		"https://api.example@evil.example/", "https://api.example:443@evil.example/", "https://me@api.example/", "https://me:pass@api.example/",
		"https://\u0430pi.example/", "https://api.ex\u00adample/", "https://api\u3002example/", "https://\uff41pi.example/", "https://xn--pi-7kc.example/",
		"http://127.0.0.1/", "http://127.0.0.1:8081/", "http://localhost:8080/", "http://[::1]:8080/", "http://[::ffff:127.0.0.1]:8080/", "http://127.1:8080/",
		"http://2130706433:8080/", "http://0x7f000001:8080/", "http://0.0.0.0:8080/", "http://127.0.0.1.evil.example:8080/", "http://169.254.169.254/",
	}
}

func TestAttackTokenForAStranger(t *testing.T) {
	t.Parallel()
	n := &network{}
	c := caller(t, n)
	for _, address := range strangers() {
		resp, err := c.Do(request(t, http.MethodGet, address, ""))
		if err == nil {
			_ = resp.Body.Close()
		}
		if !errors.Is(err, waltz.ErrHost) {
			t.Errorf("%s: %v, want ErrHost", address, err)
		}
	}
	if len(n.asked) != 0 {
		t.Errorf("asked %q", n.asked)
	}
}

// TestAttackTokenLeakedByRedirect has the API send the client on: to strangers, and through one of them
// back to itself, where another has chosen what is asked.
func TestAttackTokenLeakedByRedirect(t *testing.T) {
	t.Parallel()
	for _, nameless := range []bool{false, true} {
		for _, address := range strangers() {
			n := &network{nameless: nameless, redirects: map[string]string{
				"https://api.example/v1/start":                       address,
				request(t, http.MethodGet, address, "").URL.String(): "https://api.example/v1/delete-everything",
			}}
			for _, start := range []string{"start", "https://api.example/v1/start"} {
				n.asked, n.told = nil, nil
				r := request(t, http.MethodPost, start, "")
				r.Header.Set("Authorization", "Bearer fake-token-that-the-program-has-set")
				resp, err := caller(t, n).Do(r)
				if err == nil {
					_ = resp.Body.Close()
				}
				if len(n.told) != 1 || n.told[0] != "https://api.example/v1/start" {
					t.Errorf("by way of %s a token came to %q", address, n.told)
				}
				if len(n.asked) < 2 && err == nil {
					t.Errorf("%s: only %q was asked", address, n.asked)
				}
			}
		}
	}
}

// TestTheTokenFollowsTheProvidersOwnRedirects keeps the tests above from passing because nothing is sent.
func TestTheTokenFollowsTheProvidersOwnRedirects(t *testing.T) {
	t.Parallel()
	for _, nameless := range []bool{false, true} {
		n := &network{nameless: nameless, redirects: map[string]string{
			"https://api.example/v1/a":     "/v2/b",
			"https://api.example/v2/b":     "https://files.example:8443/c",
			"https://files.example:8443/c": "http://127.0.0.1:8080/d",
		}}
		resp, err := caller(t, n).Do(request(t, http.MethodGet, "a", ""))
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if len(n.asked) != 4 || len(n.told) != 4 {
			t.Errorf("asked %q, and a token came to %q", n.asked, n.told)
		}
	}
}
