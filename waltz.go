// Package waltz connects the users of a Go web application to OAuth providers, and keeps the
// tokens that they grant.
//
// An [App] is the OAuth side of one application: where tokens are stored, who the current user is,
// where the application lives. A [Consumer] is one provider registered with it: it walks people
// through the provider's consent page, and hands the program an [http.Client] whose requests carry
// a token that is fresh.
//
//	app, err := waltz.New(waltz.Config{Secret: os.Getenv("SECRET")})
//	github, err := app.Register(waltz.Registration{Provider: provider.GitHub()})
//	mux.Handle("/login/", app)
//	mux.Handle("/issues", github.Require(http.HandlerFunc(issues)))
//	http.ListenAndServe("localhost:8080", app.Handler(mux))
//
// and in the handler:
//
//	resp, err := github.Client(r.Context()).Get("/user/issues")
package waltz

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/waltz-oauth/waltz/internal/cookie"
	"github.com/waltz-oauth/waltz/keeper"
	"github.com/waltz-oauth/waltz/storage/sessionstore"
	"github.com/waltz-oauth/waltz/token"
)

// Config is what an App needs to know. The zero value of a field means its default; the zero Config
// makes an App for a program that is being tried out on one's own machine.
type Config struct {
	// Secret encrypts the cookies: at least 32 bytes, the same in every process, kept from everyone.
	// Make one with "openssl rand -base64 32". Without it a random one is made at each start and a
	// warning is logged: sessions end with the process.
	Secret string

	// PreviousSecrets, newest first, still open what they encrypted, so that Secret can be changed
	// without logging anyone out.
	PreviousSecrets []string

	// Storage keeps the tokens. Nil: the browser's session, an encrypted cookie that is gone when
	// the browser closes; App.Handler must then be around every handler that uses tokens.
	Storage token.Storage

	// User returns the application's id of the user whom ctx, that of a request, belongs to, and ""
	// where nobody is signed in. Tokens belong to that user. Nil: the application has no users, and
	// tokens belong to the browser's session, or to the whole site (see Site).
	User func(ctx context.Context) (string, error)

	// UserOptional lets tokens be used and stored while nobody is signed in. They then belong to the
	// browser's session, or to the whole site.
	UserOptional bool

	// Site allows tokens that belong to no user in a storage that all visitors share: whoever logs
	// in replaces the site's token, and every visitor's requests use it. Without it such a token is
	// refused with ErrNoUser.
	Site bool

	// Cluster says that several processes share the storage. New then refuses one in which two of
	// them could spend the same refresh token: one that is not [token.Versioned] in all its layers,
	// or that other processes do not see ([token.Reaches]), such as the session and memstore. It
	// changes nothing else.
	Cluster bool

	// Lease is how long one process may take over a refresh before another tries: a minute by
	// default. The request to the provider gets half of it at most, and where a process was killed in
	// the middle, its users may wait for as long. It is the same in all processes that share the
	// storage.
	Lease time.Duration

	// SignIn is the path of the application's own login page, where Require sends a visitor who is
	// nobody yet, with the query parameter next, and so does a login that no Authorized hook could
	// give a user. Empty: to the provider, whose Authorized hook then says who the visitor is.
	SignIn string

	// BaseURL is where browsers find the application: "https://app.example". Redirect URIs point
	// there. A path in it is one that a proxy takes off requests, and links and redirects have it.
	// Empty: the host that the request names, if that is this machine's loopback address, for trying
	// things out; forwarded headers are never believed.
	BaseURL string

	// Path is where the App is mounted: default "/login/". It begins and ends with a slash, and
	// does not repeat the path of BaseURL, which the application does not see.
	Path string

	// HTTPClient makes the calls to providers. Nil: [http.DefaultTransport], ten seconds for the
	// calls of the login, and no limit but the context's for those of Consumer.Client.
	HTTPClient *http.Client

	// Logger is told what went wrong, and of logins at level debug; never of a secret. Nil:
	// [slog.Default].
	Logger *slog.Logger
}

// App is the OAuth side of one application. It is an [http.Handler] for the paths below
// Config.Path:
//
//	GET  /login/NAME             sends the person to the provider; ?next= is where to go afterwards
//	GET  /login/NAME/authorized  where the provider sends the person back
//	POST /login/NAME/disconnect  revokes and deletes the token
//
// An App starts nothing by itself, and is safe for concurrent use.
type App struct {
	config  Config
	base    *url.URL // nil: not configured
	path    string
	log     *slog.Logger
	flows   *flows
	storage token.Storage
	keeper  *keeper.Keeper
	session func(http.Handler) http.Handler // the storage's middleware

	failPage *template.Template
	forms    *http.CrossOriginProtection

	mu        sync.RWMutex
	consumers map[string]*Consumer
}

// New returns an App, or an error that says what is wrong with c.
func New(c Config) (*App, error) {
	a := &App{
		config:    c,
		path:      cmp.Or(c.Path, "/login/"),
		log:       cmp.Or(c.Logger, slog.Default()),
		session:   func(h http.Handler) http.Handler { return h },
		failPage:  newFailPage(),
		consumers: make(map[string]*Consumer),
	}
	if !strings.HasPrefix(a.path, "/") || !strings.HasSuffix(a.path, "/") {
		return nil, fmt.Errorf("waltz: Config.Path %q must begin and end with a slash", a.path)
	}
	if err := a.setBase(c.BaseURL); err != nil {
		return nil, err
	}
	if _, ok := localPath(c.SignIn); !ok && c.SignIn != "" {
		return nil, fmt.Errorf("waltz: Config.SignIn %q must be a path on this site", c.SignIn)
	}
	if c.User == nil && (c.SignIn != "" || c.UserOptional) {
		return nil, errors.New("waltz: Config.SignIn and Config.UserOptional are of no use without Config.User")
	}
	secrets, err := a.secrets()
	if err != nil {
		return nil, err
	}
	a.forms = http.NewCrossOriginProtection()
	if a.base != nil {
		if err := a.forms.AddTrustedOrigin(a.base.Scheme + "://" + a.base.Host); err != nil {
			return nil, fmt.Errorf("waltz: Config.BaseURL: %w", err)
		}
	}
	codec, err := cookie.New("flow", secrets)
	if err != nil {
		return nil, fmt.Errorf("waltz: Config.Secret, then PreviousSecrets: %w", err)
	}
	a.flows = &flows{codec: codec, insecure: a.insecure()}

	storage := c.Storage
	if storage == nil {
		storage, err = sessionstore.New(sessionstore.Config{Secrets: secrets, Insecure: a.insecure(), Logger: c.Logger})
		if err != nil {
			return nil, fmt.Errorf("waltz: Config.Secret: %w", err)
		}
	}
	a.storage = storage
	if c.Cluster {
		if err := shareable(storage); err != nil {
			return nil, fmt.Errorf("waltz: Config.Cluster: %w", err)
		}
	}
	all := layers(storage)
	if m, ok := all[len(all)-1].(interface {
		Middleware(next http.Handler) http.Handler
	}); ok {
		a.session = m.Middleware
	}
	shared := token.Reaches(storage) != token.Request
	if shared && !c.Site && (c.User == nil || c.UserOptional) {
		return nil, errors.New("waltz: tokens without a user would be shared by all visitors: " +
			"set Config.User, or Config.Site if that is what you want")
	}
	a.keeper, err = keeper.New(keeper.Config{
		Storage:     storage,
		Refresher:   refresher{a},
		Site:        c.Site,
		Lease:       c.Lease,
		Patience:    patience,
		Traits:      a.traits,
		Logger:      c.Logger,
		Refreshed:   a.refreshed,
		Reauthorize: a.reauthorize,
	})
	if err != nil {
		return nil, fmt.Errorf("waltz: %w", err)
	}
	return a, nil
}

// secrets are those that encrypt the cookies, newest first.
func (a *App) secrets() ([]string, error) {
	if a.config.Secret == "" {
		if len(a.config.PreviousSecrets) > 0 {
			return nil, errors.New("waltz: Config.PreviousSecrets is set and Config.Secret is not")
		}
		a.log.Warn("waltz: Config.Secret is not set: using a random one, so sessions and logins under way " +
			"end with this process, and no other process can read them")
		return []string{rand.Text() + rand.Text()}, nil
	}
	return append([]string{a.config.Secret}, a.config.PreviousSecrets...), nil
}

// Handler must be around the application's handlers where tokens are kept in the browser's session,
// and harms nowhere: it sets the session's cookies just before a response's first byte.
func (a *App) Handler(next http.Handler) http.Handler { return a.session(next) }

// Run refreshes tokens ahead of their expiry until ctx is done, so that no caller waits for it. Any
// number of processes may run it over one storage; together they refresh each token once. Without
// it tokens are refreshed when they are used, and a grant that ends when it is not used
// (Provider.RefreshIdle) may end. It returns ctx's error, or one matching [errors.ErrUnsupported] at
// once where the storage cannot be walked.
func (a *App) Run(ctx context.Context) error { return a.keeper.Run(ctx) }

// Shutdown waits until every token that is being refreshed is stored, or until ctx is done. Call it
// once the server has shut down; a program that ends without it may lose what a provider has just
// sent.
func (a *App) Shutdown(ctx context.Context) error { return a.keeper.Shutdown(ctx) }

// ServeHTTP answers the paths below Config.Path.
func (a *App) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.session(http.HandlerFunc(a.route)).ServeHTTP(w, r)
}

func (a *App) route(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer") // the callback's address has the code in it
	rest, below := strings.CutPrefix(r.URL.Path, a.path)
	name, action, _ := strings.Cut(rest, "/")
	c, ok := a.consumer(name)
	if !below || !ok || c.reg.Machine {
		http.NotFound(w, r)
		return
	}
	if prefetches(r) { // a login is begun, and a code spent, when the person goes there
		http.Error(w, "a login is not fetched ahead", http.StatusServiceUnavailable)
		return
	}
	switch action {
	case "":
		methods{http.MethodGet: c.login, http.MethodHead: func(http.ResponseWriter, *http.Request) {}}.serve(w, r)
	case "authorized":
		methods{http.MethodGet: c.callback, http.MethodPost: c.formPost}.serve(w, r)
	case "disconnect":
		methods{http.MethodPost: c.disconnect}.serve(w, r)
	default:
		http.NotFound(w, r)
	}
}

// methods are the handlers of one path.
type methods map[string]http.HandlerFunc

func (m methods) serve(w http.ResponseWriter, r *http.Request) {
	h, ok := m[r.Method]
	if !ok {
		for method := range m {
			w.Header().Add("Allow", method)
		}
		http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
		return
	}
	h(w, r)
}

func (a *App) consumer(name string) (*Consumer, bool) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	c, ok := a.consumers[name]
	return c, ok
}
