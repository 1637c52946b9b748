package provider_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/waltz-oauth/waltz/provider"
)

// refusing is a transport that answers everything with a refusal of that code.
type refusing string

func (code refusing) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusBadRequest, Header: make(http.Header), Request: r,
		Body: io.NopCloser(strings.NewReader(`{"error":"` + string(code) + `"}`)),
	}, nil
}

func TestPushTellsWhatIsWrong(t *testing.T) {
	t.Parallel()
	c := &provider.Client{
		Provider: provider.Provider{Name: "p", AuthorizationURL: "https://p.example/a", TokenURL: "https://p.example/t", PushURL: "https://p.example/push"},
		ID:       "fake-id", HTTP: &http.Client{Transport: refusing("login_required")},
	}
	_, err := c.Push(t.Context(), "https://p.example/a?prompt=login&state=fake-state")
	if e, ok := errors.AsType[*provider.Error](err); !ok || e.Code != "login_required" {
		t.Errorf("the code is not what the provider said: %v", err)
	}
	_, err = c.Push(t.Context(), "https://p.example/a?resource=a&resource=b")
	if e, ok := errors.AsType[*provider.Error](err); !ok || e.Kind != provider.Misconfigured {
		t.Errorf("a parameter that comes twice: %v", err)
	}
}

func TestSecretThatIsNoKeyIsFoundBeforeALogin(t *testing.T) {
	t.Parallel()
	p := provider.Provider{ClientAuth: provider.SecretJWT}
	if err := (&provider.Client{Provider: p, Secret: "not a key"}).CheckSecret(); err == nil || strings.Contains(err.Error(), "not a key") {
		t.Errorf("got %v", err)
	}
}
