package storagetest

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/waltz-oauth/waltz/token"
)

// newProvider makes up the name of a provider under which nothing is stored.
func newProvider() string { return "T" + rand.Text()[:12] }

// newRecord makes a small record unlike any other.
func newRecord() token.Record {
	r := token.New(&token.Token{
		AccessToken:  "fake-access-" + rand.Text(),
		TokenType:    "bearer",
		RefreshToken: "fake-refresh-" + rand.Text(),
	})
	r.Subject = rand.Text()
	return r
}

// answers are what providers answer, one for each thing that a storage could lose.
func answers() []promise[token.Storage] {
	big := `{"access_token":"fake","id_token":"` + strings.Repeat("x", 60_000) + `"}`
	return []promise[token.Storage]{
		answer("round trip/minimal", "a token of one member comes back.",
			`{"access_token":"fake"}`),
		answer("round trip/every field", "every field of a token comes back.",
			`{"access_token":"fake","token_type":"Bearer","refresh_token":"fake-r","scope":"a b","expires_in":3600,"expires_at":1714986489.123456}`),
		answer("round trip/OAuth 1", "an OAuth 1 token comes back with its secret.",
			`{"oauth_token":"fake","oauth_token_secret":"fake-secret","user_id":"7"}`),
		answer("round trip/extras", "members that no field stands for come back: nested, null and empty ones too.",
			`{"access_token":"fake","z":{"list":[1,{"deep":[[],{}]}],"a":null},"a":"","team":{"id":"T1"},"t":true}`),
		answer("round trip/numbers", "numbers come back digit by digit.",
			`{"access_token":"fake","n":1000000000000000000000000000000,"t":1714986489.123456,"i":9007199254740993,"e":1e400,"z":1.10,"m":-0}`),
		answer("round trip/text", "text comes back as it came.",
			`{"access_token":"fake","name":"Zoë 😀 \ud83d\ude00 \u0000 \u00e9 é","html":"<a href=\"/?x&y\">","u2028":"`+"\u2028"+`","back\\slash":"\\\/\n","":"'';--"}`),
		answer("round trip/60 kB", "a token of 60 kB comes back, or is refused and changes nothing.",
			big),
	}
}

// answer promises that the token in a provider's answer is kept.
func answer(name, says, body string) promise[token.Storage] {
	return promise[token.Storage]{name, says, func(ctx context.Context, s token.Storage) error {
		t := new(token.Token)
		if err := json.Unmarshal([]byte(body), t); err != nil {
			return err
		}
		return keeps(ctx, s, token.New(t), len(body) > 1000)
	}}
}

// recordFields promises that a storage keeps what a keeper remembers.
func recordFields(ctx context.Context, s token.Storage) error {
	at := time.Date(2031, 2, 3, 4, 5, 6, 789_012_000, time.UTC)
	full := newRecord()
	full.Generation = math.MaxInt64
	full.State = token.InDoubt
	full.Reason = "temporarily_unavailable"
	full.Since = at
	full.Lease = token.Lease{Attempt: rand.Text(), Until: at.Add(time.Microsecond)}
	full.RefreshAt = at.Add(2 * time.Microsecond)
	full.NotBefore = at.Add(-time.Microsecond)

	dead := newRecord()
	dead.State = token.Reauthorize
	dead.Reason = "invalid_grant"

	early := newRecord()
	early.Since = time.Date(1969, 12, 31, 23, 59, 58, 750_000_000, time.UTC)

	for _, r := range []token.Record{full, dead, early, newRecord()} {
		if err := keeps(ctx, s, r, false); err != nil {
			return err
		}
	}
	return nil
}

// keeps sets r over another record and looks for it, or where it may be refused for the other.
func keeps(ctx context.Context, s token.Storage, r token.Record, mayRefuse bool) error {
	key, before := token.Key{Provider: newProvider(), User: "alice"}, newRecord()
	if err := s.Set(ctx, key, before); err != nil {
		return err
	}
	err := s.Set(ctx, key, r)
	if mayRefuse && refused(err) {
		return holds(ctx, s, key, before)
	}
	if err != nil {
		return err
	}
	return holds(ctx, s, key, r)
}

// refused reports whether err says that the engine could not have given back what was set.
func refused(err error) bool {
	return errors.Is(err, token.ErrKey) || errors.Is(err, token.ErrTooLarge)
}

// holds returns an error unless s has want at key.
func holds(ctx context.Context, s token.Storage, key token.Key, want token.Record) error {
	got, err := s.Get(ctx, key)
	if err != nil {
		return fmt.Errorf("what was set is lost: %w", err)
	}
	if err := same(got, want); err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	return nil
}

// absent returns an error unless s has nothing at key.
func absent(ctx context.Context, s token.Storage, key token.Key) error {
	switch r, err := s.Get(ctx, key); {
	case err == nil:
		return fmt.Errorf("%s: found %v, want an error that matches token.ErrNotFound", key, r)
	case !errors.Is(err, token.ErrNotFound):
		return fmt.Errorf("the error does not match token.ErrNotFound: %w", err)
	}
	return nil
}
