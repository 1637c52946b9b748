//go:build soak

package e2e

import (
	"testing"

	"github.com/waltz-oauth/waltz/internal/breaktest"
)

// TestSoakBreaks takes away what stops the attacks in a browser, and sees them come through.
func TestSoakBreaks(t *testing.T) {
	breaktest.Run(t, ".", []breaktest.Break{
		{
			Name: "cookies are the host's own", File: "../cookie/attributes.go",
			Old: `return "__Host-" + base`, New: "return base",
			Test: "TestAttacksInABrowser/by/cookie_tossing_from_a_subdomain",
		},
		{
			Name: "a login ends in the browser where it began", File: "../../flow.go",
			Old: `	http.SetCookie(w, c)
	return nil
}

// resume returns the login that this browser began with state. A cookie that is of no use is removed.
func (s *flows) resume(w http.ResponseWriter, r *http.Request, state string) (flow, error) {
	c, err := r.Cookie(s.name(state))
	if err != nil {`,
			New: `	everybodys.Store(c.Name, c)
	http.SetCookie(w, c)
	return nil
}

var everybodys sync.Map

func (s *flows) resume(w http.ResponseWriter, _ *http.Request, state string) (flow, error) {
	v, _ := everybodys.Load(s.name(state))
	c, _ := v.(*http.Cookie)
	var err error
	if c == nil {`,
			Test: "TestAttacksInABrowser/by/login_CSRF",
		},
		{
			Name: "disconnecting is for the site's own forms", File: "../../disconnect.go",
			Old: "c.app.forms.Handler(http.HandlerFunc(c.disconnectOwn)).ServeHTTP(w, r)", New: "c.disconnectOwn(w, r)",
			Test: "TestAttacksInABrowser/by/forged_disconnect",
		},
		{
			Name: "a path has no backslash", File: "../../next.go",
			Old: ` || r == '\\'`, New: "",
			Test: "TestAttacksInABrowser/by/open_redirect",
		},
		{
			Name: "a form comes back as a GET", File: "../../waltz.go",
			Old: "http.MethodPost: c.formPost", New: "http.MethodPost: c.callback",
			Test: "TestFormPostInABrowser",
		},
	})
}
