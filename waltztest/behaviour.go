package waltztest

import (
	"cmp"
	"time"
)

// Behaviour is what a provider may do in more than one way. The zero Behaviour is a strict provider
// of today (RFC 9700). [Server.Behave] changes it at any time.
type Behaviour struct {
	AccessLifetime  time.Duration // of access tokens; 0: an hour
	RefreshLifetime time.Duration // of refresh tokens, from their issue; 0: for ever
	CodeLifetime    time.Duration // of codes, those of devices and OAuth 1 request tokens too; 0: a minute

	Rotation Rotation
	Grace    time.Duration // how long a spent refresh token works on, where it works once

	ClientAuth  string        // the one way for the client to show its secret: "client_secret_basic", "client_secret_post"; "": either
	PollEvery   time.Duration // the least time between a device's questions; 0: five seconds (RFC 8628 section 3.2)
	PushOnly    bool          // logins must be pushed beforehand (RFC 9126 section 5)
	WithoutPKCE bool          // logins without PKCE are let in; its plain method never is

	Skew time.Duration // how far the provider's clock is ahead of the machine's; may be negative

	Unconfirmed bool // OAuth 1: request tokens come without the word that the redirect URI is known (RFC 5849 section 2.1)
	QuietDenial bool // OAuth 1: the answer of a person who says no just has no verifier; else it has denied, too

	Members map[string]any // of token answers: added or replaced, and left out where nil; not to be changed once given
	Claims  map[string]any // of ID tokens: the same
}

// Rotation says what becomes of a refresh token that was used.
type Rotation uint8

// The ways of rotation.
const (
	RotateStrict  Rotation = iota // it works once; used again, it ends the whole grant (RFC 9700 section 4.14.2)
	RotateLoosely                 // it works once; used again, it is refused, and the grant lives on
	RotateOnUse                   // it works until its successor is used; then as RotateStrict
	RotateNever                   // it works on, and no other is issued
)

func (b Behaviour) accessLifetime() time.Duration { return cmp.Or(b.AccessLifetime, time.Hour) }
func (b Behaviour) pollEvery() time.Duration      { return cmp.Or(b.PollEvery, 5*time.Second) }
func (b Behaviour) codeLifetime() time.Duration   { return cmp.Or(b.CodeLifetime, time.Minute) }

// Behave changes how the server behaves from the next request on. It calls change with the present
// behaviour, and nothing of the server may be called from there.
func (s *Server) Behave(change func(*Behaviour)) {
	s.behaviourMu.Lock()
	defer s.behaviourMu.Unlock()
	change(&s.behaviour)
}

func (s *Server) settings() Behaviour {
	s.behaviourMu.Lock()
	defer s.behaviourMu.Unlock()
	return s.behaviour
}

// Now is the time by the provider's clock, which its answers' Date tells.
func (s *Server) Now() time.Time { return time.Now().Add(s.settings().Skew) }

// ExpireAll ends every access token there is: the API refuses it from now on. Refresh tokens live.
func (s *Server) ExpireAll() { s.ledger.expireAll() }

// RevokeAll ends every grant there is, with its code, access tokens and refresh tokens, as if each
// person had removed the application from the account.
func (s *Server) RevokeAll() { s.ledger.revokeAll() }
