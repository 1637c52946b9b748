package token_test

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/token"
)

func TestRecordRoundTrip(t *testing.T) {
	t.Parallel()
	at := time.Date(2024, 5, 6, 7, 8, 9, 123456789, time.UTC)
	for name, r := range map[string]token.Record{
		"zero": {},
		"new":  token.New(read(t, `{"access_token":"a"}`)),
		"full": {
			Token:      read(t, `{"access_token":"a","n":[1,{"x":"y z"}]}`),
			Grant:      "g\"\\\x00é🐙",
			Generation: math.MaxUint64,
			Subject:    "subject",
			State:      token.Reauthorize,
			Reason:     "invalid_grant",
			Since:      at,
			Lease:      token.Lease{Attempt: "attempt", Until: at.Add(time.Minute)},
			RefreshAt:  at.Add(-time.Hour),
			NotBefore:  at.Add(time.Microsecond),
		},
		"in doubt":        {State: token.InDoubt},
		"epoch":           {Since: time.Unix(0, 0).UTC(), RefreshAt: time.Unix(-1, 5e8).UTC()},
		"the last second": {RefreshAt: time.Unix(253402300799, 0).UTC()},
	} {
		b, err := json.Marshal(r)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var back token.Record
		if err := json.Unmarshal(b, &back); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if r.Token != nil {
			if got, want := written(t, back.Token), written(t, r.Token); got != want {
				t.Errorf("%s: the token is %s, want %s", name, got, want)
			}
		}
		r.Token, back.Token = nil, nil
		if !reflect.DeepEqual(back, r) {
			t.Errorf("%s: got %#v, want %#v", name, back, r)
		}
	}
}

func TestRecordLeavesOutWhatIsNotStored(t *testing.T) {
	t.Parallel()
	r := token.Record{Grant: "g", Version: "v", Now: time.Unix(5, 0)}
	if b, err := json.Marshal(r); err != nil || string(b) != `{"grant":"g"}` {
		t.Errorf("got %s %v", b, err)
	}
	prefix := []byte("prefix ")
	if b, err := r.AppendJSON(prefix); err != nil || string(b) != `prefix {"grant":"g"}` {
		t.Errorf("appended: got %s %v", b, err)
	}
	if b, err := (token.Record{}).AppendJSON([]byte("a,")); err != nil || string(b) != "a,{}" {
		t.Errorf("appended: got %s %v", b, err)
	}
}

func TestRecordDropsMembersItDoesNotKnow(t *testing.T) {
	t.Parallel()
	r := token.Record{Version: "old", Grant: "old", Now: time.Unix(5, 0)}
	if err := r.UnmarshalJSON([]byte(` { "new" : {"a":[1]} , "subject":"s", "version":"v" } `)); err != nil {
		t.Fatal(err)
	}
	if want := (token.Record{Subject: "s"}); !reflect.DeepEqual(r, want) {
		t.Errorf("got %#v, want %#v", r, want)
	}
}

func TestRecordThatJSONCannotHoldIsRefused(t *testing.T) {
	t.Parallel()
	for want, r := range map[string]token.Record{
		"token: record's grant is not UTF-8, which JSON cannot hold":      {Grant: "canary\xff"},
		"token: record's subject is not UTF-8, which JSON cannot hold":    {Subject: "canary\xff"},
		"token: record's reason is not UTF-8, which JSON cannot hold":     {Reason: "canary\xff"},
		"token: record's attempt is not UTF-8, which JSON cannot hold":    {Lease: token.Lease{Attempt: "canary\xff"}},
		"token: member access_token is not UTF-8, which JSON cannot hold": {Token: &token.Token{AccessToken: "canary\xff"}},
		"token: record has no known state: state 3":                       {State: 3},
		"token: record's refresh_at is out of the years -9999 to 9999":    {RefreshAt: time.Unix(253402300800, 0)},
	} {
		if _, err := r.MarshalJSON(); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestWrongRecordIsAClearErrorWithoutContent(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`null`:                             "token: want a JSON object, got null",
		`[]`:                               "token: want a JSON object, got an array",
		`{"token":"canary-fake-secret"}`:   "token: want a JSON object, got a string",
		`{"token":null}`:                   "token: want a JSON object, got null",
		`{"token":{"access_token":[7]}}`:   "token: member access_token: want a string, got an array",
		`{"grant":7}`:                      "token: record's grant: want a string, got a number",
		`{"grant":null}`:                   "token: record's grant: want a string, got null",
		`{"generation":-1}`:                "token: record's generation: want a whole number, got a number",
		`{"generation":"7"}`:               "token: record's generation: want a whole number, got a string",
		`{"state":"canary-fake-secret"}`:   "token: record's state: want a state, got a string",
		`{"state":0}`:                      "token: record's state: want a state, got a number",
		`{"since":"canary-fake-secret"}`:   "token: record's since: want Unix seconds, got a string",
		`{"until":1e99}`:                   "token: record's until: want Unix seconds, got a number",
		`{"grant":"canary-fake-secret"`:    "token: not valid JSON at byte 29",
		`{"grant":"a"} canary-fake-secret`: "token: more follows the JSON object",
	} {
		r := token.Record{Grant: "as it was"}
		err := r.UnmarshalJSON([]byte(text))
		if err == nil || err.Error() != want {
			t.Errorf("%s: got %q, want %q", text, err, want)
		}
		if err != nil && strings.Contains(err.Error(), canary) {
			t.Errorf("%s: the error shows it", text)
		}
		if r.Grant != "as it was" {
			t.Errorf("%s: the record was changed", text)
		}
	}
}

func TestNewBeginsAGrant(t *testing.T) {
	t.Parallel()
	tok := read(t, `{"access_token":"a"}`)
	a, b := token.New(tok), token.New(tok)
	if a.Grant == "" || a.Grant == b.Grant {
		t.Errorf("grants are %q and %q", a.Grant, b.Grant)
	}
	if a.Token != tok || a.Since.IsZero() || a.Since.Nanosecond()%1000 != 0 {
		t.Errorf("got %#v", a)
	}
}
