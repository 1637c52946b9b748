package provider_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/waltz-oauth/waltz/provider"
)

func TestPresetsAreValid(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]provider.Provider{
		"github":     provider.GitHub(),
		"enterprise": provider.GitHubEnterprise("git.example.org"),
		"google":     provider.Google(),
		"gitlab":     provider.GitLab(""),
		"own gitlab": provider.GitLab("git.example.org:8443"),
	} {
		if err := p.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if p.DisplayName == "" || len(p.Scopes) == 0 {
			t.Errorf("%s: no display name or scopes", name)
		}
	}
}

func TestAPresetTakesAHostAndNothingElse(t *testing.T) {
	t.Parallel()
	for _, host := range []string{"evil.example/x", "a@evil.example", "evil.example?x", "evil.example#x", "http://evil.example", " ", `evil.example\x`} {
		for _, p := range []provider.Provider{provider.GitLab(host), provider.GitHubEnterprise(host)} {
			if err := p.Validate(); err == nil {
				t.Errorf("%s with host %q is valid: %s", p.Name, host, p.TokenURL)
			}
		}
	}
}

func TestValidateSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*provider.Provider){
		"Name":                 func(p *provider.Provider) { p.Name = "Git Hub" },
		"Name: want":           func(p *provider.Provider) { p.Name = "" },
		"AuthorizationURL":     func(p *provider.Provider) { p.AuthorizationURL = "" },
		"TokenURL":             func(p *provider.Provider) { p.TokenURL = "" },
		"TokenURL: want https": func(p *provider.Provider) { p.TokenURL = "http://github.com/token" },
		"RefreshURL":           func(p *provider.Provider) { p.RefreshURL = "http://127.0.0.1.example.com/" },
		"want an absolute":     func(p *provider.Provider) { p.AuthorizationURL = "/authorize" },
		"without user":         func(p *provider.Provider) { p.TokenURL = "https://a:b@github.com/" },
		"fragment":             func(p *provider.Provider) { p.TokenURL = "https://github.com/#x" },
		"APIBase":              func(p *provider.Provider) { p.APIBase = "https://api.github.com" },
		"APIHosts":             func(p *provider.Provider) { p.APIHosts = []string{"https://api.github.com"} },
		"lower case":           func(p *provider.Provider) { p.APIHosts = []string{"API.github.com"} },
		"host:port":            func(p *provider.Provider) { p.APIHosts = []string{""} },
		"Userinfo.URL":         func(p *provider.Provider) { p.Userinfo.URL = "https://elsewhere.example/user" },
		"Userinfo.EmailsURL":   func(p *provider.Provider) { p.Userinfo.EmailsURL = "https://elsewhere.example/user" },
		"JSON pointers":        func(p *provider.Provider) { p.Userinfo.ID = "id" },
		"Revocation.URL":       func(p *provider.Provider) { p.Revocation.URL = "ftp://github.com" },
		"Revocation.Method":    func(p *provider.Provider) { p.Revocation.Method = "GET" },
		"Issuer":               func(p *provider.Provider) { p.Issuer = "github.com" },
		"JWKSURL":              func(p *provider.Provider) { p.JWKSURL = "http://github.com/keys" },
		"SigningAlgs":          func(p *provider.Provider) { p.SigningAlgs = []string{"HS256"} },
		"RefreshIdle":          func(p *provider.Provider) { p.RefreshIdle = -1 },
		"TokenAt":              func(p *provider.Provider) { p.TokenAt = "data" },
		"and ErrorAt":          func(p *provider.Provider) { p.ErrorAt = "message" },
		"APICredentials":       func(p *provider.Provider) { p.APICredentials = "OAuth" },
		"Userinfo.Method":      func(p *provider.Provider) { p.Userinfo.Method = "PUT" },
		"Userinfo.Body":        func(p *provider.Provider) { p.Userinfo.Body = "query { me }" },
		"FromToken":            func(p *provider.Provider) { p.Userinfo.FromToken = true },
		"is not among APIHosts": func(p *provider.Provider) {
			p.Revocation = provider.Revocation{URL: "https://elsewhere.example/", Bearer: true}
		},
		"PKCE":       func(p *provider.Provider) { p.PKCE = 7 },
		"ClientAuth": func(p *provider.Provider) { p.ClientAuth = 7 },
	} {
		p := provider.GitHub()
		change(&p)
		if err := p.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want a word about %s", err, want)
		}
	}
}

func TestMaySee(t *testing.T) {
	t.Parallel()
	p := provider.Provider{APIBase: "https://api.example.com/v1/", APIHosts: []string{"files.example.com", "127.0.0.1:8080", "[::1]:8080", "10.0.0.1:80"}}
	for address, want := range map[string]bool{
		"https://api.example.com/":          true,
		"https://API.Example.com/x?y":       true,
		"https://api.example.com:443/":      true,
		"https://files.example.com/":        true,
		"http://127.0.0.1:8080/":            true,
		"https://127.0.0.1:8080/":           true,
		"http://[::1]:8080/":                true,
		"http://api.example.com/":           false,
		"http://10.0.0.1:80/":               false,
		"https://api.example.com:8443/":     false,
		"https://example.com/":              false,
		"https://x.api.example.com/":        false,
		"https://api.example.com.evil.org/": false,
		"https://api.example.com./":         false,
		"https://u:p@api.example.com/":      false,
		"http://127.0.0.1/":                 false,
		"http://127.0.0.1:9090/":            false,
		"http://localhost:8080/":            false,
		"//api.example.com/":                false,
		"/relative":                         false,
		"":                                  false,
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if p.MaySee(u) != want {
			t.Errorf("%q: got %t", address, !want)
		}
	}
	if new(provider.Provider).MaySee(&url.URL{Scheme: "https"}) {
		t.Error("no host may see it")
	}
}
