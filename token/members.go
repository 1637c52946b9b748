package token

import (
	"bytes"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// scopes reads a scope member: text, its scopes separated by spaces (joined), or an array of text.
// Anything else names no scope.
func (s *scanner) scopes() (list []string, joined bool, err error) {
	if s.in.PeekKind() != '[' {
		v, err := s.value()
		if err != nil || v[0] != '"' {
			return nil, false, err
		}
		return slices.Clip(strings.Fields(unquote(v))), true, nil
	}
	err = s.list(']', func() error {
		v, err := s.value()
		if err == nil && v[0] == '"' {
			list = append(list, unquote(v))
		}
		return err
	})
	return slices.Clip(list), false, err
}

// formatScopes returns the scope member for scopes: text if joined is asked for and gives the same
// scopes back, and an array otherwise.
func formatScopes(scopes []string, joined bool) string {
	if text := strings.Join(scopes, " "); joined && slices.Equal(strings.Fields(text), scopes) {
		return quote(text)
	}
	quoted := make([]string, len(scopes))
	for i, s := range scopes {
		quoted[i] = quote(s)
	}
	return "[" + strings.Join(quoted, ",") + "]"
}

// parseExpiry reads an expires_at member: Unix seconds, a number or text that is one. It returns
// the zero time for null, 0, anything that is no number, and a time past the year 9999, which in
// effect never comes.
func parseExpiry(v string) time.Time {
	t, ok := parseUnix(strings.Trim(v, `"`))
	if !ok || t.Equal(time.Unix(0, 0)) {
		return time.Time{}
	}
	return t
}

const maxUnix = 253402300799 // the last second of the year 9999

// parseUnix reads Unix seconds, exactly to the nanosecond where there is no exponent.
func parseUnix(s string) (t time.Time, ok bool) {
	whole, fraction, _ := strings.Cut(s, ".")
	sec, err := strconv.ParseInt(whole, 10, 64)
	var nsec int64
	if err != nil || strings.Trim(fraction, "0123456789") != "" { // 1e9, 1.7e+09
		f, err := strconv.ParseFloat(s, 64)
		if err != nil || !(math.Abs(f) <= maxUnix) {
			return time.Time{}, false
		}
		floor := math.Floor(f)
		sec, nsec = int64(floor), int64((f-floor)*1e9)
	} else if fraction != "" {
		nsec, _ = strconv.ParseInt((fraction + "000000000")[:9], 10, 64) // digits all
		if strings.HasPrefix(whole, "-") {
			nsec = -nsec
		}
	}
	if sec > maxUnix || sec < -maxUnix {
		return time.Time{}, false
	}
	return time.Unix(sec, nsec).UTC(), true
}

// appendUnix appends t as Unix seconds, with as many decimals as it needs.
func appendUnix(b []byte, t time.Time) []byte {
	sec, nsec := t.Unix(), int64(t.Nanosecond())
	if sec < 0 && nsec > 0 { // -1.25 is two seconds before 1970 and 0.75 after
		sec, nsec = sec+1, 1e9-nsec
		if sec == 0 {
			b = append(b, '-')
		}
	}
	b = strconv.AppendInt(b, sec, 10)
	if nsec == 0 {
		return b
	}
	dot := len(b)
	b = strconv.AppendInt(b, 1e9+nsec, 10)
	b[dot] = '.' // where the 1 stands, which kept the zeros after it
	return bytes.TrimRight(b, "0")
}
