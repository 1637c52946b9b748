package provider_test

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/internal/facts"
	"github.com/waltz-oauth/waltz/provider"
)

func allFacts(t *testing.T) map[string]facts.Provider {
	t.Helper()
	all, err := facts.All()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// sample is what the tests fill in where a program names its own server.
var sample = map[string]string{
	"base": "https://own.example/sub", "host": "own.example", "domain": "own.example", "tenant": "tenant-1", "realm": "realm-1",
	"application": "application-1", "region": "region-1", "pool": "pool_1", "server": "server-1", "tld": "eu", "account": "4711",
	"store": "store-1", "environment": "environment-1", "team": "team-1", "key": "key-1", "ruName": "Waltz-Waltz-ru-1", "shop": "own", "version": "24.0", "appName": "App",
	"subdomain": "own", "userAgent": "app (mail@own.example)",
}

// parameters are the names that presets have for the parameters of the facts, where they differ.
var parameters = map[string]string{
	"app_name": "appName", "base_url": "base", "hostname": "host", "user_pool_id": "pool", "store_hash": "store", "account_id": "account", "environment_id": "environment", "ru_name": "ruName", "issuer": "base",
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
	values := maps.Clone(sample)
	for known, own := range parameters {
		values[known] = sample[own]
	}
	return facts.Fill(address, values)
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
		if f.RefreshToken.URL != "" {
			equal("prolonging", made.Prolong.URL, f.RefreshToken.URL)
		} else {
			equal("refresh", made.RefreshURL, filled(f.RefreshURL))
		}
		equal("scopes", strings.Join(made.Scopes, " "), strings.Join(f.Scopes(), " "))
		if want := f.LoginParams(filled); !maps.Equal(made.AuthorizationParams, want) && len(made.AuthorizationParams)+len(want) > 0 {
			t.Errorf("%s: login parameters are %v, known are %v", p.Name, made.AuthorizationParams, want)
		}
		base := regexp.MustCompile(`\{token\.[a-z0-9_/]*\b([A-Za-z_]+)\}`).ReplaceAllString(made.APIBase, "{$1}")
		if base != "" && !strings.HasPrefix(strings.TrimSuffix(filled(f.BaseURL), "/")+"/", base) {
			t.Errorf("%s: API base is %s, known is %s", p.Name, made.APIBase, filled(f.BaseURL))
		}
		if made.Issuer != "" {
			equal("issuer", made.Issuer, filled(f.Issuer))
		}
		if made.ErrorAt+made.DeadGrant+f.TokenResponse.ErrorAt != "" {
			equal("place of an error", made.ErrorAt, f.TokenResponse.ErrorAt)
			equal("code of a dead grant", cmp.Or(made.DeadGrant, "invalid_grant"), f.TokenResponse.Dead)
		}
		if made.TokenAt != "" {
			equal("place of the token", made.TokenAt, f.TokenResponse.WrappedAt)
		}
		if idle := made.RefreshIdle; idle != 0 && idle != time.Duration(f.RefreshToken.Lifetime)*time.Second {
			t.Errorf("%s: an unused grant ends after %s, known is %ds", p.Name, idle, f.RefreshToken.Lifetime)
		}
		if f.Userinfo != nil {
			equal("place of the picture", made.Userinfo.Picture, f.Userinfo.Picture)
		}
		for _, host := range made.APIHosts {
			if !slices.ContainsFunc(f.TokenHosts, func(h string) bool { return strings.TrimPrefix(filled(h), "https://") == host }) {
				t.Errorf("%s: %s may see the token, and is not known", p.Name, host)
			}
		}
		if made.Revocation.URL != "" && f.Revocation == nil {
			t.Errorf("%s: its revocation is not known", p.Name)
		}
		if made.Userinfo.URL == "" && !made.Userinfo.FromToken && made.Issuer == "" && f.Userinfo != nil && f.Userinfo.ID != "" && !unasked[p.Name] {
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
