package provider

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/waltz-oauth/waltz/token"
)

const (
	defaultTimeout = 10 * time.Second
	maxAnswer      = 1 << 20
)

// request is one HTTP request of a call.
type request struct {
	op          string
	method, url string
	header      map[string]string
	contentType string
	body        string
	credentials string   // the Authorization header, if any
	secrets     []string // more that no error of the call may repeat
	spends      bool     // it must not be sent twice though it has no body

	signer *token.Token      // OAuth 1: whose credentials sign it; nil: it is not signed
	oauth  map[string]string // OAuth 1: further parameters of the signature's header
}

type answer struct {
	status int
	header http.Header
	body   []byte
}

// send sends r once and reads the whole answer, whatever its status. Its error is an *Error.
//
// net/http sends a request again by itself if it is idempotent, or if the connection that it took from
// the pool broke and the body can be had again. So there is no GetBody, and the body is read once;
// and redirects are not followed. A body of which no byte was read cannot have been sent, however the
// Transport works; and one whose writing failed was never whole at the other end, where nobody acts on
// half a form. That, not what the network said, decides between Unsent and Doubtful: a connection
// that was kept alive and turns out to be dead leaves nothing in doubt.
func (c *Client) send(ctx context.Context, r request) (*answer, error) {
	u, err := endpoint(r.url)
	if err != nil {
		return nil, c.fail(r, Misconfigured, err)
	}
	if r.signer != nil {
		if err := c.signed(&r, u); err != nil {
			return nil, c.fail(r, Misconfigured, err)
		}
	}
	resp, stale, e := c.once(ctx, r, u)
	if stale { // somebody's login need not fail for it
		resp, _, e = c.once(ctx, r, u)
	}
	if e != nil {
		return nil, e
	}
	defer func() { _ = resp.Body.Close() }()
	a := &answer{status: resp.StatusCode, header: resp.Header}
	a.body, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err == nil && len(a.body) > maxAnswer {
		err = errors.New("the answer is larger than 1 MiB")
	}
	if err != nil {
		return nil, c.doubt(r, a, err)
	}
	return a, nil
}

// once sends r, and says where it could not whether that was for a connection from the pool that had died,
// over which nothing was sent: another may do.
func (c *Client) once(ctx context.Context, r request, u *url.URL) (resp *http.Response, stale bool, e *Error) {
	b := &body{text: strings.NewReader(r.body)}
	var pooled atomic.Bool
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn:      func(i httptrace.GotConnInfo) { pooled.Store(i.Reused) },
		WroteRequest: func(w httptrace.WroteRequestInfo) { b.wrote(w.Err) },
	})
	resp, err := c.http().Do(r.http(traced, u, b))
	if err == nil {
		return resp, false, nil
	}
	spends := r.body != "" || r.spends
	unread := spends && b.unread()
	if unread || spends && b.cut() {
		return nil, unread && pooled.Load() && ctx.Err() == nil, c.fail(r, Unsent, err)
	}
	return nil, false, c.fail(r, Doubtful, err)
}

// http is the client of one call: its Timeout is set, reading the answer included, and it follows
// no redirects.
func (c *Client) http() *http.Client {
	h := &http.Client{
		Timeout:       defaultTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	if c.HTTP != nil {
		h.Transport = c.HTTP.Transport
		h.Timeout = cmp.Or(c.HTTP.Timeout, defaultTimeout)
	}
	return h
}

func (r request) http(ctx context.Context, u *url.URL, b *body) *http.Request {
	req := (&http.Request{Method: r.method, URL: u, Header: make(http.Header)}).WithContext(ctx)
	for name, value := range r.header {
		req.Header.Set(name, value)
	}
	if r.credentials != "" {
		req.Header.Set("Authorization", r.credentials)
	}
	if r.body != "" {
		req.Header.Set("Content-Type", r.contentType)
		req.Body, req.ContentLength = b, int64(len(r.body))
	} else if r.spends { // a body that turns out to be empty: net/http sends what has none again by itself
		req.Body = b
	}
	return req
}

// body is a request's body that says whether it was read, and once it has said no stays unread.
type body struct {
	text  *strings.Reader
	state atomic.Int32
	whole atomic.Bool // it was written, at least once
	part  atomic.Bool // writing it failed
}

const (
	fresh int32 = iota
	begun
	sealed
)

func (b *body) Read(p []byte) (int, error) {
	if !b.state.CompareAndSwap(fresh, begun) && b.state.Load() == sealed {
		return 0, errors.New("the call is over")
	}
	return b.text.Read(p)
}

func (b *body) Close() error { return nil }

// wrote is told how writing the request ended.
func (b *body) wrote(err error) {
	if err == nil {
		b.whole.Store(true)
	} else {
		b.part.Store(true)
	}
}

// cut reports whether the body was never written to its end.
func (b *body) cut() bool { return b.part.Load() && !b.whole.Load() }

func (b *body) unread() bool { return b.state.CompareAndSwap(fresh, sealed) }

// authenticate says who the client is (RFC 6749 section 2.3.1, or 3.2.1 without a secret), in r's header
// or in form. It fails if the secret is a key that cannot be read.
func (c *Client) authenticate(r *request, form map[string]string) error {
	switch {
	case c.Secret == "":
	case c.Provider.ClientAuth == Basic:
		r.credentials = basic(c.ID, c.Secret)
		return nil
	case c.Provider.ClientAuth == SecretAsUser:
		r.credentials = basic(c.Secret, "")
		return nil
	case c.Provider.ClientAuth == SecretAsBearer:
		r.credentials = "Bearer " + c.Secret
		return nil
	case c.Provider.ClientAuth == SecretJWT:
		signed, err := c.Provider.SecretClaims.sign(c.ID, c.Secret, time.Now())
		if err != nil {
			return err
		}
		form["client_secret"] = signed
		r.secrets = append(r.secrets, signed)
	case c.Provider.ClientAuth == SecretHash:
		form["hash"] = hashed(c.Secret, form)
	default:
		form["client_secret"] = c.Secret
	}
	form["client_id"] = c.ID
	return nil
}

func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(user)+":"+url.QueryEscape(password)))
}

// members makes them the body of r, a form or a JSON object.
func (r *request) members(all map[string]string, asJSON bool) {
	if asJSON {
		b, _ := json.Marshal(all) // text always can be
		r.contentType, r.body = "application/json", string(b)
		return
	}
	values := make(url.Values, len(all))
	for name, value := range all {
		values.Set(name, value)
	}
	r.contentType, r.body = "application/x-www-form-urlencoded", values.Encode()
}

// api is a request that carries the access token of t.
func (c *Client) api(op, address, credentials string, t *token.Token) request {
	r := request{
		op: op, method: http.MethodGet, url: address,
		header:  map[string]string{"Accept": "application/json"},
		secrets: []string{t.AccessToken, t.RefreshToken},
	}
	if c.Provider.OAuth1() {
		r.signer = t
		c.Provider.apiHeaders(c.ID, func(name, value string) { r.header[name] = value })
		return r
	}
	p := c.Provider
	p.APICredentials = cmp.Or(credentials, p.APICredentials)
	p.authorize(c.ID, t.AccessToken, func(name, value string) { r.header[name] = value })
	return r
}

// Authorize sets the headers of an API request of the client with that id: what carries the token, and
// those of APIHeaders that are not there.
func (p *Provider) Authorize(h http.Header, clientID, accessToken string) {
	credential := p.CredentialHeader()
	p.authorize(clientID, accessToken, func(name, value string) {
		if name == credential || h.Get(name) == "" {
			h.Set(name, value)
		}
	})
}

func (p *Provider) authorize(clientID, accessToken string, set func(name, value string)) {
	p.apiHeaders(clientID, set)
	name, before, _ := strings.Cut(cmp.Or(p.APICredentials, bearer), ":")
	set(name, strings.TrimPrefix(before, " ")+accessToken)
}

func (p *Provider) apiHeaders(clientID string, set func(name, value string)) {
	for name, value := range p.APIHeaders {
		set(name, strings.ReplaceAll(value, "{client_id}", clientID))
	}
}

// bearer is RFC 6750's (section 2.1).
const bearer = "Authorization: Bearer "

// CredentialHeader is the name of the header that carries the token (APICredentials).
func (p *Provider) CredentialHeader() string {
	name, _, _ := strings.Cut(cmp.Or(p.APICredentials, bearer), ":")
	return name
}
