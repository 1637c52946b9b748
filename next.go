package waltz

import (
	"net/url"
	"strings"
)

// localPath returns next if it is a path on this site, with or without a query, and nothing that a
// browser, a proxy or a router could take for another site (RFC 9700 section 4.11).
func localPath(next string) (string, bool) {
	const most = 1500 // it travels in a cookie, of which browsers keep 4096 bytes (RFC 6265 section 6.1)
	if len(next) > most || !local(next) {
		return "", false
	}
	return next, true
}

// local is localPath for what does not travel in a cookie, and may be long.
func local(next string) bool {
	u, err := url.Parse(next)
	return err == nil && u.Scheme == "" && u.Host == "" && u.User == nil && u.Opaque == "" &&
		rooted(next) && rooted(u.Path) // decoded: /%2fevil.example, /%5cevil.example
}

// rooted reports whether path begins with one slash, and has nothing in it that browsers read as
// another (a backslash) or drop (a control character).
func rooted(path string) bool {
	return strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "//") &&
		!strings.ContainsFunc(path, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' })
}
