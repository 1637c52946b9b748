package waltz

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// setBase checks Config.BaseURL.
func (a *App) setBase(base string) error {
	if base == "" {
		return nil
	}
	u, err := url.Parse(strings.TrimRight(base, "/"))
	switch {
	case err != nil:
		return fmt.Errorf("waltz: Config.BaseURL: %w", err)
	case u.Scheme == "https", u.Scheme == "http" && loopback(u.Hostname()):
	default:
		return fmt.Errorf("waltz: Config.BaseURL %q must begin with https://, or with http:// on a loopback address", base)
	}
	if u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return fmt.Errorf("waltz: Config.BaseURL %q must be a scheme, a host and perhaps a path", base)
	}
	a.base = u
	return nil
}

// insecure reports whether browsers come by plain http, where they keep no Secure cookie.
func (a *App) insecure() bool { return a.base == nil || a.base.Scheme == "http" }

// outside is path, which is one of the application's, as browsers have to ask for it: where BaseURL
// has a path, a proxy takes that off before the application sees it.
func (a *App) outside(path string) string {
	if a.base == nil {
		return path
	}
	return a.base.EscapedPath() + path
}

// redirectURI is where the provider sends the person back (RFC 6749 section 3.1.2). It is made of
// what the application was told. Where it was told nothing, the request's own word is taken for a
// loopback host only: elsewhere anybody could choose it.
func (c *Consumer) redirectURI(r *http.Request) (string, error) {
	path := c.path() + "/authorized"
	if c.app.base != nil {
		return c.app.base.String() + path, nil
	}
	u, err := url.Parse("http://" + r.Host + path)
	if err != nil || u.Host != r.Host || !loopback(u.Hostname()) {
		return "", fmt.Errorf("%w: %.100q", ErrBaseURL, r.Host)
	}
	return u.String(), nil
}

// loopback reports whether host names this machine and no other.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
