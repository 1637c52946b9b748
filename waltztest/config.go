package waltztest

import (
	"cmp"
	"net"
	"net/url"
	"slices"
	"strings"
)

// Config says what provider to start. The zero Config is one that any program on this machine can
// use.
type Config struct {
	Addr string // where to listen; "": a free port of 127.0.0.1
	URL  string // where browsers find it: scheme and host alone; "": Addr. Must be given where other machines can reach Addr

	ClientID     string   // of the one registered client; "": "waltz-test"
	ClientSecret string   // "": "fake-secret"
	Public       bool     // the client has no secret (RFC 6749 section 2.1)
	Signature    string   // how OAuth 1 requests must be signed: "HMAC-SHA1", "HMAC-SHA256", "PLAINTEXT", or "RSA-SHA1", for which ClientSecret is the private key in PEM; "": "HMAC-SHA1"
	ClientName   string   // for the consent page; "": "A test application"
	RedirectURIs []string // registered, compared exactly, save for the port of a loopback address (RFC 8252 section 7.3); none: any on a loopback host
	Scopes       []string // that may be asked for; none: any

	People    []Person  // who can log in; none: 1001, Demo Ada, and 1002, Demo Ben
	Behaviour Behaviour // how it behaves at first
}

// Person is someone with an account at the provider.
type Person struct {
	Subject string // the account's id: unique, and never changes
	Name    string
	Email   string
}

func (c Config) withDefaults() Config {
	c.Addr = cmp.Or(c.Addr, "127.0.0.1:0")
	c.ClientID = cmp.Or(c.ClientID, "waltz-test")
	c.Signature = cmp.Or(c.Signature, "HMAC-SHA1")
	c.ClientName = cmp.Or(c.ClientName, "A test application")
	c.ClientSecret = cmp.Or(c.ClientSecret, "fake-secret")
	if c.Public {
		c.ClientSecret = ""
	}
	if len(c.People) == 0 {
		c.People = []Person{
			{Subject: "1001", Name: "Demo Ada", Email: "ada@example.com"},
			{Subject: "1002", Name: "Demo Ben", Email: "ben@example.com"},
		}
	}
	return c
}

// loopbackAddr reports whether only this machine can reach addr.
func loopbackAddr(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	return err == nil && loopback(host)
}

func loopback(host string) bool {
	return strings.EqualFold(host, "localhost") || net.ParseIP(host).IsLoopback()
}

// registered reports whether browsers may be sent to uri (RFC 9700 section 4.1.3).
func (c Config) registered(uri string) bool {
	u, err := url.Parse(uri)
	if err != nil || !u.IsAbs() || strings.Contains(uri, "#") { // RFC 6749 section 3.1.2
		return false
	}
	if len(c.RedirectURIs) == 0 {
		return (u.Scheme == "http" || u.Scheme == "https") && u.User == nil && loopback(u.Hostname())
	}
	return slices.Contains(c.RedirectURIs, uri) ||
		u.Scheme == "http" && loopback(u.Hostname()) && slices.ContainsFunc(c.RedirectURIs, func(known string) bool {
			k, err := url.Parse(known)
			return err == nil && withoutPort(k) == withoutPort(u)
		})
}

func withoutPort(u *url.URL) string {
	v := *u
	v.Host = u.Hostname()
	return v.String()
}

// offers reports whether scope may be asked for.
func (c Config) offers(scope string) bool {
	if len(c.Scopes) == 0 {
		return !strings.ContainsAny(scope, `"\\`) // RFC 6749 section 3.3
	}
	return slices.Contains(c.Scopes, scope)
}
