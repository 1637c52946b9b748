package waltztest

import "slices"

// Secrets lists what only the provider and its client may know, in the order in which it came about:
// the client's secret, every code and token that was issued, ID tokens among them, and the verifiers
// that came with codes. A test can look for each, however encoded, where none must be.
func (s *Server) Secrets() []string {
	s.ledger.mu.Lock()
	defer s.ledger.mu.Unlock()
	all := slices.Clone(s.ledger.secrets)
	if s.ClientSecret != "" {
		all = slices.Insert(all, 0, s.ClientSecret)
	}
	return all
}

// note adds what was not in the ledger yet; "" is nothing.
func (l *ledger) note(secret string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if secret != "" {
		l.secrets = append(l.secrets, secret)
	}
}
