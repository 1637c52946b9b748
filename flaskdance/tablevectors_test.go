package flaskdance_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/flaskdance"
	"github.com/waltz-oauth/waltz/token"
)

type rowVector struct {
	Name   string
	Inputs struct {
		Dump, Provider string
		User           *int64 `json:"user_id"`
	}
	Expected struct {
		Row *struct {
			Text string `json:"token_text"`
		}
		Rows []struct {
			Text string `json:"token_text"`
		}
		Strict bool `json:"strict_json"`
		Token  json.RawMessage
		Error  string
	}
}

func (v rowVector) key() token.Key {
	k := token.Key{Provider: v.Inputs.Provider}
	if v.Inputs.User != nil {
		k.User = fmt.Sprint(*v.Inputs.User)
	}
	return k
}

func rowVectors(t *testing.T, name string, n int) []rowVector {
	t.Helper()
	var file struct{ Vectors []rowVector }
	if err := json.Unmarshal([]byte(read(t, "testdata/"+name)), &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Vectors) != n {
		t.Fatalf("%s has %d vectors, want %d", name, len(file.Vectors), n)
	}
	return file.Vectors
}

func value(t *testing.T, text []byte) (v any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return v
}

func TestRowsThatFlaskDanceWroteAreRead(t *testing.T) {
	t.Parallel()
	for file, n := range map[string]int{"sqlite/rows.json": 56, "postgresql/rows.json": 10} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			tables := make(map[string]*flaskdance.Table)
			for _, v := range rowVectors(t, file, n) {
				if tables[v.Inputs.Dump] == nil {
					tables[v.Inputs.Dump], _ = dumped(t, v.Inputs.Dump)
				}
				got, err := tables[v.Inputs.Dump].Load(t.Context(), v.key())
				if v.Expected.Row == nil {
					if !errors.Is(err, token.ErrNotFound) && !errors.Is(err, token.ErrKey) {
						t.Errorf("%s: got error %v", v.Name, err)
					}
					continue
				}
				if err != nil {
					t.Errorf("%s: %v", v.Name, err)
					continue
				}
				text, err := got.Token.MarshalJSON()
				if err != nil {
					t.Fatal(err)
				}
				if !reflect.DeepEqual(value(t, text), value(t, []byte(v.Expected.Row.Text))) {
					t.Errorf("%s: the token differs", v.Name)
				}
				var said struct {
					At json.Number `json:"expires_at"`
				}
				if err := json.Unmarshal([]byte(v.Expected.Row.Text), &said); err != nil {
					t.Fatal(err)
				}
				if at, _ := said.At.Float64(); said.At != "" && got.Token.Expiry.UnixMicro() != int64(at*1e6+0.5) {
					t.Errorf("%s: expires %v, want %s", v.Name, got.Token.Expiry, said.At)
				}
			}
		})
	}
}

func TestRowsThatAStrictReaderMayRefuse(t *testing.T) {
	t.Parallel()
	s, _ := dumped(t, "sqlite/edge.sql")
	for _, v := range rowVectors(t, "sqlite/edge.json", 10) {
		r, err := s.Get(t.Context(), v.key())
		switch {
		case v.Expected.Error != "": // of two rows Flask-Dance reads neither, and the newer counts here
			if err != nil || r.Token.AccessToken != "second" {
				t.Errorf("%s: got %v, %v", v.Name, r, err)
			}
		case !v.Expected.Strict:
			if err == nil || errors.Is(err, token.ErrNotFound) {
				t.Errorf("%s: got error %v, want one that says that no token can be read", v.Name, err)
			}
		case string(v.Expected.Token) == "null" || string(v.Expected.Token) == "{}":
			if !errors.Is(err, token.ErrNotFound) {
				t.Errorf("%s: got error %v", v.Name, err)
			}
		case err != nil:
			t.Errorf("%s: %v", v.Name, err)
		default:
			text, err := r.Token.MarshalJSON()
			if err != nil || !reflect.DeepEqual(value(t, text), value(t, []byte(v.Expected.Rows[0].Text))) {
				t.Errorf("%s: the token differs, %v", v.Name, err)
			}
		}
	}
}

// What Flask-Dance wrote is written anew by Go, read back as it was, and left in one row.
func TestWhatFlaskDanceWroteIsKeptWhenGoWritesIt(t *testing.T) {
	t.Parallel()
	for _, dump := range []string{"sqlite/no_user.sql", "sqlite/users.sql", "sqlite/edge.sql", "postgresql/users.sql"} {
		t.Run(dump, func(t *testing.T) {
			t.Parallel()
			s, db := dumped(t, dump)
			n := 0
			for row, err := range s.Rows(t.Context(), 0) {
				if err != nil {
					t.Fatal(err)
				}
				if row.Err != nil || row.ID > 1000 {
					continue
				}
				before := load(t, s, row.Key)
				version, err := s.Swap(t.Context(), row.Key, before.Version, before)
				if err != nil {
					t.Fatal(err)
				}
				after := load(t, s, row.Key)
				a, _ := before.Token.MarshalJSON()
				b, _ := after.Token.MarshalJSON()
				if !reflect.DeepEqual(value(t, a), value(t, b)) || after.Grant != before.Grant || after.Version != version || version == before.Version {
					t.Errorf("%s: it differs", row.Key)
				}
				if n++; n > 100 {
					t.Fatal("rows are read that were written meanwhile, and without end")
				}
			}
			if rows := scan[int](t, db, "SELECT COUNT(*) FROM flask_dance_oauth"); n == 0 || rows > n+3 {
				t.Errorf("%d rows were written, and %d are there", n, rows)
			}
		})
	}
}

// assigning a token in Flask-Dance adds expires_at, now plus expires_in; a token that Go gets has it too.
func TestALifetimeIsStoredAsFlaskDanceStoresIt(t *testing.T) {
	t.Parallel()
	var file struct {
		Vectors []struct {
			Name   string
			Inputs struct {
				SetAt time.Time `json:"set_at"`
				Token json.RawMessage
			}
			Expected struct {
				Stored json.RawMessage
				Error  any
			}
		}
	}
	if err := json.Unmarshal([]byte(read(t, "testdata/tokens/lifetime.json")), &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Vectors) != 14 {
		t.Fatalf("there are %d vectors", len(file.Vectors))
	}
	e := engines[0]
	s := e.table(t, e.made(t, "no-user"), flaskdance.TableConfig{})
	for i, v := range file.Vectors {
		if v.Expected.Stored == nil || string(v.Expected.Stored) == "null" {
			continue
		}
		stored := new(token.Token)
		if err := stored.UnmarshalJSON(v.Expected.Stored); err != nil {
			t.Errorf("%s: %v", v.Name, err)
			continue
		}
		key := token.Key{Provider: fmt.Sprint("lifetime", i)}
		set(t, s, key, token.New(stored))
		text, err := load(t, s, key).Token.MarshalJSON()
		if err != nil || !reflect.DeepEqual(value(t, text), value(t, v.Expected.Stored)) {
			t.Errorf("%s: the token differs, %v", v.Name, err)
		}
		var want struct {
			At float64 `json:"expires_at"`
		}
		if err := json.Unmarshal(v.Expected.Stored, &want); err != nil {
			t.Fatal(err)
		}
		if got := load(t, s, key).Token.Expiry; want.At != 0 && got.UnixMicro() != int64(want.At*1e6+0.5) {
			t.Errorf("%s: expires %v, want %f", v.Name, got, want.At)
		}
	}
}
