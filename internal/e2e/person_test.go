package e2e

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"
)

// person is somebody with a browser of plain HTTP: it follows redirects and keeps cookies.
type person struct{ client *http.Client }

// page is what a person sees.
type page struct {
	status int
	url    *url.URL // after the redirects
	body   string
}

func newPerson(t *testing.T) *person {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &person{&http.Client{Jar: jar, Transport: transport, Timeout: time.Minute}}
}

// twin is a person with the cookies that p has now for an address.
func (p *person) twin(t *testing.T, address string) *person {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	twin := newPerson(t)
	twin.client.Jar.SetCookies(u, p.client.Jar.Cookies(u))
	return twin
}

func (p *person) get(t *testing.T, address string) page {
	t.Helper()
	return p.do(t, http.MethodGet, address, nil)
}

func (p *person) post(t *testing.T, address string, form url.Values) page {
	t.Helper()
	return p.do(t, http.MethodPost, address, form)
}

func (p *person) do(t *testing.T, method, address string, form url.Values) page {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := p.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return page{resp.StatusCode, resp.Request.URL, string(body)}
}

// answer answers the server's login form, which shows, and returns what the person sees in the end.
func (p *person) answer(t *testing.T, form page, decision string) page {
	t.Helper()
	if form.url.Path != "/login/username" {
		t.Fatalf("the login led to %s, which answered %d, and not to the server's login form", form.url.Path, form.status)
	}
	return p.post(t, form.url.String(), url.Values{"username": {username}, "password": {password}, "decision": {decision}})
}

// callback answers the form too, and returns where the server sends the person back to, without
// going there.
func (p *person) callback(t *testing.T, form page) string {
	t.Helper()
	var back string
	p.client.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if strings.HasSuffix(r.URL.Path, "/authorized") {
			back = r.URL.String()
			return http.ErrUseLastResponse
		}
		return nil
	}
	defer func() { p.client.CheckRedirect = nil }()
	p.answer(t, form, "allow")
	if back == "" {
		t.Fatal("the server did not send the person back")
	}
	return back
}
