package token

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// MarshalJSON returns the record in the form in which it is stored, with the secrets of its token.
// Version and Now are left out, and so is what is zero.
func (r Record) MarshalJSON() ([]byte, error) { return r.AppendJSON(nil) }

// AppendJSON appends what MarshalJSON returns to b.
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
		b = append(b, '"')
		b = append(b, text.name...)
		b = append(b, `":`...)
		b = append(append(b, quote(text.value)...), ',')
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
		b = append(b, '"')
		b = append(b, at.name...)
		b = append(b, `":`...)
		b = append(appendUnix(b, at.time), ',')
	}
	return b, nil
}

// UnmarshalJSON reads a record from the form in which it is stored. Members that it does not know
// are dropped.
func (r *Record) UnmarshalJSON(data []byte) error {
	all, err := members(bytes.TrimSpace(data))
	if err != nil {
		return err
	}
	var read Record
	for _, m := range all {
		if err := read.set(m); err != nil {
			return err
		}
	}
	*r = read
	return nil
}

func (r *Record) set(m member) error {
	var text *string
	var at *time.Time
	switch m.name {
	case "token":
		r.Token = new(Token)
		return r.Token.UnmarshalJSON(m.value)
	case "grant":
		text = &r.Grant
	case "subject":
		text = &r.Subject
	case "reason":
		text = &r.Reason
	case "attempt":
		text = &r.Lease.Attempt
	case "generation":
		if json.Unmarshal(m.value, &r.Generation) != nil {
			return errMember(m, "a whole number")
		}
	case "state":
		i := slices.Index(states[:], unquote(m.value))
		if i < 0 {
			return errMember(m, "a state")
		}
		r.State = State(i)
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
		if m.value[0] != '"' {
			return errMember(m, "a string")
		}
		*text = unquote(m.value)
	}
	if at != nil {
		if *at = parseUnix(m.value); at.IsZero() {
			return errMember(m, "Unix seconds")
		}
	}
	return nil
}

// errMember says which member is wrong, and never what stands there.
func errMember(m member, want string) error {
	return fmt.Errorf("token: record's %s: want %s, got %s", m.name, want, kind(m.value))
}
