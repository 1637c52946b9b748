package waltztest

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// members are those of a request's body, whose shape must be the one that is known.
func members(r *http.Request, format string, body []byte) (map[string]string, string) {
	all := make(map[string]string)
	if format == "json" {
		if err := json.Unmarshal(body, &all); err != nil || r.Header.Get("Content-Type") != "application/json" {
			return nil, "it is not JSON"
		}
		return all, ""
	}
	form, err := url.ParseQuery(string(body))
	if err != nil || len(body) > 0 && r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
		return nil, "it is no form"
	}
	for name := range form {
		all[name] = form.Get(name)
	}
	return all, ""
}

// knows says why the client is not known by how it authenticates, "" if it is.
func (i *Impersonation) knows(how string, r *http.Request, got map[string]string) string {
	id := "client_id"
	if own := i.known.TokenRequest.Rename[id]; own != "" {
		id = own
	}
	user, password, basic := r.BasicAuth()
	secret := got["client_secret"]
	inHeader := basic && user == i.ClientID && password == i.ClientSecret && secret == ""
	inBody := !basic && got[id] == i.ClientID && secret == i.ClientSecret
	ok := false
	switch how {
	case "basic":
		ok = inHeader
	case "body":
		ok = inBody
	case "either", "":
		ok = inHeader || inBody
	case "none":
		ok = !basic && secret == "" && got[id] == i.ClientID
	case "secret":
		ok = r.Header.Get("Authorization") == "Bearer "+i.ClientSecret
	case "secret_as_username":
		ok = basic && user == i.ClientSecret && password == ""
	case "hash":
		spent := got["code"] + got["refresh_token"]
		sum := sha256.Sum256([]byte(i.ClientSecret + "|" + spent))
		ok = !basic && secret == "" && got[id] == i.ClientID && got["hash"] == hex.EncodeToString(sum[:])
	case "jwt":
		ok = !basic && got[id] == i.ClientID && i.signedSecret(secret)
	}
	if !ok {
		return "the client is not known: it authenticates by " + how
	}
	return ""
}

// token answers a request that spends a code or a refresh token.
func (i *Impersonation) token(w http.ResponseWriter, r *http.Request, at string, body []byte) string {
	tr := i.known.TokenRequest
	got, why := members(r, tr.Format, body)
	if why != "" {
		return why
	}
	if why := i.knows(tr.ClientAuth, r, got); why != "" {
		return why
	}
	for name, value := range tr.Headers {
		if name != "Authorization" && !strings.Contains(value, "<") && r.Header.Get(name) != value {
			return "the header " + name + " is wanting"
		}
	}
	for _, name := range tr.Omit {
		if _, ok := got[name]; ok {
			return "it has " + name
		}
	}
	switch got["grant_type"] {
	case "authorization_code":
		if why := i.spendCode(at, got); why != "" {
			return why
		}
	case "refresh_token":
		if i.known.RefreshURL != "" && at != i.fill(i.known.RefreshURL) {
			return "refreshes go elsewhere"
		}
		if i.known.RefreshToken.Params["redirect_uri"] != "" && got["redirect_uri"] == "" {
			return "the redirect URI is wanting"
		}
		if got["refresh_token"] != i.refresh || i.refresh == "" {
			i.refuse(w)
			return ""
		}
		i.refreshes++
	default:
		return "grant_type is " + strconv.Quote(got["grant_type"])
	}
	return i.grant(w, i.known.TokenResponse.WrappedAt)
}

func (i *Impersonation) spendCode(at string, got map[string]string) string {
	tr := i.known.TokenRequest
	if at != i.fill(i.known.TokenURL) || i.code == "" || got["code"] != i.code {
		return "no such code here"
	}
	for name, value := range tr.Params {
		if got[name] != i.fill(value) && !strings.Contains(value, "{client_id}") {
			return "the member " + name + " is wanting"
		}
	}
	if told := tr.Params["redirect_uri"] != ""; !told && !slices.Contains(tr.Omit, "redirect_uri") && got["redirect_uri"] != i.login.redirect {
		return "the redirect URI is another"
	}
	if c := i.login.challenge; c != "" && c != got["code_verifier"] && c != challengeOf(got["code_verifier"]) {
		return "the verifier is another"
	}
	i.code, i.revoked = "", false
	return ""
}

// carriesGrant tells requests apart by their grant_type.
func (i *Impersonation) carriesGrant(params map[string]string, was *url.URL, body []byte) bool {
	form, err := url.ParseQuery(string(body))
	return err == nil && (was.Query().Get("grant_type") == params["grant_type"] || form.Get("grant_type") == params["grant_type"])
}

// spend answers a request that spends an access token.
func (i *Impersonation) spend(w http.ResponseWriter, r *http.Request, method, param string, params map[string]string, was *url.URL, body []byte) string {
	got, why := members(r, "form", body)
	switch {
	case why != "":
		return why
	case r.Method != method:
		return "the method is not " + method
	case method == http.MethodGet:
		for name := range was.Query() {
			got[name] = was.Query().Get(name)
		}
	}
	for name, value := range params {
		value = strings.NewReplacer("{client_id}", i.ClientID, "{client_secret}", i.ClientSecret).Replace(value)
		if got[name] != value {
			return "the member " + name + " is wanting"
		}
	}
	if got[param] != i.access || i.access == "" {
		i.refuse(w)
		return ""
	}
	if i.refresh == i.access { // the login's own has been exchanged
		i.refreshes++
	}
	if why := i.grant(w, ""); why != "" {
		return why
	}
	i.refresh = i.access
	return ""
}

// refuse says that the grant has ended.
func (i *Impersonation) refuse(w http.ResponseWriter) {
	said := i.known.TokenResponse
	var doc any = map[string]any{"error": "invalid_grant"}
	if said.ErrorAt != "" {
		var code any = said.Dead
		if n, err := strconv.Atoi(said.Dead); err == nil {
			code = n
		}
		doc = put(map[string]any{}, said.ErrorAt, code)
	}
	writeJSON(w, http.StatusBadRequest, doc)
}

// grant answers with a token in the provider's form.
func (i *Impersonation) grant(w http.ResponseWriter, wrappedAt string) string {
	k := i.known
	i.access = "fake-access-" + rand.Text()
	answer := map[string]any{"access_token": i.access, "token_type": "bearer", "expires_in": int(i.lifetime / time.Second), "unheard_of": map[string]any{"kept": true}}
	switch k.TokenResponse.Expiry {
	case "none":
		delete(answer, "expires_in")
	case "zero":
		answer["expires_in"] = 0
	}
	switch {
	case k.TokenResponse.Type != "":
		answer["token_type"] = k.TokenResponse.Type
	case k.Quirk("token-type-fix"):
		delete(answer, "token_type")
	}
	if k.RefreshToken.Upgrade == nil && (i.refresh == "" || !k.Quirk("refresh-not-echoed")) {
		i.refresh = "fake-refresh-" + rand.Text()
		answer["refresh_token"] = i.refresh
	}
	if k.Userinfo != nil && k.Userinfo.Source == "token_response" {
		put(answer, k.Userinfo.ID, i.Person.Subject)
	}
	if l := k.API.Learned; l != nil && l.From == "token" {
		put(answer, l.Pointer, l.Value)
	}
	if k.Protocol == "oidc" && (strings.Contains(i.login.scopes, "openid") || k.Userinfo != nil && k.Userinfo.Source == "id_token") {
		idToken, err := i.idToken()
		if err != nil {
			return err.Error()
		}
		answer["id_token"] = idToken
	}
	if wrappedAt != "" {
		writeJSON(w, http.StatusOK, put(map[string]any{"ok": true}, wrappedAt, answer))
		return ""
	}
	writeJSON(w, http.StatusOK, answer)
	return ""
}

func (i *Impersonation) idToken() (string, error) {
	key, err := i.signing()
	if err != nil {
		return "", err
	}
	now := time.Now()
	c := claims(i.Person)
	c["iss"], c["aud"] = i.fill(i.known.Issuer), i.ClientID
	c["iat"], c["exp"] = now.Unix(), now.Add(time.Hour).Unix()
	if i.login.nonce != "" {
		c["nonce"] = i.login.nonce
	}
	return signed(key, c)
}

func (i *Impersonation) keys(w http.ResponseWriter) string {
	key, err := i.signing()
	if err != nil {
		return err.Error()
	}
	writeJSON(w, http.StatusOK, keySet(key))
	return ""
}
