package cookie

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
)

// secret is plainly none: its number and forty dots.
func secret(n int) string { return fmt.Sprintf("fake-secret-%d%s", n, strings.Repeat(".", 40)) }

func codec(t testing.TB, purpose string, secrets ...string) *Codec {
	t.Helper()
	c, err := New(purpose, secrets)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestOpenReturnsWhatWasSealed(t *testing.T) {
	t.Parallel()
	c := codec(t, "test", secret(1))
	for _, value := range [][]byte{{}, []byte("a"), []byte("\x00\xff"), bytes.Repeat([]byte("long "), 10_000)} {
		text := c.Seal("name", value)
		if got, ok := c.Open("name", text); !ok || !bytes.Equal(got, value) {
			t.Errorf("%d bytes do not come back", len(value))
		}
		if again := c.Seal("name", value); again == text {
			t.Error("a nonce was used twice")
		}
	}
}

func TestOnlyWhatWasSealedOpens(t *testing.T) {
	t.Parallel()
	c := codec(t, "test", secret(1))
	good := c.Seal("name", []byte("value"))
	if _, ok := c.Open("name", good); !ok {
		t.Fatal("does not open untouched")
	}
	raw, err := base64.RawURLEncoding.DecodeString(good)
	if err != nil {
		t.Fatal(err)
	}
	for i := range raw {
		changed := bytes.Clone(raw)
		changed[i] ^= 1
		if _, ok := c.Open("name", encoding.EncodeToString(changed)); ok {
			t.Errorf("opens with byte %d changed", i)
		}
		if _, ok := c.Open("name", encoding.EncodeToString(raw[:i])); ok {
			t.Errorf("opens cut to %d bytes", i)
		}
	}
	for i := range good {
		changed := []byte(good)
		changed[i] ^= 1
		if _, ok := c.Open("name", string(changed)); ok {
			t.Errorf("opens with character %d changed", i)
		}
	}
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	end := len(good) - 1 // 37 bytes leave four bits of the last character that stand for nothing
	same := good[:end] + alphabet[strings.IndexByte(alphabet, good[end])+1:][:1]
	for _, text := range []string{same, "", "=", good + "=", good + "A", good[:9] + "\r\n" + good[9:], "not base64!", strings.Repeat("A", 5000)} {
		if _, ok := c.Open("name", text); ok {
			t.Errorf("opens %.60q", text)
		}
	}
}

func TestBoundToNamePurposeAndSecret(t *testing.T) {
	t.Parallel()
	text := codec(t, "test", secret(1)).Seal("name", []byte("value"))
	for _, other := range []struct {
		why, purpose, name, secret string
	}{
		{"another name", "test", "eman", secret(1)},
		{"no name", "test", "", secret(1)},
		{"another purpose", "tset", "name", secret(1)},
		{"a character of the purpose in the name", "tes", "tname", secret(1)},
		{"another secret", "test", "name", secret(2)},
	} {
		if _, ok := codec(t, other.purpose, other.secret).Open(other.name, text); ok {
			t.Errorf("opens with %s", other.why)
		}
	}
	// The keys of two purposes differ, so the purpose in the associated data is seen with one key.
	a, b := codec(t, "tes", secret(1)), codec(t, "test", secret(1))
	b.keys = a.keys
	if _, ok := b.Open("name", a.Seal("tname", nil)); ok {
		t.Error("purpose and name run together")
	}
}

func TestOldSecretsOpenAndTheNewestSeals(t *testing.T) {
	t.Parallel()
	old := codec(t, "test", secret(1))
	both := codec(t, "test", secret(2), secret(1))
	if got, ok := both.Open("name", old.Seal("name", []byte("old"))); !ok || string(got) != "old" {
		t.Error("what the old secret sealed does not open")
	}
	text := both.Seal("name", []byte("new"))
	if _, ok := old.Open("name", text); ok {
		t.Error("sealed with the old secret")
	}
	if _, ok := codec(t, "test", secret(2)).Open("name", text); !ok {
		t.Error("not sealed with the newest secret")
	}
}

func TestKeysThatShareAnIDAreBothTried(t *testing.T) {
	t.Parallel()
	c := codec(t, "test", secret(1), secret(2))
	c.keys[0].id = c.keys[1].id
	second := &Codec{keys: c.keys[1:], bound: c.bound}
	if _, ok := c.Open("name", second.Seal("name", nil)); !ok {
		t.Error("only the first key of an id is tried")
	}
}

func TestSecretsThatAreNone(t *testing.T) {
	t.Parallel()
	short := "fake-secret-of-31-characters..."
	for _, secrets := range [][]string{nil, {}, {""}, {short}, {secret(1), short}} {
		_, err := New("test", secrets)
		if err == nil {
			t.Errorf("%d secrets: no error", len(secrets))
			continue
		}
		if !strings.Contains(err.Error(), "openssl rand -base64 32") {
			t.Errorf("does not say how to make one: %v", err)
		}
		if strings.Contains(err.Error(), "fake-secret") {
			t.Errorf("error has the secret in it: %v", err)
		}
	}
}

// sealed is "value" under "name", sealed by secret(1) for the purpose "test": cookies of running
// applications look like this.
const sealed = "AcDTL7JVcW2kgBMonbha9V2ifEht4UuCC3Vw_MQH6d24dMBG2w"

func TestCookiesOfEarlierVersionsOpen(t *testing.T) {
	t.Parallel()
	if value, ok := codec(t, "test", secret(1)).Open("name", sealed); !ok || string(value) != "value" {
		t.Error("the format or the keys have changed")
	}
}

func FuzzOpen(f *testing.F) {
	c := codec(f, "test", secret(2), secret(1))
	f.Add("name", sealed)
	f.Add("name", sealed[:len(sealed)-1])
	f.Add("", "")
	f.Add("name", "AQAAAA")
	f.Fuzz(func(t *testing.T, name, text string) {
		value, ok := c.Open(name, text)
		if ok && (name != "name" || text != sealed || string(value) != "value") {
			t.Errorf("opens what nobody sealed: %q", text)
		}
		if got, ok := c.Open(name, c.Seal(name, []byte(text))); !ok || string(got) != text {
			t.Error("what was sealed does not come back")
		}
	})
}

func TestOpeningCostsTheSameWithFiveSecrets(t *testing.T) {
	one := codec(t, "test", secret(1))
	five := codec(t, "test", secret(5), secret(4), secret(3), secret(2), secret(1))
	text := one.Seal("name", make([]byte, 1000))
	allocs := func(c *Codec) float64 {
		return testing.AllocsPerRun(100, func() {
			if _, ok := c.Open("name", text); !ok {
				t.Error("does not open")
			}
		})
	}
	if a, b := allocs(one), allocs(five); a != b {
		t.Errorf("one secret %v allocations, five %v", a, b)
	}
}

func BenchmarkOpen(b *testing.B) {
	for _, n := range []int{1, 5} {
		b.Run(fmt.Sprintf("secrets=%d", n), func(b *testing.B) {
			secrets := make([]string, n)
			for i := range secrets {
				secrets[i] = secret(n - i)
			}
			c := codec(b, "test", secrets...)
			text := codec(b, "test", secret(1)).Seal("name", make([]byte, 1000))
			b.ReportAllocs()
			for b.Loop() {
				if _, ok := c.Open("name", text); !ok {
					b.Fatal("does not open")
				}
			}
		})
	}
}
