package token_test

import (
	"encoding/json"
	"testing"
	"time"

	jsonv2 "github.com/go-json-experiment/json"

	"github.com/waltz-oauth/waltz/internal/benchtest"
	"github.com/waltz-oauth/waltz/token"
)

// benchRecord is the record that both sides of each benchmark work on: a token of 1.2 kB with an
// ID token, being refreshed.
func benchRecord(tb testing.TB) (r token.Record, stored []byte) {
	tb.Helper()
	var t token.Token
	if err := json.Unmarshal(benchtest.Token, &t); err != nil {
		tb.Fatal(err)
	}
	at := time.Date(2024, 5, 6, 7, 8, 9, 123456000, time.UTC)
	r = token.Record{
		Token:      &t,
		Grant:      "ADVWXC4VUYDV2LSHIM3NUVVXGT",
		Generation: 7,
		Subject:    "110000000000000000001",
		Since:      at,
		Lease:      token.Lease{Attempt: "FNMJQYGOLSIXPOHDGMWYIQDLYE", Until: at.Add(time.Minute)},
		RefreshAt:  at.Add(55 * time.Minute),
	}
	stored, err := r.AppendJSON(nil)
	if err != nil {
		tb.Fatal(err)
	}
	return r, stored
}

func BenchmarkRecordOut(b *testing.B) {
	r, stored := benchRecord(b)
	var members map[string]any
	if err := json.Unmarshal(stored, &members); err != nil {
		b.Fatal(err)
	}
	run := func(name string, write func() error) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := write(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	buf := make([]byte, 0, 4096)
	run("record", func() error { _, err := r.AppendJSON(buf); return err })
	run("encoding/json", func() error { _, err := json.Marshal(members); return err })
	run("json-v2", func() error { _, err := jsonv2.Marshal(members); return err })
}

func BenchmarkRecordIn(b *testing.B) {
	_, stored := benchRecord(b)
	run := func(name string, read func() error) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := read(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	run("record", func() error { var r token.Record; return r.UnmarshalJSON(stored) })
	run("encoding/json", func() error { var members map[string]any; return json.Unmarshal(stored, &members) })
	run("json-v2", func() error { var members map[string]any; return jsonv2.Unmarshal(stored, &members) })
}

// Allocations are what a machine's noise does not move.
func TestRecordAllocations(t *testing.T) {
	r, stored := benchRecord(t)
	buf := make([]byte, 0, 4096)
	if got := testing.AllocsPerRun(100, func() { _, _ = r.AppendJSON(buf) }); got != 0 {
		t.Errorf("writing a record allocates %v times, want 0", got)
	}
	// The decoder and what belongs to it, the text, the token, the list of scopes as it grows.
	if got := testing.AllocsPerRun(100, func() { _ = new(token.Record).UnmarshalJSON(stored) }); got != 13 {
		t.Errorf("reading a record allocates %v times, want 13", got)
	}
}
