package provider_test

import (
	"net/http"
	"net/http/httptest"
	"reflect"
	"testing"

	"github.com/waltz-oauth/waltz/provider"
)

func TestDiscoverFillsAProvider(t *testing.T) {
	t.Parallel()
	i, _ := newIssuer(t)
	i.metadata["authorization_response_iss_parameter_supported"] = true
	i.metadata["id_token_signing_alg_values_supported"] = []string{"none", "HS256", "RS256", "ES256"}
	i.metadata["scopes_supported"] = []string{"openid", "email", "phone"}
	host := i.url[len("http://"):]
	want := provider.Provider{
		Name: "127-0-0-1", DisplayName: "127.0.0.1",
		AuthorizationURL: i.url + "/authorize", TokenURL: i.url + "/token",
		Scopes: []string{"openid", "email"}, APIHosts: []string{host},
		Userinfo:   provider.Userinfo{URL: i.url + "/userinfo"},
		Revocation: provider.Revocation{URL: i.url + "/revoke"},
		Issuer:     i.url, JWKSURL: i.url + "/keys", SigningAlgs: []string{"RS256", "ES256"}, IssParameter: true,
	}
	got, err := provider.Discover(t.Context(), nil, i.url)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
}

func TestDiscoverReadsHowClientsBehave(t *testing.T) {
	t.Parallel()
	i, _ := newIssuer(t)
	for name, tt := range map[string]struct {
		auth, challenges []string
		want             provider.ClientAuth
		pkce             provider.PKCE
	}{
		"unsaid":      {nil, nil, provider.Basic, provider.S256},
		"both":        {[]string{"client_secret_post", "client_secret_basic"}, []string{"plain", "S256"}, provider.Basic, provider.S256},
		"body":        {[]string{"client_secret_post"}, []string{"plain"}, provider.Body, provider.NoPKCE},
		"public only": {[]string{"none"}, nil, provider.Basic, provider.S256},
	} {
		i.metadata["token_endpoint_auth_methods_supported"] = tt.auth
		i.metadata["code_challenge_methods_supported"] = tt.challenges
		p, err := provider.Discover(t.Context(), nil, i.url)
		if err != nil || p.ClientAuth != tt.want || p.PKCE != tt.pkce {
			t.Errorf("%s: got %d %d, %v", name, p.ClientAuth, p.PKCE, err)
		}
	}
}

func TestDiscoverRefusesWhatIsNotTheIssuers(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		metadata map[string]any
		suffix   string
		kind     provider.Kind
	}{
		"another issuer":    {map[string]any{"issuer": "https://evil.example"}, "", provider.Misconfigured},
		"a slash too many":  {nil, "/", provider.Misconfigured},
		"no issuer":         {map[string]any{"issuer": ""}, "", provider.Misconfigured},
		"no token endpoint": {map[string]any{"token_endpoint": ""}, "", provider.Misconfigured},
		"plain http":        {map[string]any{"token_endpoint": "http://provider.example/token"}, "", provider.Misconfigured},
		"JWT clients only":  {map[string]any{"token_endpoint_auth_methods_supported": []string{"private_key_jwt"}}, "", provider.Misconfigured},
		"nonsense":          {map[string]any{"issuer": 7}, "", provider.Doubtful},
		"no such issuer":    {nil, "/tenant", provider.Misconfigured},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i, _ := newIssuer(t)
			for member, value := range tt.metadata {
				i.metadata[member] = value
			}
			p, err := provider.Discover(t.Context(), nil, i.url+tt.suffix)
			if err == nil {
				t.Fatalf("accepted: %+v", p)
			}
			if e := failed(t, err); e.Op != "discover" || e.Kind != tt.kind || !reflect.DeepEqual(p, provider.Provider{}) {
				t.Errorf("got %v", err)
			}
		})
	}
	if _, err := provider.Discover(t.Context(), nil, "http://provider.example"); err == nil {
		t.Error("an issuer that is not https was asked")
	}
}

func TestDiscoveryIsNotRedirected(t *testing.T) {
	t.Parallel()
	i, _ := newIssuer(t)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, i.url+r.URL.Path, http.StatusFound)
	}))
	t.Cleanup(s.Close)
	i.metadata["issuer"] = s.URL
	_, err := provider.Discover(t.Context(), nil, s.URL)
	if e := failed(t, err); e.Status != http.StatusFound {
		t.Errorf("got %v", err)
	}
}
