package provider

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Discover makes a Provider from the metadata of an OpenID Connect issuer (OpenID Connect Discovery
// section 4), which must name exactly that issuer (RFC 8414 section 3.3). Its Name and DisplayName
// are made from the issuer's host: set them if that is not what you want to call it. hc is as
// [Client.HTTP] is, and may be nil. What a login asks for is pushed (PushURL) only where the issuer takes
// it in no other way.
func Discover(ctx context.Context, hc *http.Client, issuer string) (Provider, error) {
	c := &Client{Provider: named(issuer), HTTP: hc}
	m, err := c.metadata(ctx, issuer)
	if err != nil {
		return Provider{}, err
	}
	p := m.provider(c.Provider)
	auth := m.AuthMethods
	switch {
	case len(auth) == 0, slices.Contains(auth, "client_secret_basic"):
	case slices.Contains(auth, "client_secret_post"):
		p.ClientAuth = Body
	case !slices.Contains(auth, "none"): // with none alone there are public clients alone
		err = errors.New("clients cannot authenticate there with a secret")
	}
	if err == nil {
		err = p.Validate()
	}
	if err != nil {
		return Provider{}, c.fail(request{op: "discover"}, Misconfigured, err)
	}
	return p, nil
}

func named(issuer string) Provider {
	u, err := url.Parse(issuer)
	if err != nil {
		return Provider{}
	}
	name := regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(u.Hostname()), "-")
	return Provider{Name: strings.Trim(name, "-"), DisplayName: u.Hostname()}
}

// metadata is what an issuer says of itself (OpenID Connect Discovery section 3, RFC 8414 section 2).
type metadata struct {
	Issuer           string   `json:"issuer"`
	AuthorizationURL string   `json:"authorization_endpoint"`
	PushURL          string   `json:"pushed_authorization_request_endpoint"` // RFC 9126 section 5
	PushOnly         bool     `json:"require_pushed_authorization_requests"`
	DeviceURL        string   `json:"device_authorization_endpoint"` // RFC 8628 section 4
	TokenURL         string   `json:"token_endpoint"`
	UserinfoURL      string   `json:"userinfo_endpoint"`
	RevocationURL    string   `json:"revocation_endpoint"`
	JWKSURL          string   `json:"jwks_uri"`
	EndSessionURL    string   `json:"end_session_endpoint"`
	AuthMethods      []string `json:"token_endpoint_auth_methods_supported"`
	SigningAlgs      []string `json:"id_token_signing_alg_values_supported"`
	Challenges       []string `json:"code_challenge_methods_supported"`
	Scopes           []string `json:"scopes_supported"`
	IssParameter     bool     `json:"authorization_response_iss_parameter_supported"` // RFC 9207 section 3
}

func (c *Client) metadata(ctx context.Context, issuer string) (m metadata, err error) {
	r := request{
		op: "discover", method: http.MethodGet,
		url:    strings.TrimSuffix(issuer, "/") + "/.well-known/openid-configuration",
		header: map[string]string{"Accept": "application/json"},
	}
	raw, err := c.get(ctx, r)
	if err != nil {
		return m, err
	}
	if json.Unmarshal(raw, &m) != nil {
		return m, c.fail(r, Doubtful, errors.New("the answer is no metadata"))
	}
	if m.Issuer != issuer {
		return m, c.fail(r, Misconfigured, errors.New("the metadata is that of another issuer"))
	}
	return m, nil
}

func (m metadata) provider(p Provider) Provider {
	p.AuthorizationURL = m.AuthorizationURL
	p.TokenURL = m.TokenURL
	p.DeviceURL = m.DeviceURL
	if m.PushOnly {
		p.PushURL = m.PushURL
	}
	p.Issuer = m.Issuer
	p.JWKSURL = m.JWKSURL
	p.EndSessionURL = m.EndSessionURL
	p.SigningAlgs = m.algs()
	p.IssParameter = m.IssParameter
	p.Userinfo.URL = m.UserinfoURL
	p.Revocation.URL = m.RevocationURL
	if u, err := url.Parse(m.UserinfoURL); err == nil && u.Host != "" {
		p.APIHosts = []string{host(u)}
	}
	if len(m.Challenges) > 0 && !slices.Contains(m.Challenges, "S256") {
		p.PKCE = NoPKCE
	}
	p.Scopes = []string{"openid", "email", "profile"}
	if len(m.Scopes) > 0 {
		p.Scopes = slices.DeleteFunc(p.Scopes, func(s string) bool { return s != "openid" && !slices.Contains(m.Scopes, s) })
	}
	return p
}
