package provider_test

import (
	"testing"

	"github.com/waltz-oauth/waltz/internal/breaktest"
)

// taken is a defence that is taken away: what the code does, where, and what it does instead.
type taken struct{ defence, file, code, instead, test string }

// without takes each away, and sees the attack come through.
func without(t *testing.T, all []taken) {
	t.Helper()
	for _, d := range all {
		breaktest.Run(t, ".", []breaktest.Break{{Name: d.defence, File: d.file, Old: d.code, New: d.instead, Test: d.test}})
	}
}

// TestBreaks is a sample of the ones that TestSoakBreaks goes through.
func TestBreaks(t *testing.T) {
	t.Parallel()
	without(t, []taken{
		{"an answer has an end", "send.go", "io.LimitReader(resp.Body, maxAnswer+1)", "resp.Body", "TestAttackOversizedAnswer"},
		{"the challenge is a hash", "authorize.go", "= challenge(r.Verifier)", "= r.Verifier", "TestAuthorizationURL"},
	})
}
