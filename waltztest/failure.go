package waltztest

import (
	"encoding/json"
	"net/http"
	"net/url"
)

// failure is an error answer: its code is that of RFC 6749 section 4.1.2.1 or 5.2, or of RFC 6750
// section 3.1. The description never repeats what the request said.
type failure struct {
	status      int
	code        string
	description string
}

func failed(code, description string) *failure {
	return &failure{http.StatusBadRequest, code, description}
}

// write answers as RFC 6749 section 5.2 has it.
func (f *failure) write(w http.ResponseWriter) {
	writeJSON(w, f.status, map[string]string{"error": f.code, "error_description": f.description})
}

// writeJSON answers with v, which nobody may keep (RFC 6749 section 5.1).
func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "the answer is no JSON", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("Pragma", "no-cache")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client is gone: nobody is left to tell
}

// repeated reports whether a parameter of form comes more than once, which RFC 6749 sections 3.1
// and 3.2 forbid.
func repeated(form url.Values) bool {
	for _, values := range form {
		if len(values) > 1 {
			return true
		}
	}
	return false
}
