package waltz

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/waltz-oauth/waltz/provider"
	"github.com/waltz-oauth/waltz/token"
)

// Hooks are the program's own steps in a consumer's life. Each may be nil.
type Hooks struct {
	// BeforeLogin sees, and may change, the address that the person is about to be sent to: what it asks
	// for, too, where that is pushed (Provider.PushURL). An error ends the login.
	BeforeLogin func(w http.ResponseWriter, r *http.Request, u *url.URL) error

	// Authorized sees the token that the provider granted, before it is stored. It may say whose the
	// token is, having found or created the user and signed them in.
	//
	// When it returns nil, the token is stored and the person sent on. When it returns an error,
	// such as ErrRefused, the token is not stored and Failed is called. When it has written a
	// response of its own, that is what the person sees, and the token is stored only if it called
	// Save, before it wrote. A token that is not stored lives on at the provider until it expires:
	// to revoke it is the program's choice, since some providers end every grant of the person with it.
	Authorized func(w http.ResponseWriter, r *http.Request, a *Authorization) error

	// Failed writes the response when a login or a disconnection failed, or when Require cannot get a
	// token. Without it, or if it writes nothing, a plain page does. The status is that page's unless it
	// sets another, and so is Retry-After. err matches the errors of this package, and has no secret in
	// it.
	Failed func(w http.ResponseWriter, r *http.Request, err error)

	// Refreshed is called after a refreshed token was stored, in a goroutine of its own. Its ctx has
	// the values of the context that asked for the token, but not its end.
	Refreshed func(ctx context.Context, key token.Key, t *token.Token)

	// Reauthorize is called once when a grant was found to have ended at the provider, as Refreshed
	// is. The reason is a code, such as "invalid_grant", and no prose.
	Reauthorize func(ctx context.Context, key token.Key, reason string)

	// Disconnected is called after Disconnect has deleted the token, if there was one, also where it
	// returns ErrRevoke.
	Disconnected func(ctx context.Context, key token.Key)
}

// Authorization is what a login brought, before it is stored. It is for the hook that is given it,
// while that runs, and for one goroutine.
type Authorization struct {
	Token   *token.Token // may be replaced
	User    string       // whose the token is: the user signed in, until the hook sets another
	Account string       // which of the user's accounts; see Registration.Accounts
	Next    string       // where the person is sent; a path from the request, or Registration.Next

	consumer *Consumer
	identity provider.Identity
	asked    *token.Token // whose identity it is; nil: not asked for yet
	saved    bool
}

// Identity asks the provider, once for a token, whose account it is.
func (a *Authorization) Identity(ctx context.Context) (provider.Identity, error) {
	if a.Token == nil {
		return provider.Identity{}, errNoToken
	}
	if a.asked == a.Token {
		return a.identity, nil
	}
	id, err := a.consumer.client.Identity(ctx, a.Token)
	if err != nil {
		return provider.Identity{}, err
	}
	a.identity, a.asked = id, a.Token
	return id, nil
}

// Client returns a client whose requests carry the token, stored or not. It is not refreshed.
func (a *Authorization) Client(ctx context.Context) *http.Client {
	return a.consumer.clientWith(ctx, fixed{a.Token})
}

// Save stores the token now, for User and Account, for a hook that needs that before it writes a
// response. The end of ctx does not stop it: a browser that has left by now would cost the person a
// token that was granted.
func (a *Authorization) Save(ctx context.Context) error {
	if a.Token == nil {
		return errNoToken
	}
	if err := a.consumer.reg.Provider.CheckType(a.Token); err != nil {
		return &token.Error{Op: "save", Key: token.Key{Provider: a.consumer.name}, Err: err}
	}
	const enough = 10 * time.Second
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), enough)
	defer cancel()
	if a.consumer.reg.Accounts && a.Account == "" {
		id, err := a.Identity(ctx)
		if err != nil {
			return err
		}
		a.Account = id.Subject
	}
	key, err := a.consumer.keyFor(a.User, a.Account)
	if err != nil {
		return err
	}
	var subject string
	if a.asked == a.Token {
		subject = a.identity.Subject
	}
	if _, err := a.consumer.app.keeper.Put(ctx, key, a.Token, subject); err != nil {
		return err
	}
	a.saved = true
	return nil
}
