package waltz

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/waltz-oauth/waltz/internal/respond"
)

// Require returns a handler that calls next only with a token that is fresh. A visitor without one
// is sent to log in, and comes back to the same page; one who is nobody yet is sent to
// Config.SignIn. Requests other than a person's going to a page, whose way back would be lost, get
// 401 Unauthorized instead. Where the provider cannot be had, the visitor gets 503.
func (c *Consumer) Require(next http.Handler) http.Handler {
	return c.app.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := c.Token(r.Context())
		if err == nil {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		to, ok := c.remedy(r, err)
		if !ok {
			c.fail(respond.New(w, nil), r, "require", err)
			return
		}
		http.Redirect(w, r, to, http.StatusFound)
	}))
}

// remedy is where a person goes who met err; false: nowhere.
func (c *Consumer) remedy(r *http.Request, err error) (string, bool) {
	if !navigates(r) {
		return "", false
	}
	here := c.app.outside(r.URL.RequestURI())
	switch {
	case errors.Is(err, ErrNoUser) && c.app.config.SignIn != "":
		if !local(here) { // the request's path may be //evil.example
			here = c.app.outside("/")
		}
		return c.app.config.SignIn + "?" + url.Values{"next": {here}}.Encode(), true
	case errors.Is(err, ErrNoUser), errors.Is(err, ErrNoToken), errors.Is(err, ErrReauthorize):
		return c.LoginURL(here), true
	default:
		return "", false
	}
}

// navigates reports whether r is a person's going to a page, as far as the browser says. A script's
// request could not follow a redirect to a provider.
func navigates(r *http.Request) bool {
	dest := r.Header.Get("Sec-Fetch-Dest")
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) &&
		!prefetches(r) && (dest == "" || dest == "document" || dest == "iframe" || dest == "frame")
}
