package provider

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Validate returns an error that says which field is wrong, or nil. Addresses are https (RFC 6749
// sections 3.1, 3.2 and 10.3), save that http may lead to loopback, and those that an access token
// is sent to are on hosts that may see it.
func (p Provider) Validate() error {
	if !regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`).MatchString(p.Name) {
		return fmt.Errorf("provider %q: Name: want lower case letters, digits and dashes", p.Name)
	}
	for _, f := range []struct {
		name, url     string
		required, api bool
	}{
		{"AuthorizationURL", p.AuthorizationURL, true, false},
		{"PushURL", p.PushURL, false, false},
		{"DeviceURL", p.DeviceURL, false, false},
		{"TokenURL", p.TokenURL, true, false},
		{"RequestTokenURL", p.RequestTokenURL, false, false},
		{"RefreshURL", p.RefreshURL, false, false},
		{"APIBase", p.APIBase, false, true},
		{"Userinfo.URL", p.Userinfo.URL, false, true},
		{"Userinfo.EmailsURL", p.Userinfo.EmailsURL, false, true},
		{"Revocation.URL", p.Revocation.URL, false, p.Revocation.Bearer},
		{"LongLived.URL", p.LongLived.URL, false, false},
		{"Prolong.URL", p.Prolong.URL, false, false},
		{"Issuer", p.Issuer, false, false},
		{"JWKSURL", p.JWKSURL, false, false},
		{"EndSessionURL", p.EndSessionURL, false, false},
	} {
		if f.url == "" && !f.required || f.api && member.MatchString(f.url) { // Base and send look at what is made of it
			continue
		}
		u, err := endpoint(f.url)
		if err == nil && f.api && !p.MaySee(u) {
			err = fmt.Errorf("its host %q is not among APIHosts", u.Host)
		}
		if err != nil {
			return fmt.Errorf("provider %q: %s: %w", p.Name, f.name, err)
		}
	}
	return p.validateRest()
}

func (p Provider) validateRest() error {
	wrong := func(field, want string) error {
		return fmt.Errorf("provider %q: %s: want %s", p.Name, field, want)
	}
	if p.APIBase != "" && !strings.HasSuffix(p.APIBase, "/") {
		return wrong("APIBase", "a slash at its end")
	}
	for _, host := range p.APIHosts {
		if below, wild := strings.CutPrefix(host, "*."); wild && strings.Contains(below, ".") {
			host = below
		}
		if u, err := url.Parse("https://" + host); err != nil || u.Host != host || host == "" || strings.Contains(host, "*") || strings.ToLower(host) != host {
			return wrong("APIHosts", `"host", "host:port" or "*.host" in lower case`)
		}
	}
	for _, pointer := range []string{p.TokenAt, p.ErrorAt} {
		if pointer != "" && pointer[0] != '/' {
			return wrong("TokenAt and ErrorAt", "JSON pointers, which begin with a slash")
		}
	}
	if fit := regexp.MustCompile(`^([A-Za-z0-9-]+: ([!-~]+ )?)?$`); !fit.MatchString(p.APICredentials) || !fit.MatchString(p.Userinfo.Credentials) {
		return wrong("APICredentials and Userinfo.Credentials", `a header up to the token, such as "X-Token: " or "Authorization: OAuth "`)
	}
	if m := p.Userinfo.Method; m != "" && m != http.MethodGet && m != http.MethodPost {
		return wrong("Userinfo.Method", "GET or POST")
	}
	if p.Userinfo.Body != "" && !json.Valid([]byte(p.Userinfo.Body)) {
		return wrong("Userinfo.Body", "JSON")
	}
	if p.Userinfo.FromToken && p.Userinfo.URL != "" {
		return wrong("Userinfo", "FromToken or a URL, not both")
	}
	for _, pointer := range []string{p.Userinfo.ID, p.Userinfo.Name, p.Userinfo.Email, p.Userinfo.EmailVerified, p.Userinfo.Picture} {
		if pointer != "" && pointer[0] != '/' {
			return wrong("Userinfo", "JSON pointers, which begin with a slash")
		}
	}
	for _, alg := range p.SigningAlgs {
		if !slices.Contains(asymmetric(), alg) {
			return wrong("SigningAlgs", "algorithms with a public key")
		}
	}
	if p.Revocation.Method != "" && p.Revocation.Method != http.MethodPost && p.Revocation.Method != http.MethodDelete {
		return wrong("Revocation.Method", "POST or DELETE")
	}
	for _, m := range []string{p.LongLived.Method, p.Prolong.Method} {
		if m != "" && m != http.MethodGet && m != http.MethodPost {
			return wrong("LongLived and Prolong", "GET or POST")
		}
	}
	if c := p.SecretClaims; (p.ClientAuth == SecretJWT) != (c != SecretClaims{}) || p.ClientAuth == SecretJWT && (c.Issuer == "" || c.Audience == "" || c.KeyID == "") {
		return wrong("SecretClaims", "all of them with ClientAuth SecretJWT, and none without")
	}
	for _, name := range p.CallbackKept {
		before, _, used := strings.Cut(p.APIBase, "{token."+name)
		if used && !strings.Contains(strings.TrimPrefix(before, "https://"), "/") {
			return wrong("APIBase", "no host that a callback names")
		}
	}
	if p.Userinfo.Kept && p.Userinfo.URL == "" {
		return wrong("Userinfo.Kept", "a URL whose answer is kept")
	}
	if p.RefreshIdle < 0 || p.Lifetime < 0 {
		return wrong("RefreshIdle and Lifetime", "no time below zero")
	}
	if p.PKCE > Plain || p.ClientAuth > SecretHash || p.Signature > Plaintext {
		return wrong("PKCE, ClientAuth and Signature", "one of the constants")
	}
	if p.OAuth1() && !p.validOAuth1() {
		return wrong("RequestTokenURL", "nothing beside it that only OAuth 2 has")
	}
	return nil
}

// MaySee reports whether a request to u may carry the token: u is https, or http to loopback, and
// its host with its port is one of APIHosts, exactly or below "*.", or that of APIBase.
func (p *Provider) MaySee(u *url.URL) bool {
	if !secure(u) || u.User != nil {
		return false
	}
	if base := baseHost(p.APIBase); base != "" && base == host(u) {
		return true
	}
	return slices.ContainsFunc(p.APIHosts, func(known string) bool {
		below, wild := strings.CutPrefix(known, "*")
		return known == host(u) || wild && len(host(u)) > len(below) && strings.HasSuffix(host(u), below)
	})
}

// host is that of u as APIHosts has it: without a port that goes without saying.
func host(u *url.URL) string {
	h := strings.ToLower(u.Host)
	if u.Scheme == "https" {
		h = strings.TrimSuffix(h, ":443")
	}
	return h
}

// baseHost is the host of an API base, as host has it. It is asked for with every request, so it parses no
// more than that; what is no address of a host has one that no request is for.
func baseHost(base string) string {
	scheme, rest, _ := strings.Cut(base, "://")
	h, _, _ := strings.Cut(rest, "/")
	h = strings.ToLower(h)
	if scheme == "https" {
		h = strings.TrimSuffix(h, ":443")
	}
	return h
}

// endpoint parses an address that secrets are sent to.
func endpoint(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	switch {
	case address == "":
		return nil, errors.New("is missing")
	case err != nil || u.Hostname() == "" || u.User != nil || u.Fragment != "":
		return nil, errors.New("want an absolute address without user and fragment")
	case !secure(u):
		return nil, errors.New("want https; http is for loopback only")
	}
	return u, nil
}

// secure reports whether what is sent to u stays between here and there.
func secure(u *url.URL) bool {
	if u.Scheme == "https" {
		return u.Host != ""
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return u.Scheme == "http" && (u.Hostname() == "localhost" || err == nil && ip.IsLoopback())
}
