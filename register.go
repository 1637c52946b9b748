package waltz

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"

	"github.com/waltz-oauth/waltz/provider"
	"github.com/waltz-oauth/waltz/token"
)

// Registration is the application's registration with a provider, and what it asks for there.
type Registration struct {
	// Provider is a preset, the result of [provider.Discover], or a provider of your own.
	Provider provider.Provider

	// Name is the consumer's: a part of its paths and of its tokens' keys, lower case letters,
	// digits, dashes and underscores. Default: the provider's.
	Name string

	// ClientID and ClientSecret are what the provider issued (RFC 6749 section 2.2). Default: the
	// environment's NAME_OAUTH_CLIENT_ID and NAME_OAUTH_CLIENT_SECRET. OAuth 1 calls them consumer key
	// and consumer secret; where requests are signed by [provider.RSASHA1] the secret is the private key, in PEM.
	ClientID     string
	ClientSecret string

	// Public says that the client has no secret (RFC 6749 section 2.1).
	Public bool

	// Scopes to ask for. Nil: the provider's default.
	Scopes []string

	// Params are further parameters of the authorization request.
	Params map[string]string

	// Next is where a login leads that was not told where to go: default "/". Unlike the next of a
	// request it may be any address.
	Next string

	// Accounts keeps a token for each of the user's accounts at the provider, instead of the latest
	// only. Each login then asks the provider whose the account is. [WithAccount] chooses one, and
	// the disconnect form's field account; where a user has connected one only, that is chosen. It
	// needs Config.User and a storage that can be walked.
	Accounts bool

	// Machine says that the token is the program's own, got with the client's credentials (RFC 6749
	// section 4.4): nobody logs in, and there are no login paths. Consumer.Token and Client get one where
	// none is stored, whoever ctx's user is, and keep it in the storage for all processes. It needs a
	// secret, and a storage other than the browser's session.
	Machine bool

	Hooks Hooks
}

func (r Registration) name() string { return cmp.Or(r.Name, r.Provider.Name) }

// Consumer uses one provider on behalf of an application's users. It is safe for concurrent use.
//
// Its methods take a context that says for whom: a request's, from which Config.User knows the
// user, or one from [WithUser] anywhere else.
type Consumer struct {
	app    *App
	reg    Registration
	name   string
	client *provider.Client
	own    own // of a Machine
}

// Register adds a provider, under a name that the App does not have yet.
func (a *App) Register(r Registration) (*Consumer, error) {
	name := r.name()
	fail := func(err error) (*Consumer, error) {
		return nil, fmt.Errorf("waltz: register %q: %w", name, err)
	}
	if name == "" {
		return fail(errors.New("Registration.Provider is missing"))
	}
	if !regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`).MatchString(name) {
		return fail(errors.New("a name is up to 64 lower case letters, digits, dashes and underscores"))
	}
	if r.Machine { // nobody is sent there
		r.Provider.AuthorizationURL = cmp.Or(r.Provider.AuthorizationURL, r.Provider.TokenURL)
	}
	if err := r.Provider.Validate(); err != nil {
		return fail(err)
	}
	prefix := strings.ToUpper(strings.ReplaceAll(name, "-", "_")) + "_OAUTH_"
	id := cmp.Or(r.ClientID, os.Getenv(prefix+"CLIENT_ID"))
	secret := cmp.Or(r.ClientSecret, os.Getenv(prefix+"CLIENT_SECRET"))
	if id == "" {
		return fail(fmt.Errorf("no client id: set Registration.ClientID, or %sCLIENT_ID in the environment", prefix))
	}
	if secret == "" && !r.Public {
		return fail(fmt.Errorf("no client secret: set Registration.ClientSecret, or %sCLIENT_SECRET in the environment, "+
			"or Registration.Public where the provider issued none", prefix))
	}
	c := &Consumer{
		app:    a,
		reg:    r,
		name:   name,
		own:    own{turn: make(chan struct{}, 1)},
		client: &provider.Client{Provider: r.Provider, ID: id, Secret: secret, HTTP: a.config.HTTPClient},
	}
	if err := c.client.CheckSecret(); err != nil {
		return fail(err)
	}
	if a.base != nil {
		c.client.RedirectURI = a.base.String() + c.path() + "/authorized"
	}
	if _, walks := token.As[token.Lister](a.storage); r.Accounts && (!walks || a.config.User == nil) {
		return fail(errors.New("Registration.Accounts needs Config.User, and a storage that can be walked (token.Lister)"))
	}
	if r.Machine && (r.Public || r.Accounts || r.Provider.OAuth1() || token.Reaches(a.storage) == token.Request) {
		return fail(errors.New("Registration.Machine needs OAuth 2, a client secret, one account, and a storage that is not the browser's"))
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, taken := a.consumers[name]; taken {
		return fail(errors.New("the name is taken: give the second one a Registration.Name"))
	}
	a.consumers[name] = c
	return c, nil
}

// Name is the consumer's name.
func (c *Consumer) Name() string { return c.name }

// path is where the consumer's login begins.
func (c *Consumer) path() string { return c.app.path + c.name }

// title is the provider's name for people.
func (c *Consumer) title() string { return cmp.Or(c.reg.Provider.DisplayName, c.name) }

// http is the client that API calls are made with, their transport aside. Cookies would be those of
// all users together.
func (c *Consumer) http() http.Client {
	if c.app.config.HTTPClient == nil {
		return http.Client{}
	}
	h := *c.app.config.HTTPClient
	h.Jar = nil
	return h
}
