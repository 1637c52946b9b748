package provider

import (
	"cmp"
	"crypto/rand"
	"errors"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dghubble/oauth1"

	"github.com/waltz-oauth/waltz/token"
)

const formType = "application/x-www-form-urlencoded"

// Sign signs r, a request to the API of a provider of OAuth 1, for the account of t (RFC 5849 section
// 3), and sets those of APIHeaders that are not there. A body that is a form is signed with the rest: it is
// read, and r gets the same again. A request is signed once, when it is as it will be sent: what is
// changed after that, or sent twice, is refused. Its error is one of the program.
func (c *Client) Sign(r *http.Request, t *token.Token) error {
	c.Provider.apiHeaders(c.ID, func(name, value string) {
		if r.Header.Get(name) == "" {
			r.Header.Set(name, value)
		}
	})
	form, err := formOf(r)
	if err != nil {
		return err
	}
	u := *r.URL
	u.Host = cmp.Or(r.Host, u.Host) // section 3.4.1.2: as in the Host header
	params, err := c.sign(r.Method, &u, form, t, nil)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", authorization(params))
	return nil
}

// formOf returns the body of r if that is a form, and "" otherwise.
func formOf(r *http.Request) (string, error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != formType || r.Body == nil || r.Body == http.NoBody {
		return "", nil //nolint:nilerr // a type that cannot be read is not that of a form
	}
	from := r.Body
	if r.GetBody != nil {
		if from, err = r.GetBody(); err != nil {
			return "", err
		}
	}
	form, err := io.ReadAll(from)
	if errClose := from.Close(); err == nil {
		err = errClose
	}
	if r.GetBody == nil {
		r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(string(form))), nil }
		r.Body, _ = r.GetBody()
		r.ContentLength = int64(len(form))
	}
	return string(form), err
}

// signed puts the Authorization header of r.signer into r.
func (c *Client) signed(r *request, u *url.URL) error {
	var form string
	if r.contentType == formType {
		form = r.body
	}
	params, err := c.sign(r.method, u, form, r.signer, r.oauth)
	if err != nil {
		return err
	}
	r.credentials = authorization(params)
	return nil
}

// secrets1 lists what of a signed request no error may repeat, in each form in which it was sent: the
// secrets in a PLAINTEXT signature are encoded twice.
func (c *Client) secrets1(t *token.Token) (all []string) {
	for _, secret := range []string{c.Secret, t.Secret, t.AccessToken} {
		once := oauth1.PercentEncode(secret)
		all = append(all, secret, once, oauth1.PercentEncode(once))
	}
	return all
}

// sign returns the protocol parameters of a request (section 3.1), those in more among them, and the
// signature.
func (c *Client) sign(method string, u *url.URL, form string, t *token.Token, more map[string]string) (map[string]string, error) {
	s, err := c.signer()
	if err != nil {
		return nil, err
	}
	params := map[string]string{
		"oauth_consumer_key":     c.ID,
		"oauth_nonce":            rand.Text(),
		"oauth_signature_method": s.Name(),
		"oauth_timestamp":        strconv.FormatInt(time.Now().Unix(), 10),
		"oauth_version":          "1.0",
	}
	if t.AccessToken != "" {
		params["oauth_token"] = t.AccessToken
	}
	maps.Copy(params, more)
	base, err := baseString(method, u, form, params)
	if err != nil {
		return nil, err
	}
	if params["oauth_signature"], err = s.Sign(t.Secret, base); err != nil {
		return nil, errors.New("the request cannot be signed with this key")
	}
	return params, nil
}

// authorization is the header that has params in it (section 3.5.1).
func authorization(params map[string]string) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(params)) {
		all = append(all, name+`="`+oauth1.PercentEncode(params[name])+`"`)
	}
	return "OAuth " + strings.Join(all, ", ")
}

// baseString is what is signed (section 3.4.1).
func baseString(method string, u *url.URL, form string, params map[string]string) (string, error) {
	type pair struct{ name, value string } // encoded, and sorted as such (section 3.4.1.3.2)
	var all []pair
	for name, value := range params {
		all = append(all, pair{oauth1.PercentEncode(name), oauth1.PercentEncode(value)})
	}
	for part := range strings.SplitSeq(u.RawQuery+"&"+form, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		name, errName := url.QueryUnescape(name)
		value, errValue := url.QueryUnescape(value)
		if errName != nil || errValue != nil {
			return "", errors.New("the query or the form has a percent sign that escapes nothing, so the request cannot be signed")
		}
		all = append(all, pair{oauth1.PercentEncode(name), oauth1.PercentEncode(value)})
	}
	slices.SortFunc(all, func(a, b pair) int {
		return cmp.Or(strings.Compare(a.name, b.name), strings.Compare(a.value, b.value))
	})
	var normal strings.Builder
	for i, p := range all {
		if i > 0 {
			normal.WriteByte('&')
		}
		normal.WriteString(p.name + "=" + p.value)
	}
	return strings.Join([]string{
		strings.ToUpper(method), oauth1.PercentEncode(baseURI(u)), oauth1.PercentEncode(normal.String()),
	}, "&"), nil
}

// baseURI is u without its query, in one spelling (section 3.4.1.2).
func baseURI(u *url.URL) string {
	scheme, host := strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	switch scheme {
	case "http":
		host = strings.TrimSuffix(host, ":80")
	case "https":
		host = strings.TrimSuffix(host, ":443")
	}
	return scheme + "://" + host + cmp.Or(u.EscapedPath(), "/")
}
