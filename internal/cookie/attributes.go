package cookie

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
)

// Name returns the name of a cookie that only this host can set, and only over https: base after
// the prefix __Host- (RFC 6265bis section 4.1.3.2). Insecure is for plain http on loopback, where
// browsers refuse the prefix.
func Name(base string, insecure bool) string {
	if insecure {
		return base
	}
	return "__Host-" + base
}

// Make returns a cookie that holds a secret, to be named by [Name]: for the whole host, out of reach
// of scripts, not sent with what other sites embed or post, and gone when the browser closes unless
// the caller sets a MaxAge.
func Make(name, value string, insecure bool) *http.Cookie {
	return &http.Cookie{ //nolint:gosec // Secure is missing only where browsers would refuse it
		Name:     name,
		Value:    value,
		Path:     "/",
		HttpOnly: true,
		Secure:   !insecure,
		SameSite: http.SameSiteLaxMode,
	}
}

// Expired returns a cookie that removes the one called name.
func Expired(name string, insecure bool) *http.Cookie {
	c := Make(name, "", insecure) //nolint:gosec // as above
	c.MaxAge = -1
	return c
}

// Tag returns 16 characters for a name that depends on parts: others for other parts, wherever
// one part ends and the next begins. They are a hash, and so tell nothing that cannot be guessed.
func Tag(parts ...string) string {
	sum := sha256.Sum256(Join(parts...))
	var text [16]byte
	base64.RawURLEncoding.Encode(text[:], sum[:12])
	return string(text[:])
}

// Join returns an encoding of parts that no other parts have.
func Join(parts ...string) []byte {
	n := 0
	for _, part := range parts {
		n += binary.MaxVarintLen16 + len(part)
	}
	b := make([]byte, 0, n)
	for _, part := range parts {
		b = binary.AppendUvarint(b, uint64(len(part)))
		b = append(b, part...)
	}
	return b
}

// CheckName says what is wrong with name as the beginning of cookies' names: it has letters, digits,
// dashes and underscores, which are all a token (RFC 9110 section 5.6.2), and 32 of them at most.
func CheckName(name string) error {
	if name == "" || len(name) > 32 {
		return fmt.Errorf("cookie name has %d characters, not 1 to 32", len(name))
	}
	for _, c := range []byte(name) {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_') {
			return errors.New("cookie name has characters other than letters, digits, dashes and underscores")
		}
	}
	return nil
}
