package provider_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
)

// carries says why r does not carry the token as the API wants it, "" if it does.
func (s *stage) carries(r *http.Request) string {
	header, value := "Authorization", strings.TrimSpace(s.f.API.Scheme+" "+s.access)
	if s.f.API.Placement == "custom header" {
		header, value = s.f.API.Scheme, s.access
	}
	if r.Header.Get(header) != value {
		return "the token is not in the header " + header
	}
	for name, value := range s.f.API.Headers {
		if strings.Contains(value, "{tenant_id}") {
			continue // the program's own to say
		}
		value = strings.ReplaceAll(value, "{client_id}", stageID)
		if got := r.Header.Get(name); got != value && (!strings.Contains(value, "<") || got == "") {
			return "the header " + name + " is wanting"
		}
	}
	return ""
}

func (s *stage) userinfo(w http.ResponseWriter, r *http.Request, q url.Values, body []byte) string {
	u := s.f.Userinfo
	if r.Method != u.Method {
		return "the method is not " + u.Method
	}
	if why := s.carries(r); why != "" {
		return why
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
	answer := map[string]any{"sub": stageAccount}
	put(answer, u.Name, "Demo Ada")
	put(answer, u.Email, "ada@mail.example")
	put(answer, u.ID, stageAccount) // last: a name may be what tells accounts apart
	say(w, answer)
	return ""
}

// put puts v into doc where pointer points; a number in it is an index, of a list that has only that.
func put(doc map[string]any, pointer string, v any) {
	if pointer == "" {
		return
	}
	steps := strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	for i, name := range steps {
		steps[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(name)
	}
	for i, name := range steps[:len(steps)-1] {
		if name == "0" {
			continue
		}
		inner, _ := doc[name].(map[string]any)
		if list, ok := doc[name].([]any); ok {
			inner, _ = list[0].(map[string]any)
		}
		if inner == nil {
			inner = make(map[string]any)
			doc[name] = inner
			if steps[i+1] == "0" {
				doc[name] = []any{inner}
			}
		}
		doc = inner
	}
	doc[steps[len(steps)-1]] = v
}

func (s *stage) revocation() string {
	address := strings.ReplaceAll(s.f.Revocation.URL, "{client_id}", stageID)
	return filled(strings.ReplaceAll(address, "{user_id}", "me"))
}

// means reports whether a request to an address that has several uses is a revocation.
func (s *stage) means(r *http.Request, body []byte) bool {
	if s.revocation() != filled(s.f.TokenURL) {
		return true
	}
	got, _ := members(r, "form", body)
	return got["grant_type"] == s.f.Revocation.Params["grant_type"]
}

func (s *stage) revoke(r *http.Request, body []byte) string {
	v := s.f.Revocation
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
		if got[name] != strings.ReplaceAll(value, "{client_id}", stageID) {
			return "the member " + name + " is wanting"
		}
	}
	switch v.ClientAuth {
	case "bearer":
		if r.Header.Get("Authorization") != "Bearer "+s.access {
			return "the token is wanting"
		}
	case "client_id":
		if got["client_id"] != stageID || r.Header.Get("Authorization") != "" {
			return "the client is not known"
		}
	case "none":
		if r.Header.Get("Authorization") != "" {
			return "the client shows its secret"
		}
	default:
		if why := s.knows(v.ClientAuth, r, got, s.f.TokenRequest.Rename); why != "" {
			return why
		}
	}
	if v.TokenParam != "" && got[v.TokenParam] != s.access && got[v.TokenParam] != s.refresh {
		return "there is no token in " + v.TokenParam
	}
	s.revoked = true
	return ""
}
