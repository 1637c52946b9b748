package waltztest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/url"
	"strings"
)

// oauth1 is what an impersonation keeps of RFC 5849's steps.
type oauth1 struct {
	requestToken, requestSecret string
	callback                    string // that the request token was asked with
	verifier                    string
	secret                      string // the access token's
}

// newRSAKey makes a key that a client signs requests with.
func newRSAKey() (string, error) {
	const bits = 2048
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		return "", err
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})), nil
}

// answer1 says why it does not, "" if it does.
func (i *Impersonation) answer1(w http.ResponseWriter, r *http.Request, was *url.URL) string {
	k := i.known
	at := was.Scheme + "://" + was.Host + was.EscapedPath()
	switch {
	case at == i.fill(k.RequestTokenURL):
		return i.requestToken1(w, r, was)
	case r.Method == http.MethodGet && at == i.fill(k.AuthorizationURL):
		return i.authorize1(w, was.Query())
	case at == i.fill(k.TokenURL):
		return i.token1(w, r, was)
	case k.Userinfo != nil && k.Userinfo.URL != "" && at == i.fill(k.Userinfo.URL):
		if why := i.signed1(r, was, i.one.secret, map[string]string{"oauth_token": i.access, "oauth_verifier": ""}); why != "" {
			return why
		}
		return i.describe(w, r, was.Query(), nil)
	case i.hasAPI(was.Host):
		if why := i.signed1(r, was, i.one.secret, map[string]string{"oauth_token": i.access}); why != "" {
			writeJSON(w, http.StatusUnauthorized, map[string]any{"error": why})
			return ""
		}
		writeJSON(w, http.StatusOK, map[string]any{"id": i.Person.Subject})
		return ""
	default:
		return "there is nothing there"
	}
}

// signed1 says why r is not signed in the provider's way, "" if it is (RFC 5849 section 3.2).
func (i *Impersonation) signed1(r *http.Request, was *url.URL, tokenSecret string, want map[string]string) string {
	if err := r.ParseForm(); err != nil {
		return "it is no form"
	}
	header, err := CheckSignature(r, was, i.ClientSecret, tokenSecret)
	if err != nil {
		return err.Error()
	}
	if method := strings.TrimPrefix(i.known.TokenRequest.ClientAuth, "oauth1 "); header["oauth_signature_method"] != method {
		return "it is not signed by " + method
	}
	want["oauth_consumer_key"] = i.ClientID
	for name, value := range want {
		if header[name] != value {
			return name + " is another"
		}
	}
	return ""
}

func (i *Impersonation) requestToken1(w http.ResponseWriter, r *http.Request, was *url.URL) string {
	if r.Method != i.known.TokenRequest.Method {
		return "the method is not " + i.known.TokenRequest.Method
	}
	if why := i.signed1(r, was, "", map[string]string{"oauth_token": ""}); why != "" {
		return why
	}
	header, _ := CheckSignature(r, was, i.ClientSecret, "") // it was good
	i.one = oauth1{
		requestToken: "fake-request-" + rand.Text(), requestSecret: "fake-request-secret-" + rand.Text(), callback: header["oauth_callback"],
	}
	writeForm(w, http.StatusOK, url.Values{"oauth_token": {i.one.requestToken}, "oauth_token_secret": {i.one.requestSecret}, "oauth_callback_confirmed": {"true"}})
	return ""
}

func (i *Impersonation) authorize1(w http.ResponseWriter, q url.Values) string {
	want := i.known.LoginParams(i.fill)
	want["oauth_token"] = i.one.requestToken
	if scopes := i.known.Scopes(); len(scopes) > 0 && !q.Has("scope") {
		return "the scopes are wanting"
	}
	for name, value := range want {
		if q.Get(name) != value || value == "" {
			return name + " is another"
		}
	}
	return i.show(w, &visit{redirect: i.one.callback, request: q.Get("oauth_token")}, nil)
}

// back1 is what the person comes back with (section 2.2).
func (i *Impersonation) back1(v *visit, allowed bool) url.Values {
	q := url.Values{"oauth_token": {v.request}}
	if allowed {
		i.one.verifier = "fake-verifier-" + rand.Text()
		q.Set("oauth_verifier", i.one.verifier)
	}
	return q
}

func (i *Impersonation) token1(w http.ResponseWriter, r *http.Request, was *url.URL) string {
	want := map[string]string{"oauth_token": i.one.requestToken, "oauth_verifier": i.one.verifier}
	if why := i.signed1(r, was, i.one.requestSecret, want); why != "" || i.one.verifier == "" {
		return "the request token is not to be had for that: " + why
	}
	i.access, i.one.secret = "fake-access-"+rand.Text(), "fake-secret-"+rand.Text()
	i.one.requestToken, i.one.verifier = "", "" // it is spent
	answer := url.Values{"oauth_token": {i.access}, "oauth_token_secret": {i.one.secret}, "unheard_of": {"kept"}}
	for _, name := range i.known.TokenResponse.Extras {
		answer.Set(name, "extra")
	}
	if u := i.known.Userinfo; u != nil && u.Source == "token_response" {
		answer.Set(strings.TrimPrefix(u.ID, "/"), i.Person.Subject)
		if u.Name != "" {
			answer.Set(strings.TrimPrefix(u.Name, "/"), i.Person.Name)
		}
	}
	writeForm(w, http.StatusOK, answer)
	return ""
}
