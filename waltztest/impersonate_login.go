package waltztest

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// authorize shows the consent page, once it has looked at what the login asks.
func (i *Impersonation) authorize(w http.ResponseWriter, q url.Values) string {
	k := i.known
	want := k.LoginParams(i.fill)
	own := func(name string) string {
		if renamed := k.Authorization.Rename[name]; renamed != "" {
			return renamed
		}
		return name
	}
	for name, value := range map[string]string{"response_type": "code", "client_id": i.ClientID} {
		switch {
		case slices.Contains(k.Authorization.Omit, name) && want[name] == "":
			if q.Has(name) {
				return "it has " + name
			}
		case !slices.Contains(k.Authorization.Omit, name):
			want[own(name)] = value
		}
	}
	for name, value := range want {
		if q.Get(name) != value {
			return fmt.Sprintf("%s is another than %q", name, value)
		}
	}
	v := &visit{
		redirect: q.Get("redirect_uri"), state: q.Get("state"), challenge: q.Get("code_challenge"), nonce: q.Get("nonce"), scopes: q.Get("scope"),
	}
	if want["redirect_uri"] != "" {
		v.redirect = i.RedirectURI
	}
	if back, err := url.Parse(v.redirect); err != nil || !back.IsAbs() || v.state == "" {
		return "the redirect URI or the state is wanting"
	}
	separator := k.ScopeSeparator
	if separator == "" {
		separator = " "
	}
	if scopes := k.Scopes(); slices.Contains(k.Authorization.Omit, "scope") && v.scopes != want["scope"] || len(scopes) > 1 && !strings.Contains(v.scopes, separator) && strings.ContainsAny(v.scopes, " ,") {
		return "the scopes are not joined, or not sent, as they ought to be"
	}
	method, off := q.Get("code_challenge_method"), k.Quirk("pkce-off")
	if off && method != "" || k.PKCE.Method == "plain" && method != "plain" || !off && k.PKCE.Method != "plain" && method != "S256" {
		return "PKCE is " + method
	}
	return i.show(w, v, strings.Split(v.scopes, separator))
}

// show shows the consent page of v.
func (i *Impersonation) show(w http.ResponseWriter, v *visit, scopes []string) string {
	id := rand.Text()
	i.pending[id] = v
	var page bytes.Buffer
	if err := i.page.Execute(&page, consentPage{Client: "A test application", Request: id, People: []Person{i.Person}, Scopes: scopes}); err != nil {
		return err.Error()
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(page.Bytes()) // the client is gone: nobody is left to tell
	return ""
}

// consent sends the person back with a code, or without.
func (i *Impersonation) consent(w http.ResponseWriter, body []byte) string {
	form, err := url.ParseQuery(string(body))
	v := i.pending[form.Get(fieldRequest)]
	if err != nil || v == nil {
		return "no such login"
	}
	delete(i.pending, form.Get(fieldRequest))
	q := url.Values{"state": {v.state}}
	if allowed := form.Get(fieldDecision) == valueAllow; v.request != "" {
		q = i.back1(v, allowed)
	} else if allowed {
		i.code, i.login = "fake-code-"+rand.Text(), v
		q.Set("code", i.code)
	} else {
		q.Set("error", "access_denied")
	}
	for name, value := range i.known.Callback.Kept {
		q.Set(name, value)
	}
	if name := i.known.Callback.MAC; name != "" {
		q.Set("timestamp", "1337178173")
		q.Set(name, i.mac(q))
	}
	if i.known.Callback.ResponseMode == "form_post" {
		return showFormPost(w, v.redirect, q)
	}
	back, err := url.Parse(v.redirect)
	if err != nil {
		return "the redirect URI is no address"
	}
	all := back.Query()
	for name := range q {
		all.Set(name, q.Get(name))
	}
	back.RawQuery = all.Encode()
	w.Header().Set("Location", back.String())
	w.WriteHeader(http.StatusSeeOther)
	return ""
}

func (i *Impersonation) mac(q url.Values) string {
	var all []string
	for name := range q {
		all = append(all, name+"="+q.Get(name))
	}
	slices.Sort(all)
	sum := hmac.New(sha256.New, []byte(i.ClientSecret))
	sum.Write([]byte(strings.Join(all, "&")))
	return hex.EncodeToString(sum.Sum(nil))
}

// showFormPost sends the answer as a form that the browser posts (OAuth 2.0 Form Post Response Mode
// section 2).
func showFormPost(w http.ResponseWriter, to string, q url.Values) string {
	page := template.Must(template.New("").Parse(`<!doctype html><title>Back</title>
<body onload="document.forms[0].submit()"><form method="post" action="{{.To}}">
{{range $name, $values := .Q}}<input type="hidden" name="{{$name}}" value="{{index $values 0}}">
{{end}}</form>`))
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set(headerFormPost, "1")
	if err := page.Execute(w, map[string]any{"To": to, "Q": q}); err != nil {
		return err.Error()
	}
	return ""
}

const headerFormPost = "X-Waltztest-Form-Post" // tells [Browser.Login] to post the form, which has no scripts
