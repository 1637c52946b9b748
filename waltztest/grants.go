package waltztest

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"time"
)

// issued is what a token answer is made of.
type issued struct {
	grant   *grant
	access  string
	refresh string // "": none
	scopes  []string
	first   bool // from a login, not a refresh
}

// exchange spends a code, whether or not the rest of the request is right (RFC 6749 sections 4.1.2
// and 4.1.3, RFC 7636 section 4.6).
func (l *ledger) exchange(value, redirectURI, verifier string, b Behaviour, now time.Time) (issued, *failure) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.codes[value]
	if c == nil {
		return issued{}, failed("invalid_grant", "the code is unknown")
	}
	if c.spent {
		c.grant.revoked = true
		return issued{}, failed("invalid_grant", "the code was used before; what it led to is revoked")
	}
	c.spent = true
	switch {
	case !now.Before(c.until):
		return issued{}, failed("invalid_grant", "the code has expired")
	case redirectURI != c.redirectURI:
		return issued{}, failed("invalid_grant", "redirect_uri is not that of the authorization request")
	case c.challenge == "" && verifier != "": // RFC 9700 section 4.8.2
		return issued{}, failed("invalid_grant", "code_verifier came, and no code_challenge before")
	case c.challenge != "" && challengeOf(verifier) != c.challenge:
		return issued{}, failed("invalid_grant", "code_verifier does not fit the code_challenge")
	}
	return l.start(c.grant, b, now), nil
}

// issue starts g without a code.
func (l *ledger) issue(g *grant, b Behaviour, now time.Time) issued {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.start(g, b, now)
}

// start issues the first tokens of g.
func (l *ledger) start(g *grant, b Behaviour, now time.Time) issued {
	i := l.tokens(g, g.scopes, b, now, &refreshToken{grant: g, issued: now})
	i.first = true
	return i
}

// renew spends a refresh token (RFC 6749 section 6). Scopes, if any, narrow the answer.
func (l *ledger) renew(value string, scopes []string, b Behaviour, now time.Time) (issued, *failure) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.refresh[value]
	switch {
	case t == nil:
		return issued{}, failed("invalid_grant", "the refresh token is unknown")
	case t.grant.revoked:
		return issued{}, failed("invalid_grant", "the grant is revoked")
	case b.RefreshLifetime > 0 && now.Sub(t.issued) >= b.RefreshLifetime:
		return issued{}, failed("invalid_grant", "the refresh token has expired")
	case !t.works(b, now):
		t.grant.revoked = b.Rotation != RotateLoosely
		return issued{}, failed("invalid_grant", "the refresh token was used before")
	case slices.ContainsFunc(scopes, func(sc string) bool { return !slices.Contains(t.grant.scopes, sc) }):
		return issued{}, failed("invalid_scope", "more was asked than was granted")
	}
	if len(scopes) == 0 {
		scopes = t.grant.scopes
	}
	if b.Rotation == RotateNever {
		return l.tokens(t.grant, scopes, b, now, nil), nil
	}
	if t.spent.IsZero() {
		t.spent = now
	}
	if t.parent != nil {
		t.parent.over = true
		t.parent = nil
	}
	return l.tokens(t.grant, scopes, b, now, &refreshToken{grant: t.grant, parent: t, issued: now}), nil
}

// works reports whether t may be used now.
func (t *refreshToken) works(b Behaviour, now time.Time) bool {
	switch {
	case t.spent.IsZero(), b.Rotation == RotateNever:
		return true
	case b.Rotation == RotateOnUse:
		return !t.over
	default:
		return now.Sub(t.spent) < b.Grace
	}
}

// tokens issues an access token for g, and next, which may be nil.
func (l *ledger) tokens(g *grant, scopes []string, b Behaviour, now time.Time, next *refreshToken) issued {
	i := issued{grant: g, access: "fake-access-" + rand.Text(), scopes: scopes}
	l.access[i.access] = &accessToken{grant: g, until: now.Add(b.accessLifetime())}
	l.secrets = append(l.secrets, i.access)
	if next != nil {
		i.refresh = "fake-refresh-" + rand.Text()
		l.refresh[i.refresh] = next
		l.secrets = append(l.secrets, i.refresh)
	}
	return i
}

// challengeOf is the S256 challenge for verifier (RFC 7636 section 4.2), "" where verifier is not
// what section 4.1 allows.
func challengeOf(verifier string) string {
	if len(verifier) < 43 || len(verifier) > 128 {
		return ""
	}
	for _, c := range []byte(verifier) {
		switch {
		case 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-', c == '.', c == '_', c == '~':
		default:
			return ""
		}
	}
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
