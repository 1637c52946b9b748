package flaskdance

import (
	"encoding/base64"
	"encoding/binary"
	"math"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// signedAs signs text as it is, whatever it is.
func signedAs(s signer, text string) string {
	return text + "." + encoding.EncodeToString(mac(s.keys[0], text))
}

func TestACookieThatUnpacksIntoTooMuchIsAbsent(t *testing.T) {
	t.Parallel()
	s, now := newSigner("fake", nil), time.Unix(1_714_979_289, 0)
	for size, want := range map[int]bool{maxSession: true, maxSession + 1: false, 64 << 20: false} {
		payload := `{"a":"` + strings.Repeat("a", size-len(`{"a":""}`)) + `"}`
		bomb := s.sign(payload, now)
		if bomb[0] != '.' {
			t.Fatal("it is not compressed")
		}
		if _, ok := s.open(bomb, now, time.Hour); ok != want {
			t.Errorf("%d bytes in a cookie of %d: opens: %t", size, len(bomb), ok)
		}
	}
	if _, ok := s.open(signedAs(s, "."+encoding.EncodeToString([]byte("x\x9c"))+".ZjiP2Q"), now, time.Hour); ok {
		t.Error("nothing, compressed, opens")
	}
}

func TestATimeThatIsNoneIsAbsent(t *testing.T) {
	t.Parallel()
	s, now := newSigner("fake", nil), time.Unix(1_714_979_289, 0)
	stamp := func(at uint64, n int) string {
		return encoding.EncodeToString(binary.BigEndian.AppendUint64(nil, at)[8-n:])
	}
	const whole = 1_714_979_289
	for name, test := range map[string]struct {
		stamp string
		want  bool
	}{
		"now":               {stamp(whole, 4), true},
		"with zeroes":       {stamp(whole, 6), true},
		"at its end":        {stamp(whole-3600, 4), true},
		"a second too old":  {stamp(whole-3601, 4), false},
		"a second too soon": {stamp(whole+1, 4), false},
		"1970":              {stamp(0, 1), false},
		"far from now":      {stamp(math.MaxUint64>>16, 6), false},
		"negative":          {stamp(math.MaxUint64, 8), false},
		"overlong":          {stamp(whole, 8), false},
		"empty":             {"", false},
		"no base64":         {"!!!!", false},
		"padded":            {base64.URLEncoding.EncodeToString([]byte{0x66, 0x38, 0x8f, 0xd9}), false},
		"long":              {strings.Repeat("A", 1<<20), false},
	} {
		value := signedAs(s, encoding.EncodeToString([]byte(`{"a":1}`))+"."+test.stamp)
		if _, ok := s.open(value, now, time.Hour); ok != test.want {
			t.Errorf("%s: opens: %t", name, ok)
		}
	}
}

func TestAKeyIsAnyBytes(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_714_979_289, 0)
	for _, key := range []string{"a", "\x00", "\xff\xfe", "Ž🐙", strings.Repeat("k", 1<<16)} {
		value := newSigner(key, nil).sign(`{"a":1}`, now)
		if payload, ok := newSigner("fake-new", []string{"fake-older", key}).open(value, now, time.Hour); !ok || payload != `{"a":1}` {
			t.Errorf("%.8q: got %q, %t", key, payload, ok)
		}
		if _, ok := newSigner(key+"x", nil).open(value, now, time.Hour); ok {
			t.Errorf("%.8q: another key opens it", key)
		}
	}
}

func TestAPartitionedCookieIsSetAndRemovedAsOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := session(t, SessionConfig{Secure: true, Partitioned: true})
		in := &request{s: s}
		for _, all := range [][]member{{newMember("a", "1")}, nil} {
			if c := in.cookie(all, time.Now()); !c.Partitioned || !strings.HasSuffix(c.String(), "; Partitioned") {
				t.Errorf("the cookie is %s", (&http.Cookie{Name: c.Name, Partitioned: c.Partitioned}).String())
			}
		}
	})
	if _, err := NewSession(SessionConfig{SecretKey: "fake", Partitioned: true}); err == nil {
		t.Error("browsers would drop the cookie, and nobody is told")
	}
}
