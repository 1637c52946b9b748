package waltztest

import (
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Browser is a person in a program: it follows redirects, keeps cookies, and answers the consent
// page of a [Server].
type Browser struct {
	Client *http.Client // for whatever else a person does at the application
}

// NewBrowser returns a browser without cookies.
func NewBrowser() *Browser {
	jar, _ := cookiejar.New(nil) // which never fails
	return &Browser{Client: &http.Client{Jar: jar}}
}

// Decision is what a person answers to the consent page.
type Decision bool

// The two buttons of the consent page.
const (
	Allow Decision = true
	Deny  Decision = false
)

// Login opens loginURL at the application, answers the consent page that it leads to as the person
// with that subject ("": the first one), and returns what the application shows in the end, whose
// body is the caller's to close. It fails if no consent page comes, or if the person is not on it.
// Its errors name no code, state or other parameter of an address.
func (b *Browser) Login(ctx context.Context, loginURL, subject string, d Decision) (*http.Response, error) {
	page, err := b.do(ctx, http.MethodGet, loginURL, nil)
	if err != nil {
		return nil, err
	}
	form, err := consentForm(page)
	if err != nil {
		return nil, err
	}
	switch {
	case subject == "":
		subject = form.subjects[0]
	case !slices.Contains(form.subjects, subject):
		return nil, fmt.Errorf("waltztest: nobody on the consent page has the subject %q", subject)
	}
	decision := valueDeny
	if d == Allow {
		decision = valueAllow
	}
	resp, err := b.do(ctx, http.MethodPost, form.action, url.Values{
		fieldRequest:  {form.request},
		fieldSubject:  {subject},
		fieldDecision: {decision},
	})
	if err != nil || resp.Header.Get(headerFormPost) == "" {
		return resp, err
	}
	return b.post(ctx, resp)
}

// post sends the form of a page that a script sends at once in other browsers.
func (b *Browser) post(ctx context.Context, page *http.Response) (*http.Response, error) {
	defer func() { _ = page.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(page.Body, maxBody))
	if err != nil {
		return nil, fmt.Errorf("waltztest: reading the form: %w", err)
	}
	action := regexp.MustCompile(`action="([^"]*)"`).FindSubmatch(body)
	if action == nil {
		return nil, errors.New("waltztest: the page has no form")
	}
	form := make(url.Values)
	for _, m := range regexp.MustCompile(`name="([^"]*)" value="([^"]*)"`).FindAllSubmatch(body, -1) {
		form.Set(html.UnescapeString(string(m[1])), html.UnescapeString(string(m[2])))
	}
	return b.do(ctx, http.MethodPost, html.UnescapeString(string(action[1])), form)
}

func (b *Browser) do(ctx context.Context, method, address string, form url.Values) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, fmt.Errorf("waltztest: %w", withoutURL(err))
	}
	r.Header.Set("Accept", "text/html")
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := b.Client.Do(r) // #nosec G704 -- going where it is told is what a browser is for
	if err != nil {
		return nil, fmt.Errorf("waltztest: %s: %w", method, withoutURL(err))
	}
	return resp, nil
}

// withoutURL takes off what names the address, which may hold a code.
func withoutURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

type form struct {
	action   string
	request  string
	subjects []string
}

// consentForm reads the form of page.html, and closes the page.
func consentForm(page *http.Response) (form, error) {
	defer func() { _ = page.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(page.Body, maxBody))
	if err != nil {
		return form{}, fmt.Errorf("waltztest: reading the consent page: %w", err)
	}
	action, err := page.Request.URL.Parse("/consent")
	if err != nil {
		return form{}, fmt.Errorf("waltztest: %w", withoutURL(err))
	}
	f := form{action: action.String(), subjects: values(body, fieldSubject)}
	if ids := values(body, fieldRequest); len(ids) == 1 {
		f.request = ids[0]
	}
	if f.request == "" || len(f.subjects) == 0 {
		at := page.Request.URL
		return form{}, fmt.Errorf("waltztest: no consent page at %s://%s%s, which answered %s", at.Scheme, at.Host, at.Path, page.Status)
	}
	return f, nil
}

// values lists the values of the inputs called name.
func values(body []byte, name string) []string {
	var all []string
	for _, m := range regexp.MustCompile(`name="`+name+`" value="([^"]*)"`).FindAllSubmatch(body, -1) {
		all = append(all, html.UnescapeString(string(m[1])))
	}
	return all
}
