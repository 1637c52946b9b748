package token

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"
)

// parseScopes reads a scope member: text, its scopes separated by spaces, or an array of text.
// Anything else names no scope.
func parseScopes(v []byte) []string {
	switch v[0] {
	case '"':
		return strings.Fields(unquote(v))
	case '[':
		var list []string
		if json.Unmarshal(v, &list) != nil {
			return nil
		}
		return list
	default:
		return nil
	}
}

// parseUnix reads an expires_at member: Unix seconds, a number or text that is one. It returns the
// zero time for null, 0, anything that is no number, and a time past the year 9999, which in effect
// never comes.
func parseUnix(v []byte) time.Time {
	s := strings.Trim(string(v), `"`)
	whole, fraction, _ := strings.Cut(s, ".")
	sec, err := strconv.ParseInt(whole, 10, 64)
	nsec, errFraction := strconv.ParseInt((fraction + "000000000")[:9], 10, 64)
	if err != nil || errFraction != nil || nsec < 0 {
		f, err := strconv.ParseFloat(s, 64) // 1e9, 1.7e+09
		if err != nil || math.Abs(f) > maxUnix {
			return time.Time{}
		}
		floor := math.Floor(f)
		sec, nsec = int64(floor), int64((f-floor)*1e9)
	} else if strings.HasPrefix(whole, "-") {
		nsec = -nsec
	}
	if sec == 0 && nsec == 0 || sec > maxUnix || sec < -maxUnix {
		return time.Time{}
	}
	return time.Unix(sec, nsec).UTC()
}

const maxUnix = 253402300799 // the last second of the year 9999

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
	fraction := strconv.FormatInt(1e9+nsec, 10)[1:]
	return append(append(b, '.'), strings.TrimRight(fraction, "0")...)
}
