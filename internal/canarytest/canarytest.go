// Package canarytest looks for secrets where none must be.
package canarytest

import (
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"strconv"
	"strings"
	"sync"
)

// Set is a set of secrets that are looked for whole, in part, and in the encodings that what is printed,
// sent and escaped comes in. The zero Set is empty. It is safe for concurrent use.
type Set struct {
	mu    sync.Mutex
	names map[string]string // of pieces of secrets: whose they are
}

// Of a secret's beginning few characters are too many, and of the rest some more. Secrets are random, so
// that they do not come about by chance.
const few, some = 8, 12

// Add puts a secret into the set, under a name for people. What it has in common with others of its kind,
// such as "fake-access-" or the header of an ID token, is left out.
func (s *Set) Add(name, secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.names == nil {
		s.names = make(map[string]string)
	}
	secret = random(secret)
	for _, form := range forms(secret) {
		for i := 0; i+some <= len(form); i++ {
			s.names[form[i:i+some]] = name
		}
	}
	for form := dump(secret); len(form) >= 2*some; form = form[1:] { // a byte is two characters
		s.names[form[:2*some]] = name
	}
	for _, form := range forms(secret) {
		s.names[form[:min(few, len(form))]] = name
	}
}

// random is the part of a secret that no other has.
func random(secret string) string {
	if parts := strings.Split(secret, "."); len(parts) == 3 { // an ID token, whose signature is as good as random
		return parts[2]
	}
	if rest, ours := strings.CutPrefix(secret, "fake-"); ours {
		if _, rest, ok := strings.Cut(rest, "-"); ok {
			return rest
		}
	}
	return secret
}

// forms are s and what becomes of it on its way to a page, an address, a header or a log. Of base64
// there are as many as s can begin in the middle of.
func forms(s string) []string {
	all := []string{s, url.QueryEscape(s), url.PathEscape(s), strings.Trim(strconv.Quote(s), `"`), strings.Trim(strconv.QuoteToASCII(s), `"`), strings.ToLower(s), strings.ToUpper(s)}
	for i := range min(3, len(s)) {
		all = append(all, base64.StdEncoding.EncodeToString([]byte(s[i:])), base64.URLEncoding.EncodeToString([]byte(s[i:])))
	}
	return append(all, reversed(s))
}

// dump is what a debugger makes of s.
func dump(s string) string { return hex.EncodeToString([]byte(s)) }

func reversed(s string) string {
	b := []byte(s)
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	return string(b)
}

// Find names a secret that is in text, and returns what is before it; "" where there is none.
func (s *Set) Find(text string) (name, before string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range text {
		for _, n := range []int{few, some, 2 * some} {
			if name, found := s.names[text[i:min(i+n, len(text))]]; found {
				return name, text[max(0, i-60):i]
			}
		}
	}
	return "", ""
}

// Len is how many pieces of secrets are looked for.
func (s *Set) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.names)
}
