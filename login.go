package waltz

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/waltz-oauth/waltz/internal/cookie"
	"github.com/waltz-oauth/waltz/internal/respond"
	"github.com/waltz-oauth/waltz/provider"
)

// LoginURL is the path where a login begins that leads back to next, a path on this site; "" is
// Registration.Next. Both are paths as browsers have them, that of Config.BaseURL included.
func (c *Consumer) LoginURL(next string) string {
	login := c.app.outside(c.path())
	if next == "" {
		return login
	}
	return login + "?" + url.Values{"next": {next}}.Encode()
}

// login sends the person to the provider.
func (c *Consumer) login(w http.ResponseWriter, r *http.Request) {
	to := respond.New(w, nil)
	err := c.begin(to, r)
	switch signIn, ok := c.remedy(r, err); {
	case err == nil:
	case ok && errors.Is(err, ErrNoUser) && c.app.config.SignIn != "":
		http.Redirect(to, r, signIn, http.StatusFound)
	default:
		c.fail(to, r, "login", err)
	}
}

func (c *Consumer) begin(w *respond.Writer, r *http.Request) error {
	f := newFlow()
	f.Provider = c.name
	f.Next = []byte(c.next(r.URL.Query().Get("next")))
	user, err := c.app.user(r.Context())
	if err != nil {
		return err
	}
	if c.reg.Hooks.Authorized == nil { // nobody will say whose the token is: nobody need consent
		if _, err := c.keyFor(user, ""); err != nil {
			return err
		}
	}
	f.User = hashed(user)
	if f.Redirect, err = c.redirectURI(r); err != nil {
		return err
	}
	if c.reg.Provider.OAuth1() {
		if err := c.begin1(r.Context(), &f); err != nil {
			return err
		}
	}
	target, err := c.client.AuthorizationURL(provider.AuthorizationRequest{
		RedirectURI:  f.Redirect,
		State:        f.State,
		Verifier:     f.Verifier,
		Nonce:        f.Nonce,
		Scopes:       c.scopes(),
		Params:       c.reg.Params,
		RequestToken: f.State,
	})
	if err != nil {
		return err
	}
	if hook := c.reg.Hooks.BeforeLogin; hook != nil {
		u, err := url.Parse(target)
		if err != nil {
			return err
		}
		if err := hook(w, r, u); err != nil {
			return err
		}
		target = u.String()
	}
	if w.Begun() {
		return nil
	}
	if c.reg.Provider.PushURL != "" {
		if target, err = c.client.Push(r.Context(), target); err != nil {
			return err
		}
	}
	if err := c.app.flows.begin(w, r, f); err != nil {
		return err
	}
	http.Redirect(w, r, target, http.StatusFound)
	return nil
}

// next is where a login leads: where the request asks, if that is on this site.
func (c *Consumer) next(asked string) string {
	if path, ok := localPath(asked); ok {
		return path
	}
	return cmp.Or(c.reg.Next, c.app.outside("/"))
}

// hashed is a user's id in a length that a cookie has room for; "" is nobody still.
func hashed(user string) string {
	if user == "" {
		return ""
	}
	return cookie.Tag(user)
}

func (c *Consumer) scopes() []string {
	if c.reg.Scopes == nil {
		return c.reg.Provider.Scopes
	}
	return c.reg.Scopes
}

// prefetches reports whether a browser asks ahead of the person.
func prefetches(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Sec-Purpose"), "prefetch") || r.Header.Get("Purpose") == "prefetch"
}
