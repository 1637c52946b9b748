package storagetest

import (
	"bytes"
	"fmt"
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
	a, err := got.MarshalJSON()
	if err != nil {
		return err
	}
	b, err := want.MarshalJSON()
	if err != nil {
		return err
	}
	if !bytes.Equal(a, b) {
		at := differ(a, b)
		return fmt.Errorf("token differs at byte %d of %d: %q, want %q", at, len(b), around(a, at), around(b, at))
	}
	return nil
}

// differ returns the index of the first byte in which a and b differ.
func differ(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// around shows a little of b. Tokens here are made up, so there is nothing to hide.
func around(b []byte, at int) []byte {
	return b[max(0, at-10):min(len(b), at+20)]
}
