package waltztest

import (
	"crypto/rand"
	"net/http"
	"strings"
	"time"
)

// device is a login that was begun where there is no browser (RFC 8628 section 3.2).
type device struct {
	code, userCode string
	scopes         []string
	until, polled  time.Time
	slower         time.Duration // added to the interval by those who came too soon
	grant          *grant        // nil: nobody said yes yet
	denied, spent  bool
}

// beginDevice answers a device authorization request (RFC 8628 section 3.1).
func (s *Server) beginDevice(w http.ResponseWriter, r *http.Request) {
	if f := s.authenticate(r); f != nil {
		f.challenge(w, r)
		f.write(w)
		return
	}
	scopes := strings.Fields(r.PostForm.Get("scope"))
	for _, scope := range scopes {
		if !s.config.offers(scope) {
			failed("invalid_scope", "a scope is unknown").write(w)
			return
		}
	}
	b := s.settings()
	userCode := rand.Text()
	d := &device{
		code:     "fake-device-" + rand.Text(),
		userCode: userCode[:4] + "-" + userCode[4:8],
		scopes:   scopes,
		until:    s.Now().Add(b.codeLifetime()),
	}
	s.ledger.addDevice(d)
	writeJSON(w, http.StatusOK, map[string]any{
		"device_code":               d.code,
		"user_code":                 d.userCode,
		"verification_uri":          s.URL + "/device",
		"verification_uri_complete": s.URL + "/device?user_code=" + d.userCode,
		"expires_in":                b.codeLifetime().Seconds(),
		"interval":                  b.pollEvery().Seconds(),
	})
}

// askDevice is where a person types the code of a device in (RFC 8628 section 3.3).
func (s *Server) askDevice(w http.ResponseWriter, r *http.Request) {
	typed := r.URL.Query().Get("user_code")
	if typed == "" {
		s.show(w, http.StatusOK, consentPage{Title: "Which code does your device show?", Ask: true})
		return
	}
	d := s.ledger.device(func(d *device) bool { return d.userCode == strings.ToUpper(strings.TrimSpace(typed)) })
	if d == nil || !s.Now().Before(d.until) {
		s.show(w, http.StatusBadRequest, consentPage{Title: "That code is unknown, or too old: try again", Ask: true})
		return
	}
	a := &authorization{scopes: d.scopes, device: d}
	s.showConsent(w, a, s.ledger.ask(a, s.Now()))
}

// decide keeps what the person said of a device's login; nil is no.
func (s *Server) decide(w http.ResponseWriter, d *device, p *Person) {
	s.ledger.mu.Lock()
	d.denied = p == nil
	if p != nil {
		d.grant = &grant{person: *p, scopes: d.scopes}
	}
	s.ledger.mu.Unlock()
	s.show(w, http.StatusOK, consentPage{Title: "Go back to your device"})
}

func (l *ledger) addDevice(d *device) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.devices = append(l.devices, d)
	l.secrets = append(l.secrets, d.code)
}

func (l *ledger) device(is func(*device) bool) *device {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, d := range l.devices {
		if is(d) {
			return d
		}
	}
	return nil
}

// poll answers a device that asks for its token (RFC 8628 section 3.5).
func (l *ledger) poll(value string, b Behaviour, now time.Time) (issued, *failure) {
	d := l.device(func(d *device) bool { return d.code == value })
	l.mu.Lock()
	defer l.mu.Unlock()
	if d == nil || d.spent {
		return issued{}, failed("invalid_grant", "the device code is unknown, or was used before")
	}
	last := d.polled
	d.polled = now
	switch {
	case !now.Before(d.until):
		return issued{}, failed("expired_token", "the device code has expired")
	case d.denied:
		return issued{}, failed("access_denied", "The person said no.")
	case now.Sub(last) < b.pollEvery()+d.slower:
		d.slower += 5 * time.Second
		return issued{}, failed("slow_down", "asked too soon")
	case d.grant == nil:
		return issued{}, failed("authorization_pending", "nobody has decided yet")
	}
	d.spent = true
	return l.start(d.grant, b, now), nil
}
