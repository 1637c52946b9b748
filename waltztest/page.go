package waltztest

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"net/url"
)

//go:embed page.html style.css
var files embed.FS

// The form of the consent page, which is posted to /consent. [Browser] fills it in.
const (
	fieldRequest  = "request"  // hidden: the page's one-time id
	fieldSubject  = "subject"  // a radio button for each person, or hidden where there is one
	fieldDecision = "decision" // the two buttons
	valueAllow    = "allow"
	valueDeny     = "deny"
)

func parsePage() (*template.Template, error) { return template.ParseFS(files, "page.html") }

// Stylesheet is the look of the consent page, for other pages to share.
func Stylesheet() []byte {
	css, err := files.ReadFile("style.css")
	if err != nil {
		panic(err) // embedded above
	}
	return css
}

func serveStylesheet(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	_, _ = w.Write(Stylesheet()) // the client is gone: nobody is left to tell
}

type consentPage struct {
	Error   string // shown in place of the form
	Title   string // shown in place of it too; what the page says
	Ask     bool   // with a Title: a field for a device's code
	Client  string
	Request string
	People  []Person
	Scopes  []string
	Back    string // the host that the person is sent back to
}

func (s *Server) showConsent(w http.ResponseWriter, a *authorization, id string) {
	back := ""
	if u, err := url.Parse(a.redirectURI); err == nil {
		back = u.Host
	}
	s.show(w, http.StatusOK, consentPage{
		Client:  s.config.ClientName,
		Request: id,
		People:  s.config.People,
		Scopes:  a.scopes,
		Back:    back,
	})
}

func (s *Server) showError(w http.ResponseWriter, message string) {
	s.show(w, http.StatusBadRequest, consentPage{Error: message})
}

func (s *Server) show(w http.ResponseWriter, status int, p consentPage) {
	var page bytes.Buffer
	if err := s.page.Execute(&page, p); err != nil {
		http.Error(w, "the page could not be made", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	// No form-action: browsers hold it against the redirect that answers the form, too.
	h.Set("Content-Security-Policy", "default-src 'none'; img-src data:; style-src 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "same-origin") // the form's own post must name its origin
	w.WriteHeader(status)
	_, _ = w.Write(page.Bytes()) // the client is gone: nobody is left to tell
}
