package token

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// MarshalJSON returns the record in the form in which it is stored, with the secrets of its token.
// Version and Now are left out, and so is what is zero. [json.Marshal] gives the same with <, > and &
// in text spelled as escapes.
func (r Record) MarshalJSON() ([]byte, error) { return r.AppendJSON(nil) }

// AppendJSON appends what MarshalJSON returns to b, allocating nothing but what b needs to grow unless
// a field of the token was set since it was read.
func (r Record) AppendJSON(b []byte) ([]byte, error) {
	b = append(b, '{')
	if r.Token != nil {
		b = append(b, `"token":`...)
		var err error
		if b, err = r.Token.appendJSON(b); err != nil {
			return nil, err
		}
		b = append(b, ',')
	}
	b, err := r.appendMeta(b)
	if err != nil {
		return nil, err
	}
	if b[len(b)-1] == ',' {
		b = b[:len(b)-1]
	}
	return append(b, '}'), nil
}

func (r Record) appendMeta(b []byte) ([]byte, error) {
	for _, text := range []struct{ name, value string }{
		{"grant", r.Grant},
		{"subject", r.Subject},
		{"reason", r.Reason},
		{"attempt", r.Lease.Attempt},
	} {
		if text.value == "" {
			continue
		}
		if !utf8.ValidString(text.value) {
			return nil, fmt.Errorf("token: record's %s is not UTF-8, which JSON cannot hold", text.name)
		}
		b = append(append(append(b, '"'), text.name...), `":`...)
		b, _ = jsontext.AppendQuote(b, text.value) // UTF-8, so it cannot fail
		b = append(b, ',')
	}
	if r.Generation != 0 {
		b = append(b, `"generation":`...)
		b = append(strconv.AppendUint(b, r.Generation, 10), ',')
	}
	if r.State != Active {
		if int(r.State) >= len(states) {
			return nil, fmt.Errorf("token: record has no known state: %s", r.State)
		}
		b = append(b, `"state":"`...)
		b = append(append(b, states[r.State]...), `",`...)
	}
	for _, at := range []struct {
		name string
		time time.Time
	}{
		{"since", r.Since},
		{"until", r.Lease.Until},
		{"refresh_at", r.RefreshAt},
		{"not_before", r.NotBefore},
	} {
		if at.time.IsZero() {
			continue
		}
		if sec := at.time.Unix(); sec > maxUnix || sec < -maxUnix {
			return nil, fmt.Errorf("token: record's %s is out of the years -9999 to 9999", at.name)
		}
		b = append(append(append(b, '"'), at.name...), `":`...)
		b = append(appendUnix(b, at.time), ',')
	}
	return b, nil
}

// UnmarshalJSON reads a record from the form in which it is stored. Members that it does not know
// are dropped. Errors say where the JSON is wrong and never what stands there.
func (r *Record) UnmarshalJSON(data []byte) error {
	s := newScanner(data)
	var read Record
	err := s.object(func(name string, _ int) (err error) {
		if name == "token" {
			read.Token, err = s.token()
			return err
		}
		v, err := s.value()
		if err != nil {
			return err
		}
		return read.set(name, v)
	})
	if err != nil {
		return err
	}
	if err := s.end(); err != nil {
		return err
	}
	*r = read
	return nil
}

func (r *Record) set(name, v string) error {
	var text *string
	var at *time.Time
	switch name {
	case "grant":
		text = &r.Grant
	case "subject":
		text = &r.Subject
	case "reason":
		text = &r.Reason
	case "attempt":
		text = &r.Lease.Attempt
	case "generation":
		var err error
		if r.Generation, err = strconv.ParseUint(v, 10, 64); err != nil {
			return errMember(name, v, "a whole number")
		}
	case "state":
		i := slices.Index(states[:], strings.Trim(v, `"`))
		if i < 0 {
			return errMember(name, v, "a state")
		}
		r.State = State(i) //nolint:gosec // an index of states
	case "since":
		at = &r.Since
	case "until":
		at = &r.Lease.Until
	case "refresh_at":
		at = &r.RefreshAt
	case "not_before":
		at = &r.NotBefore
	}
	if text != nil {
		if v[0] != '"' {
			return errMember(name, v, "a string")
		}
		*text = unquote(v)
	}
	if at != nil {
		var ok bool
		if *at, ok = parseUnix(v); !ok {
			return errMember(name, v, "Unix seconds")
		}
	}
	return nil
}

// errMember says which member is wrong, and never what stands there.
func errMember(name, v, want string) error {
	return fmt.Errorf("token: record's %s: want %s, got %s", name, want, kindOf(v))
}
