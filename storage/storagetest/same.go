package storagetest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"time"

	"github.com/waltz-oauth/waltz/token"
)

// same returns an error that says where got and want differ, Version and Now apart.
func same(got, want token.Record) error {
	for _, text := range []struct{ name, got, want string }{
		{"grant", got.Grant, want.Grant},
		{"subject", got.Subject, want.Subject},
		{"state", got.State.String(), want.State.String()},
		{"reason", got.Reason, want.Reason},
		{"lease's attempt", got.Lease.Attempt, want.Lease.Attempt},
	} {
		if text.got != text.want {
			return fmt.Errorf("%s is %q, want %q", text.name, text.got, text.want)
		}
	}
	if got.Generation != want.Generation {
		return fmt.Errorf("generation is %d, want %d", got.Generation, want.Generation)
	}
	for _, at := range []struct {
		name      string
		got, want time.Time
	}{
		{"since", got.Since, want.Since},
		{"lease's end", got.Lease.Until, want.Lease.Until},
		{"time to refresh", got.RefreshAt, want.RefreshAt},
		{"time before which not to", got.NotBefore, want.NotBefore},
	} {
		if !at.got.Equal(at.want) {
			return fmt.Errorf("%s is %v, want %v", at.name, at.got, at.want)
		}
	}
	return sameToken(got.Token, want.Token)
}

func sameToken(got, want *token.Token) error {
	if got == nil || want == nil {
		if got != want {
			return fmt.Errorf("token is nil: %t, want %t", got == nil, want == nil)
		}
		return nil
	}
	a, err := members(got)
	if err != nil {
		return err
	}
	b, err := members(want)
	if err != nil {
		return err
	}
	for name := range b {
		if !reflect.DeepEqual(a[name], b[name]) {
			return fmt.Errorf("the token's member %q is %.50v, want %.50v", name, a[name], b[name])
		}
	}
	if len(a) != len(b) {
		return fmt.Errorf("the token has %d members, want %d", len(a), len(b))
	}
	return nil
}

// members are those of t's JSON, numbers as they are spelled. How text is escaped and in what order
// members come is the storage's own affair.
func members(t *token.Token) (all map[string]any, err error) {
	b, err := t.MarshalJSON()
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	return all, d.Decode(&all)
}
