package waltztest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
)

// carries says why r does not carry the token as the API wants it, "" if it does.
func (i *Impersonation) carries(r *http.Request) string {
	api := i.known.API
	header, value := "Authorization", strings.TrimSpace(api.Scheme+" "+i.access)
	if api.Placement == "custom header" {
		header, value = api.Scheme, i.access
	}
	if i.access == "" || r.Header.Get(header) != value {
		return "the token is not in the header " + header
	}
	return i.hasHeaders(r)
}

func (i *Impersonation) hasHeaders(r *http.Request) string {
	for name, value := range i.known.API.Headers {
		if strings.Contains(value, "{tenant_id}") {
			continue // the program's own to say
		}
		value = strings.ReplaceAll(value, "{client_id}", i.ClientID)
		if got := r.Header.Get(name); got != value && (!strings.Contains(value, "<") || got == "") {
			return "the header " + name + " is wanting"
		}
	}
	return ""
}

// api answers any request to the API that carries the token.
func (i *Impersonation) api(w http.ResponseWriter, r *http.Request) string {
	if why := i.carries(r); why != "" {
		writeJSON(w, http.StatusUnauthorized, map[string]any{"error": "invalid_token"})
		return ""
	}
	writeJSON(w, http.StatusOK, map[string]any{"id": i.Person.Subject})
	return ""
}

// userinfo says whose account it is, each part where it is known to stand.
func (i *Impersonation) userinfo(w http.ResponseWriter, r *http.Request, q url.Values, body []byte) string {
	u := i.known.Userinfo
	why := i.carries(r)
	if own := u.Headers["Authorization"]; own != "" {
		if why = ""; r.Header.Get("Authorization") != strings.ReplaceAll(own, "{access_token}", i.access) {
			why = "the token does not travel as it has to there"
		}
	}
	if why != "" {
		return why
	}
	return i.describe(w, r, q, body)
}

// describe answers a request that has shown the token.
func (i *Impersonation) describe(w http.ResponseWriter, r *http.Request, q url.Values, body []byte) string {
	u := i.known.Userinfo
	if why := i.hasHeaders(r); why != "" || r.Method != u.Method {
		return "the method is not " + u.Method + ", or: " + why
	}
	for name, value := range u.Query {
		if q.Get(name) != value {
			return "the query lacks " + name
		}
	}
	if query, ok := u.Body.(string); ok {
		var asked struct{ Query string }
		if json.Unmarshal(body, &asked) != nil || asked.Query != query {
			return "it asks for " + string(bytes.TrimSpace(body))
		}
	}
	answer := map[string]any{"sub": i.Person.Subject}
	if i.known.Protocol == "oidc" && u.ID == "/sub" {
		answer = claims(i.Person) // the standard's, and what is known besides
		answer["picture"] = "https://pictures.example/" + i.Person.Subject
	}
	put(answer, u.Name, i.Person.Name)
	put(answer, u.Email, i.Person.Email)
	put(answer, u.ID, i.Person.Subject) // last: a name may be what tells accounts apart
	if l := i.known.API.Learned; l != nil && l.From == "userinfo" {
		put(answer, l.Pointer, l.Value)
	}
	writeJSON(w, http.StatusOK, answer)
	return ""
}

func (i *Impersonation) revocation() string {
	address := strings.ReplaceAll(i.known.Revocation.URL, "{client_id}", i.ClientID)
	return i.fill(strings.ReplaceAll(address, "{user_id}", "me"))
}

// meansRevocation reports whether a request to an address that has several uses is a revocation.
func (i *Impersonation) meansRevocation(r *http.Request, body []byte) bool {
	if i.revocation() != i.fill(i.known.TokenURL) {
		return true
	}
	got, _ := members(r, "form", body)
	return got["grant_type"] == i.known.Revocation.Params["grant_type"]
}

func (i *Impersonation) revoke(r *http.Request, body []byte) string {
	v := i.known.Revocation
	if r.Method != v.Method {
		return "the method is not " + v.Method
	}
	format := "form"
	if r.Header.Get("Content-Type") == "application/json" {
		format = "json"
	}
	got, why := members(r, format, body)
	if why != "" {
		return why
	}
	for name, value := range v.Params {
		if got[name] != strings.ReplaceAll(value, "{client_id}", i.ClientID) {
			return "the member " + name + " is wanting"
		}
	}
	how := v.ClientAuth
	switch how {
	case "bearer":
		if r.Header.Get("Authorization") != "Bearer "+i.access {
			return "the token is wanting"
		}
	case "client_id":
		if got["client_id"] != i.ClientID || r.Header.Get("Authorization") != "" {
			return "the client is not known"
		}
	case "none":
		if r.Header.Get("Authorization") != "" {
			return "the client shows its secret"
		}
	default:
		if i.known.TokenRequest.ClientAuth == "jwt" {
			how = "jwt"
		}
		if why := i.knows(how, r, got); why != "" {
			return why
		}
	}
	if v.TokenParam != "" && got[v.TokenParam] != i.access && got[v.TokenParam] != i.refresh {
		return "there is no token in " + v.TokenParam
	}
	i.revoked = true
	return ""
}
