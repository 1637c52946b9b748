package sessionstore

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/internal/benchtest"
	"github.com/waltz-oauth/waltz/token"
)

// The limit that this storage is held against is the least code that does the same work: JSON in
// one pass, AES-256-GCM, base64, a cookie.
type byHand struct{ aead cipher.AEAD }

func newByHand(b testing.TB) byHand {
	block, err := aes.NewCipher([]byte("fake-key-of-32-bytes............"))
	if err != nil {
		b.Fatal(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		b.Fatal(err)
	}
	return byHand{aead}
}

func (h byHand) write(header http.Header, r token.Record) {
	plain, err := r.AppendJSON(make([]byte, 0, 2048))
	if err != nil {
		panic(err)
	}
	sealed := make([]byte, 12, 12+len(plain)+16)
	_, _ = rand.Read(sealed)
	sealed = h.aead.Seal(sealed, sealed, plain, []byte("name"))
	c := http.Cookie{
		Name: "__Host-name", Value: base64.RawURLEncoding.EncodeToString(sealed),
		Path: "/", HttpOnly: true, Secure: true, SameSite: http.SameSiteLaxMode,
	}
	header.Add("Set-Cookie", c.String())
}

func (h byHand) read(req *http.Request) (r token.Record) {
	c, err := req.Cookie("__Host-name")
	if err != nil {
		panic(err)
	}
	sealed, err := base64.RawURLEncoding.DecodeString(c.Value)
	if err != nil {
		panic(err)
	}
	plain, err := h.aead.Open(nil, sealed[:12], sealed[12:], []byte("name"))
	if err != nil {
		panic(err)
	}
	if err := r.UnmarshalJSON(plain); err != nil {
		panic(err)
	}
	return r
}

func BenchmarkWrite(b *testing.B) { compare(b, writers) }

func BenchmarkRead(b *testing.B) { compare(b, readers) }

// TestAllocations holds what a benchmark cannot on a busy machine.
func TestAllocations(t *testing.T) {
	for name, c := range map[string]struct {
		sides func(testing.TB) (ours, hand func())
		more  float64
	}{
		"write": {writers, 10}, // the session, its jar and a copy, names, Cache-Control
		"read":  {readers, 7},  // the session, its jar, names, Vary
	} {
		ours, hand := c.sides(t)
		if is, limit := testing.AllocsPerRun(100, ours), testing.AllocsPerRun(100, hand); is > limit+c.more {
			t.Errorf("%s: %v allocations, %v by hand", name, is, limit)
		}
	}
}

func writers(b testing.TB) (ours, hand func()) {
	s, r, h := benchStorage(b), benchRecord(b), newByHand(b)
	return func() {
		in := &session{s: s}
		if err := in.set(benchKey, r); err != nil {
			panic(err)
		}
		in.begin(http.Header{})
	}, func() { h.write(http.Header{}, r) }
}

func readers(b testing.TB) (ours, hand func()) {
	s, r, h := benchStorage(b), benchRecord(b), newByHand(b)
	text, err := s.seal(benchKey, r)
	if err != nil {
		b.Fatal(err)
	}
	came := []string{"theme=dark; " + s.prefix + tag(benchKey) + "=" + text}
	header := http.Header{}
	h.write(header, r)
	theirs, err := http.ParseSetCookie(header.Get("Set-Cookie"))
	if err != nil {
		b.Fatal(err)
	}
	req := &http.Request{Header: http.Header{"Cookie": {"theme=dark; " + theirs.Name + "=" + theirs.Value}}}
	return func() {
		in := &session{s: s, came: came}
		if _, ok := in.get(b.Context(), benchKey); !ok {
			panic("does not open")
		}
		in.begin(http.Header{})
	}, func() { h.read(req) }
}

// compare runs ours and hand in turns, so that what else the machine does slows both, and reports
// how much longer ours takes.
func compare(b *testing.B, sides func(testing.TB) (ours, hand func())) {
	const batch = 50
	ours, hand := sides(b)
	var took [2]time.Duration
	for b.Loop() {
		for i, f := range []func(){ours, hand} {
			start := time.Now()
			for range batch {
				f()
			}
			took[i] += time.Since(start)
		}
	}
	per := float64(b.N * batch)
	b.ReportMetric(0, "ns/op") // of 2 batches, which says nothing
	b.ReportMetric(float64(took[0])/per, "ns/ours")
	b.ReportMetric(float64(took[1])/per, "ns/hand")
	b.ReportMetric(float64(took[0])/float64(took[1]), "x-by-hand")
	b.ReportMetric(testing.AllocsPerRun(50, ours), "allocs/ours")
	b.ReportMetric(testing.AllocsPerRun(50, hand), "allocs/hand")
}

var benchKey = token.Key{Provider: "google", User: "alice"}

func benchStorage(b testing.TB) *Storage {
	s, err := New(Config{Secrets: []string{"fake-secret-for-tests-0000000000000000000000"}})
	if err != nil {
		b.Fatal(err)
	}
	return s
}

func benchRecord(b testing.TB) token.Record {
	t := new(token.Token)
	if err := t.UnmarshalJSON(benchtest.Token); err != nil {
		b.Fatal(err)
	}
	return token.New(t)
}
