package waltz_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/waltz-oauth/waltz"
	"github.com/waltz-oauth/waltz/provider"
	"github.com/waltz-oauth/waltz/waltztest"
)

// What follows is sent to the callback by others than the provider that was asked, and must get nowhere.

// thief is a provider that keeps what it is sent.
type thief struct {
	*httptest.Server
	mu  sync.Mutex
	got []string
}

func newThief(t *testing.T) *thief {
	t.Helper()
	th := new(thief)
	th.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		th.mu.Lock()
		defer th.mu.Unlock()
		th.got = append(th.got, r.Method+" "+r.URL.Path)
	}))
	t.Cleanup(th.Close)
	return th
}

func (th *thief) provider(name, issuer string) provider.Provider {
	return provider.Provider{Name: name, AuthorizationURL: th.URL + "/authorize", TokenURL: th.URL + "/token", Issuer: issuer}
}

// TestAttackMixUp sends the victim, who has begun a login at a hostile provider, to the honest one
// instead, so that the code which that grants would go to the hostile one (RFC 9700 section 4.4).
func TestAttackMixUp(t *testing.T) {
	t.Parallel()
	w := victims(t, waltz.Registration{})
	thieves := map[string]*thief{}
	for name, issuer := range map[string]string{"nameless": "", "named": "https://hostile.example"} {
		th := newThief(t)
		thieves[name] = th
		if _, err := w.app.Register(waltz.Registration{Provider: th.provider(name, issuer), ClientID: "id", Public: true}); err != nil {
			t.Fatal(err)
		}
	}
	begin := func(name string) url.Values {
		follow := w.browser.Client.CheckRedirect
		defer func() { w.browser.Client.CheckRedirect = follow }()
		hold(w.browser)
		to := w.get(t, "/login/"+name).header.Get("Location")
		return request(t, http.MethodGet, to, "").URL.Query()
	}
	honest := func(name string) url.Values { // what the honest provider answers, once tricked by the hostile one
		q := begin(name)
		q.Set("client_id", w.provider.ClientID)
		w.browser.Client.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
			if strings.HasSuffix(r.URL.Path, "/authorized") {
				return http.ErrUseLastResponse
			}
			return nil
		}
		defer func() { w.browser.Client.CheckRedirect = nil }()
		resp, err := w.browser.Login(t.Context(), w.provider.URL+"/authorize?"+q.Encode(), "", waltztest.Allow)
		return request(t, http.MethodGet, read(t, resp, err).header.Get("Location"), "").URL.Query()
	}
	for name := range thieves {
		q := honest(name) // to the redirect URI of the hostile one, which a careless provider takes
		w.get(t, "/login/"+name+"/authorized?"+q.Encode()).want(t, http.StatusBadGateway, "made no sense")
		q = honest(name)
		q.Add("iss", "https://hostile.example") // which a redirect URI can have in it
		w.get(t, "/login/"+name+"/authorized?"+q.Encode()).want(t, http.StatusBadGateway, "made no sense")
		q = honest(name) // to the redirect URI of the honest one
		w.get(t, "/login/test/authorized?"+q.Encode()).want(t, http.StatusBadRequest, "This login is over")
	}
	q := url.Values{"state": begin("named")["state"], "code": {"fake-code-of-another"}} // of one hostile provider to the other
	w.get(t, "/login/nameless/authorized?"+q.Encode()).want(t, http.StatusBadRequest, "This login is over")
	for name, th := range thieves {
		if len(th.got) != 0 {
			t.Errorf("%s was sent %q", name, th.got)
		}
	}
	w.unharmed(t)
}

// TestAttackRepeatedParameters sends two of a parameter, of which one might be checked and the other
// used, and an answer that says yes and no.
func TestAttackRepeatedParameters(t *testing.T) {
	t.Parallel()
	for name, more := range map[string]url.Values{
		"state": {"state": {"another"}},
		"code":  {"code": {"fake-code-of-another"}},
		"iss":   {"iss": {"https://hostile.example"}},
		"error": {"error": {"access_denied"}},
	} {
		w := victims(t, waltz.Registration{})
		for i := range 4 {
			u := request(t, http.MethodGet, w.callbackURL(t), "").URL
			query := u.RawQuery + "&" + more.Encode()
			if i%2 == 0 {
				query = more.Encode() + "&" + u.RawQuery
			}
			send := w.get
			if i < 2 {
				send = func(t *testing.T, _ string) page { return w.post(t, u.Path, query) }
			}
			if p := send(t, u.Path+"?"+query); p.status == http.StatusOK {
				t.Errorf("%s: the login went on", name)
			}
		}
		w.unharmed(t)
	}
}

// TestAttackCallbackThatNobodyWentTo has a browser or a scanner of links fetch the callback, which would
// spend the code.
func TestAttackCallbackThatNobodyWentTo(t *testing.T) {
	t.Parallel()
	w := victims(t, waltz.Registration{})
	callback := w.callbackURL(t)
	send := func(method string, header ...string) page {
		r := request(t, method, callback, "")
		if len(header) > 0 {
			r.Header.Set(header[0], header[1])
		}
		resp, err := w.browser.Client.Do(r)
		return read(t, resp, err)
	}
	for _, method := range []string{http.MethodHead, http.MethodPut, http.MethodDelete, http.MethodOptions, http.MethodPatch} {
		send(method).want(t, http.StatusMethodNotAllowed, "")
	}
	send(http.MethodGet, "Sec-Purpose", "prefetch;prerender").want(t, http.StatusServiceUnavailable, "")
	send(http.MethodGet, "Purpose", "prefetch").want(t, http.StatusServiceUnavailable, "")
	w.unharmed(t)
	send(http.MethodGet).want(t, http.StatusOK, "home")
}

// TestAttackOtherGrants asks for a token in the callback itself, and for grants that waltz has not
// (RFC 9700 sections 2.1.2 and 2.4).
func TestAttackOtherGrants(t *testing.T) {
	t.Parallel()
	w := victims(t, waltz.Registration{Params: map[string]string{"response_type": "token", "grant_type": "password"}})
	u := request(t, http.MethodGet, w.callbackURL(t), "").URL
	q := u.Query()
	q.Del("code")
	q.Set("access_token", "fake-access-token")
	q.Set("token_type", "Bearer")
	w.get(t, u.Path+"?"+q.Encode()).want(t, http.StatusBadGateway, "made no sense")
	w.unharmed(t)
}

// TestAttackCodeLeaked looks for the code where it would be seen after the login: in the address that
// the browser is left at, in what other sites are told of it, and in caches.
func TestAttackCodeLeaked(t *testing.T) {
	t.Parallel()
	w := victims(t, waltz.Registration{})
	callback := strings.TrimPrefix(w.callbackURL(t), w.URL)
	code := request(t, http.MethodGet, callback, "").URL.Query().Get("code")
	hold(w.browser)
	for _, status := range []int{http.StatusSeeOther, http.StatusBadRequest} { // the login goes on; it is over
		p := w.get(t, callback)
		p.want(t, status, "")
		h := p.header
		if h.Get("Referrer-Policy") != "no-referrer" || h.Get("Cache-Control") != "no-store" {
			t.Errorf("%d: Referrer-Policy is %q, Cache-Control %q", status, h.Get("Referrer-Policy"), h.Get("Cache-Control"))
		}
		if code == "" || strings.Contains(h.Get("Location")+p.body, code) {
			t.Errorf("%d: the code is in the answer", status)
		}
	}
}

// TestAttackHugeQuery sends as much as net/http takes, where little is expected.
func TestAttackHugeQuery(t *testing.T) {
	t.Parallel()
	w := victims(t, waltz.Registration{})
	const much = 500_000
	for _, name := range []string{"state", "code", "iss", "error", "error_description", "x"} {
		u := request(t, http.MethodGet, w.callbackURL(t), "").URL
		q := u.Query()
		if name == "error_description" {
			q.Set("error", "server_error")
		}
		q.Set(name, strings.Repeat("%", much/3))
		if name == "x" {
			q.Del("code")
			q.Set("state", "made-up")
		}
		const page = 10_000
		if p := w.get(t, u.Path+"?"+q.Encode()); p.status < 400 || len(p.body) > page || len(p.header.Get("Location")) > page {
			t.Errorf("%s: answered %d with %d bytes", name, p.status, len(p.body))
		}
	}
	const log = 100_000
	if n := len(w.log.String()); n > log {
		t.Errorf("the log has %d bytes", n)
	}
	w.get(t, "/login/test?next="+strings.Repeat("/", much)).want(t, http.StatusOK, "Allow")
}

// TestAttackDoubleClick sends the callback many times at once, with its cookie each time: a code that is
// exchanged twice ends the grant (RFC 6749 section 4.1.2).
func TestAttackDoubleClick(t *testing.T) {
	t.Parallel()
	w := victims(t, waltz.Registration{})
	callback := w.callbackURL(t)
	hold(w.browser)
	var clicks sync.WaitGroup
	for range 8 {
		clicks.Go(func() {
			resp, err := w.browser.Client.Do(request(t, http.MethodGet, callback, ""))
			if err != nil {
				t.Error(err)
				return
			}
			_ = resp.Body.Close()
		})
	}
	clicks.Wait()
	if n := w.provider.Calls(waltztest.Exchange); n != 1 {
		t.Errorf("the code was sent %d times", n)
	}
	if _, err := w.consumer.Token(waltz.WithUser(t.Context(), "ada")); err != nil {
		t.Errorf("the token that came of it: %v", err)
	}
}
