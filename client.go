package waltz

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/waltz-oauth/waltz/provider"
	"github.com/waltz-oauth/waltz/token"
)

// Client returns a client whose requests carry ctx's user's token, refreshed when that is due. The
// token is looked up when the first request is sent.
//
// A relative URL is relative to the provider's API: "/user" at GitHub is https://api.github.com/user.
// A request to a host that is not the provider's fails with ErrHost; a redirect to one is followed
// without the token. Where the API answers 401 to a token that is older than a minute, the token is
// refreshed and the request sent again, once, if its body can be; a younger one was not refused for
// its age, and the program gets the 401, as it does in OAuth 1, whose tokens are not refreshed. A request that has a deadline or cancellation of its own, be it the
// Timeout of Config.HTTPClient, ends with that, and any other ends with ctx.
//
// Requests fail with what [Consumer.Token] fails with, inside the [*url.Error] that http.Client
// returns.
func (c *Consumer) Client(ctx context.Context) *http.Client {
	return c.clientWith(ctx, stored{c})
}

func (c *Consumer) clientWith(ctx context.Context, s source) *http.Client {
	client := c.http()
	base := client.Transport
	if base == nil {
		base = http.DefaultTransport
	}
	client.Transport = &transport{ctx: ctx, provider: &c.reg.Provider, client: c.client, source: s, base: base}
	return &client
}

// source is where a transport has its tokens from.
type source interface {
	token(ctx context.Context) (*token.Token, error)
	// renewed is asked after an API refused the token: for one that may do better.
	renewed(ctx context.Context, rejected *token.Token) (*token.Token, error)
}

// fixed is a token that is not in a storage.
type fixed struct{ t *token.Token }

func (f fixed) token(context.Context) (*token.Token, error) { return f.t, nil }

func (f fixed) renewed(_ context.Context, rejected *token.Token) (*token.Token, error) {
	return rejected, nil
}

// transport sends requests with a token.
type transport struct {
	ctx      context.Context //nolint:containedctx // it says whose the client is
	provider *provider.Provider
	client   *provider.Client
	source   source
	base     http.RoundTripper
}

// RoundTrip sends r, which it does not change.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	out, tok, err := t.prepare(r)
	if err != nil {
		closeBody(r)
		return nil, err
	}
	switch {
	case t.strayed(r), r.Response != nil && !t.provider.MaySee(out.URL):
		out.Header.Del("Authorization") // be it that the program has set it
		out.Header.Del(t.provider.CredentialHeader())
		return t.send(out)
	case t.provider.MaySee(out.URL):
	default: // no redirect led here: the program asked for it
		closeBody(r)
		return nil, fmt.Errorf("waltz: %w: %q is not among the hosts of %s", ErrHost, out.URL.Host, t.provider.Name)
	}
	ctx, done := t.until(out)
	defer done()
	if tok == nil {
		tok, err = t.source.token(ctx)
	}
	if err == nil {
		err = t.provider.CheckType(tok)
	}
	if err == nil {
		err = t.authorize(out, tok)
	}
	if err != nil {
		closeBody(r)
		return nil, err
	}
	resp, err := t.send(out)
	if err != nil {
		return nil, t.hide(err, tok)
	}
	if resp.StatusCode == http.StatusUnauthorized {
		if resp, err = t.again(ctx, out, resp, tok); err != nil {
			return nil, err
		}
	}
	resp.Request.Header = r.Header // what is sent is over, and a program may log it
	absolute(resp, out.URL)
	return resp, nil
}

// send sends out, and notes in the answer what it answers, which not every RoundTripper does: without,
// strayed would not know where a redirect came from.
func (t *transport) send(out *http.Request) (*http.Response, error) {
	resp, err := t.base.RoundTrip(out)
	if err == nil && resp.Request == nil {
		resp.Request = out
	}
	return resp, err
}

// strayed reports whether redirects have led r away from the provider's hosts, be it that they have
// led it back since: another host chose where to. So it may have where nobody says whence one came.
func (t *transport) strayed(r *http.Request) bool {
	for from := r.Response; from != nil; from = from.Request.Response {
		if from.Request == nil || !t.provider.MaySee(from.Request.URL) {
			return true
		}
	}
	return false
}

// prepare returns a copy of r with an absolute URL, and the token if that says what it is relative to: another
// may be of another account, whose API is elsewhere.
func (t *transport) prepare(r *http.Request) (*http.Request, *token.Token, error) {
	ctx := r.Context() //nolint:contextcheck // a request that nobody can end ends with its client
	if ctx.Done() == nil {
		ctx = t.ctx
	}
	out := r.WithContext(ctx) // but for the header what it points to stays as it is
	if out.Header = r.Header.Clone(); out.Header == nil {
		out.Header = make(http.Header)
	}
	if r.URL.Host != "" {
		return out, nil, nil
	}
	if r.URL.Scheme != "" || r.URL.Opaque != "" {
		return nil, nil, fmt.Errorf("waltz: %w: a URL with a scheme must name its host", ErrHost)
	}
	base, tok, err := t.apiBase(out)
	if err != nil {
		return nil, nil, err
	}
	if base == "" {
		return nil, nil, fmt.Errorf("waltz: %s has no API base: set Provider.APIBase, or name the host in the URL: %q", t.provider.Name, r.URL.Path)
	}
	path := strings.TrimPrefix(r.URL.EscapedPath(), "/")
	u, err := url.Parse(strings.TrimSuffix(base, "/") + "/" + path)
	if err != nil {
		return nil, nil, err
	}
	out.URL = u
	out.URL.RawQuery = r.URL.RawQuery
	out.Host = ""
	return out, tok, nil
}

// apiBase is what a relative URL is relative to. Some providers say that with each token.
func (t *transport) apiBase(out *http.Request) (string, *token.Token, error) {
	if !t.provider.Learns() {
		return t.provider.APIBase, nil, nil
	}
	ctx, done := t.until(out)
	defer done()
	tok, err := t.source.token(ctx)
	if err != nil {
		return "", nil, err
	}
	base, err := t.provider.Base(tok)
	return base, tok, err
}

// until returns the client's context, which says whose token it is, and which ends when out does.
func (t *transport) until(out *http.Request) (ctx context.Context, done context.CancelFunc) {
	if out.Context() == t.ctx {
		return t.ctx, func() {}
	}
	ctx, cancel := context.WithCancelCause(t.ctx)
	stop := context.AfterFunc(out.Context(), func() { cancel(context.Cause(out.Context())) })
	return ctx, func() {
		stop()
		cancel(nil)
	}
}

// authorize makes out carry tok. In OAuth 1 that is the last that happens to out: it is signed as it is.
func (t *transport) authorize(out *http.Request, tok *token.Token) error {
	if t.provider.OAuth1() {
		return t.client.Sign(out, tok)
	}
	t.provider.Authorize(out.Header, t.client.ID, tok.AccessToken)
	return nil
}

// hide takes what was sent out of err.
func (t *transport) hide(err error, tok *token.Token) error {
	if !t.provider.OAuth1() {
		return hide(err, tok.AccessToken)
	}
	return hide1(err, tok.AccessToken, tok.Secret, t.client.Secret)
}

// again sends the request once more with a new token, where there is one and the body can be had
// twice; otherwise the caller gets the 401.
func (t *transport) again(ctx context.Context, out *http.Request, resp *http.Response, rejected *token.Token) (*http.Response, error) {
	tok, err := t.source.renewed(ctx, rejected)
	if errors.Is(err, ErrReauthorize) {
		drain(resp)
		return nil, err
	}
	if err != nil || tok.AccessToken == rejected.AccessToken {
		return resp, nil //nolint:nilerr // the API's own answer says more
	}
	if out.Body != nil && out.Body != http.NoBody && out.GetBody == nil { // if the program tries again, it has the new one
		return resp, nil
	}
	second := out.Clone(out.Context()) //nolint:contextcheck // the request's own; ctx says whose the token is
	if out.GetBody != nil {
		if second.Body, err = out.GetBody(); err != nil {
			return resp, nil //nolint:nilerr // the API's own answer says more
		}
	}
	drain(resp)
	if err = t.authorize(second, tok); err != nil {
		closeBody(second)
		return nil, err
	}
	resp, err = t.send(second)
	return resp, t.hide(err, tok)
}

// absolute makes a redirect's target absolute: [http.Client] would resolve it against the request's
// own URL, which may be relative to the API.
func absolute(resp *http.Response, from *url.URL) {
	if resp.StatusCode/100 != 3 || resp.Header.Get("Location") == "" {
		return
	}
	if to, err := from.Parse(resp.Header.Get("Location")); err == nil {
		resp.Header.Set("Location", to.String())
	}
}

// closeBody does what a RoundTripper owes a request that it does not send.
func closeBody(r *http.Request) {
	if r.Body != nil {
		_ = r.Body.Close()
	}
}

// drain ends an answer that nobody reads, so that its connection can be used again.
func drain(resp *http.Response) {
	const most = 64 << 10
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, most))
	_ = resp.Body.Close()
}
