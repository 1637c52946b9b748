package provider_test

import (
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/waltz-oauth/waltz/provider"
)

// facts is what testdata/providers.json says of a provider: what was read of it elsewhere, with the
// sources, and what the presets are held against.
type facts struct {
	Name          string
	Status        string
	Protocol      string
	Issuer        string
	Authorization struct {
		Params map[string]string
		Omit   []string
		Rename map[string]string
	}
	AuthorizationURL string   `json:"authorization_url"`
	RequestTokenURL  string   `json:"request_token_url"`
	TokenURL         string   `json:"token_url"`
	RefreshURL       string   `json:"refresh_url"`
	BaseURL          string   `json:"base_url"`
	TokenHosts       []string `json:"token_hosts"`
	DefaultScopes    []string `json:"default_scopes"`
	LoginScopes      []string `json:"login_scopes"`
	ScopeSeparator   string   `json:"scope_separator"`
	Parameters       []struct{ Name, Default string }
	TokenRequest     struct {
		Method, Format string
		ClientAuth     string `json:"client_auth"`
		Headers        map[string]string
		Params         map[string]string
		Rename         map[string]string
		Omit           []string
	} `json:"token_request"`
	TokenResponse struct {
		Format    string
		WrappedAt string `json:"wrapped_at"`
		Extras    []string
	} `json:"token_response"`
	PKCE struct{ Support, Method string }
	API  struct {
		Scheme, Placement string
		Headers           map[string]string
	}
	Offline struct {
		How   string
		Value any
	}
	RefreshToken struct {
		Issued  any
		Rotates string
		Params  map[string]string
	} `json:"refresh_token"`
	Userinfo *struct {
		Source, URL, Method string
		Query, Headers      map[string]string
		Body                any
		ID, Name, Email     string
		EmailLookup         *struct{ URL string } `json:"email_lookup"`
	}
	Revocation *struct {
		URL, Method string
		ClientAuth  string `json:"client_auth"`
		TokenParam  string `json:"token_param"`
		Params      map[string]string
	}
	Quirks []string
}

func allFacts(t *testing.T) map[string]facts {
	t.Helper()
	b, err := os.ReadFile("testdata/providers.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []facts
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	byName := make(map[string]facts, len(all))
	for _, f := range all {
		byName[strings.ReplaceAll(f.Name, "_", "-")] = f
	}
	return byName
}

// sample is what the tests fill in where a program names its own server.
var sample = map[string]string{
	"base": "https://own.example/sub", "host": "own.example", "domain": "own.example", "tenant": "tenant-1", "realm": "realm-1",
	"application": "application-1", "region": "region-1", "pool": "pool_1", "server": "server-1", "tld": "eu", "account": "4711",
	"store": "store-1", "environment": "environment-1", "subdomain": "own", "userAgent": "app (mail@own.example)", "appName": "App",
}

// parameters are the names that presets have for the parameters of the facts, where they differ.
var parameters = map[string]string{
	"app_name": "appName", "base_url": "base", "hostname": "host", "user_pool_id": "pool", "store_hash": "store", "account_id": "account", "environment_id": "environment",
}

// preset is the one with the sample filled in.
func preset(t *testing.T, p provider.Preset) provider.Provider {
	t.Helper()
	params := make([]string, len(p.Params))
	for i, name := range p.Params {
		if params[i] = sample[name]; params[i] == "" {
			t.Fatalf("%s: there is no sample of %s", p.Name, name)
		}
	}
	return p.New(params)
}

// filled is an address of the facts with the sample filled in.
func filled(address string) string {
	return regexp.MustCompile(`\{[a-z_]+\}`).ReplaceAllStringFunc(address, func(name string) string {
		name = strings.Trim(name, "{}")
		if own := parameters[name]; own != "" {
			name = own
		}
		if s := sample[name]; s != "" {
			return s
		}
		return "{" + name + "}"
	})
}

func (f facts) scopes() []string {
	if slices.Contains(f.Authorization.Omit, "scope") || f.Name == "slack" { // what is known of Slack is of its first flow
		return nil
	}
	all := f.LoginScopes
	if all == nil {
		all = f.DefaultScopes
	}
	if s, ok := f.Offline.Value.(string); ok && f.Offline.How == "scope" && !slices.Contains(all, s) {
		all = append(slices.Clone(all), s)
	}
	return all
}

// loginParams are those that the provider needs with each login.
func (f facts) loginParams() map[string]string {
	all := make(map[string]string)
	for name, value := range f.Authorization.Params {
		all[name] = filled(value)
	}
	if more, ok := f.Offline.Value.(map[string]any); ok && f.Offline.How == "authorization_param" {
		for name, value := range more {
			all[name], _ = value.(string)
		}
	}
	return all
}

func TestEveryPresetIsValidAndKnown(t *testing.T) {
	t.Parallel()
	known := allFacts(t)
	var last string
	for _, p := range provider.Presets() {
		made := preset(t, p)
		if err := made.Validate(); err != nil {
			t.Error(err)
		}
		if _, ok := known[p.Name]; !ok || made.Name != p.Name || made.DisplayName == "" || p.Name <= last {
			t.Errorf("%s is called %s, %q, and comes after %s", p.Name, made.Name, made.DisplayName, last)
		}
		last = p.Name
	}
}

func TestEveryPresetSaysWhatIsKnown(t *testing.T) {
	t.Parallel()
	known := allFacts(t)
	for _, p := range provider.Presets() {
		f, made := known[p.Name], preset(t, p)
		equal := func(what, got, want string) {
			t.Helper()
			if got != want {
				t.Errorf("%s: %s is %q, known is %q", p.Name, what, got, want)
			}
		}
		equal("authorization", made.AuthorizationURL, filled(f.AuthorizationURL))
		equal("request token", made.RequestTokenURL, filled(f.RequestTokenURL))
		equal("token", made.TokenURL, filled(f.TokenURL))
		equal("refresh", made.RefreshURL, filled(f.RefreshURL))
		equal("scopes", strings.Join(made.Scopes, " "), strings.Join(f.scopes(), " "))
		if want := f.loginParams(); !maps.Equal(made.AuthorizationParams, want) && len(made.AuthorizationParams)+len(want) > 0 {
			t.Errorf("%s: login parameters are %v, known are %v", p.Name, made.AuthorizationParams, want)
		}
		if made.APIBase != "" && !strings.HasPrefix(strings.TrimSuffix(filled(f.BaseURL), "/")+"/", made.APIBase) {
			t.Errorf("%s: API base is %s, known is %s", p.Name, made.APIBase, filled(f.BaseURL))
		}
		if made.Issuer != "" {
			equal("issuer", made.Issuer, filled(f.Issuer))
		}
		for _, host := range made.APIHosts {
			if !slices.ContainsFunc(f.TokenHosts, func(h string) bool { return strings.TrimPrefix(filled(h), "https://") == host }) {
				t.Errorf("%s: %s may see the token, and is not known", p.Name, host)
			}
		}
		if made.Revocation.URL != "" && f.Revocation == nil {
			t.Errorf("%s: its revocation is not known", p.Name)
		}
		if made.Userinfo.URL == "" && !made.Userinfo.FromToken && f.Userinfo != nil && f.Userinfo.ID != "" && !unasked[p.Name] {
			t.Errorf("%s: whose account it is can be known", p.Name)
		}
		if made.Revocation.URL == "" && f.Revocation != nil && !unrevoked[p.Name] {
			t.Errorf("%s: how it revokes is known", p.Name)
		}
	}
}

// Presets that leave out what is known, because it cannot be said or would put a token into an address.
var (
	unasked   = map[string]bool{"hubspot": true, "etsy": true, "stripe": true, "todoist": true}
	unrevoked = map[string]bool{"hubspot": true, "zoho": true, "stripe": true, "calendly": true, "osm": true, "miro": true} // the last want the client to authenticate otherwise there, or nobody has read how
)

func TestAPresetWithoutItsPartsIsInvalid(t *testing.T) {
	t.Parallel()
	for _, p := range provider.Presets() {
		for i, name := range p.Params {
			if name == "userAgent" {
				continue
			}
			params := make([]string, len(p.Params))
			for j, other := range p.Params {
				params[j] = sample[other]
			}
			for _, bad := range []string{"evil.example/x?", "https://a@evil.example/?x", "x#y"} {
				params[i] = bad
				if made := p.New(params); made.Validate() == nil && strings.Contains(made.TokenURL, "evil.example/x") {
					t.Errorf("%s with %s %q leads to %s", p.Name, name, bad, made.TokenURL)
				}
			}
		}
	}
	if err := provider.Keycloak("https://own.example", "").Validate(); err == nil {
		t.Error("a realm that was not named is one")
	}
}
