package waltz

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/waltz-oauth/waltz/internal/respond"
	"github.com/waltz-oauth/waltz/provider"
)

// formPost answers a provider that sends its answer as a form (response_mode=form_post): it sends
// the browser here again by GET. With the provider's cross-site POST a browser sends no cookie that
// is SameSite=Lax; with the GET it sends them all. Only what the callback reads goes along.
func (c *Consumer) formPost(w http.ResponseWriter, r *http.Request) {
	const most = 6 << 10 // what proxies take for an address
	r.Body = http.MaxBytesReader(w, r.Body, most)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "the form cannot be read, or is too large", http.StatusBadRequest)
		return
	}
	q := url.Values{}
	for _, name := range append([]string{"state", "iss", "code", "error", "error_description"}, c.reg.Provider.CallbackKept...) {
		if values, sent := r.PostForm[name]; sent {
			q[name] = values
		}
	}
	to := c.app.outside(c.path()) + "/authorized?" + q.Encode()
	http.Redirect(w, r, to, http.StatusSeeOther) // #nosec G710 -- its path is the application's, and only its query the form's
}

// callback is where the provider sends the person back (RFC 6749 section 4.1.2, RFC 5849 section 2.2).
func (c *Consumer) callback(w http.ResponseWriter, r *http.Request) {
	to := respond.New(w, nil)
	a, err := c.finish(to, r)
	if err != nil {
		c.fail(to, r, "callback", err)
		return
	}
	c.app.log.DebugContext(r.Context(), "waltz: logged in", "provider", c.name)
	if !to.Begun() {
		http.Redirect(to, r, a.Next, http.StatusSeeOther)
	}
}

// finish ends the login that the request belongs to, and stores its token.
func (c *Consumer) finish(w *respond.Writer, r *http.Request) (*Authorization, error) {
	ctx := r.Context()
	f, user, err := c.answered(w, r)
	if err != nil {
		return nil, err
	}
	t, err := c.client.Exchange(ctx, provider.Grant{
		Code:         c.code(r.URL.Query()),
		RedirectURI:  f.Redirect,
		Verifier:     f.Verifier,
		Nonce:        f.Nonce,
		Scopes:       c.scopes(),
		Callback:     r.URL.Query(),
		RequestToken: provider.RequestToken{Token: f.State, Secret: f.Secret},
	})
	if err != nil {
		return nil, err
	}
	account, _ := ctx.Value(accountKey{}).(string)
	a := &Authorization{Token: t, User: user, Account: account, Next: string(f.Next), consumer: c}
	if hook := c.reg.Hooks.Authorized; hook != nil {
		if err := hook(w, r, a); err != nil {
			return nil, err
		}
	}
	if a.saved || w.Begun() {
		return a, nil
	}
	return a, a.Save(ctx)
}

// answered returns the login that the provider's answer belongs to, and who is signed in, once the
// answer is known to be the provider's, to this login, to this person, and to have a code in it. A
// login is answered once.
func (c *Consumer) answered(w http.ResponseWriter, r *http.Request) (f flow, user string, err error) {
	q := r.URL.Query()
	if f, err = c.app.flows.resume(w, r, c.state(q)); err != nil {
		return flow{}, "", err
	}
	if f.Provider != c.name {
		return flow{}, "", ErrState
	}
	c.app.flows.end(w, f.State)
	if err := c.checkIssuer(q); err != nil {
		return flow{}, "", err
	}
	if user, err = c.app.user(r.Context()); err != nil {
		return flow{}, "", err
	}
	if f.User != "" && f.User != hashed(user) {
		return flow{}, "", ErrUserChanged
	}
	if c.reg.Hooks.Authorized == nil { // nobody will say whose the token is: it is not asked for
		if _, err := c.keyFor(user, ""); err != nil {
			return flow{}, "", err
		}
	}
	if err := c.client.CallbackError(q); err != nil {
		if refused, ok := errors.AsType[*provider.Error](err); ok && refused.Code == "access_denied" {
			err = fmt.Errorf("%w: %w", ErrDenied, err)
		}
		return flow{}, "", err
	}
	if c.code(q) == "" {
		return flow{}, "", ErrNoCode
	}
	if !c.app.flows.spend(f) {
		return flow{}, "", ErrState
	}
	return f, user, nil
}

// checkIssuer compares the iss parameter with the provider's issuer (RFC 9207 section 2.4). Where that
// is not known, it must not be another's: whoever sent the answer says so, and the code is not for
// this provider to see.
func (c *Consumer) checkIssuer(q url.Values) error {
	p, iss := c.reg.Provider, once(q, "iss")
	anothers := func(o *Consumer) bool { return o.reg.Provider.Issuer == iss }
	switch {
	case !q.Has("iss") && !p.IssParameter:
		return nil
	case iss == "", p.Issuer != "" && iss != p.Issuer, p.Issuer == "" && slices.ContainsFunc(c.app.registered(), anothers):
		return ErrIssuer
	default:
		return nil
	}
}

// once is the parameter called name, and "" where it is missing or comes more than once, which it
// must not (RFC 6749 section 3.1): of two, the one checked might not be the one used.
func once(q url.Values, name string) string {
	if len(q[name]) != 1 {
		return ""
	}
	return q.Get(name)
}
