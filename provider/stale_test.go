package provider_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"testing"

	"github.com/waltz-oauth/waltz/provider"
)

// pool is a transport whose first connections died while nobody used them.
type pool struct {
	dead    int  // how many
	new     bool // they are none from the pool
	reads   bool // it notices only after it has begun to send
	tried   int
	arrived []string // bodies
}

func (p *pool) RoundTrip(r *http.Request) (*http.Response, error) {
	p.tried++
	if trace := httptrace.ContextClientTrace(r.Context()); trace != nil && trace.GotConn != nil {
		trace.GotConn(httptrace.GotConnInfo{Reused: !p.new})
	}
	if p.tried <= p.dead {
		if p.reads {
			_, _ = io.ReadAll(r.Body)
		}
		return nil, errors.New("the connection is dead")
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	p.arrived = append(p.arrived, string(body))
	return &http.Response{
		StatusCode: http.StatusOK, Header: make(http.Header), Request: r,
		Body: io.NopCloser(strings.NewReader(`{"access_token":"fake-access","token_type":"bearer"}`)),
	}, nil
}

func TestADeadConnectionOfThePoolCostsNoLogin(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		pool  pool
		tried int
		kind  provider.Kind // where it fails
		fails bool
	}{
		"one dead":          {pool{dead: 1}, 2, 0, false},
		"the next one, too": {pool{dead: 2}, 2, provider.Unsent, true},
		"a new one":         {pool{dead: 1, new: true}, 1, provider.Unsent, true},
		"after a byte":      {pool{dead: 1, reads: true}, 1, provider.Doubtful, true},
		"none":              {pool{}, 1, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := &provider.Client{
				Provider: provider.Provider{Name: "p", AuthorizationURL: "https://p.example/a", TokenURL: "https://p.example/token"},
				ID:       "fake-id", HTTP: &http.Client{Transport: &tt.pool},
			}
			_, err := c.Exchange(t.Context(), provider.Grant{Code: "fake-code"})
			if e, ok := errors.AsType[*provider.Error](err); ok != tt.fails || ok && e.Kind != tt.kind {
				t.Errorf("got %v", err)
			}
			if tt.pool.tried != tt.tried || len(tt.pool.arrived) > 1 || !tt.fails && !strings.Contains(tt.pool.arrived[0], "fake-code") {
				t.Errorf("tried %d times, %d arrived", tt.pool.tried, len(tt.pool.arrived))
			}
		})
	}
}
