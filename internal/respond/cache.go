package respond

import (
	"net/http"
	"strings"
)

// Private keeps shared caches from storing a response that is for one person and says nothing of
// caching, or too much (RFC 9111 section 5.2.2.7). What it says of that person's own cache stays.
func Private(h http.Header) {
	keep := []string{"private"}
	for _, line := range h.Values("Cache-Control") {
		for directive := range strings.SplitSeq(line, ",") {
			directive = strings.TrimSpace(directive)
			name, _, _ := strings.Cut(strings.ToLower(directive), "=")
			switch name {
			case "", "public", "s-maxage", "private":
			default:
				keep = append(keep, directive)
			}
		}
	}
	h.Set("Cache-Control", strings.Join(keep, ", "))
}

// VaryByCookie tells caches that another cookie may make another response.
func VaryByCookie(h http.Header) {
	for _, line := range h.Values("Vary") {
		for field := range strings.SplitSeq(line, ",") {
			if f := strings.TrimSpace(field); f == "*" || strings.EqualFold(f, "Cookie") {
				return
			}
		}
	}
	h.Add("Vary", "Cookie")
}
