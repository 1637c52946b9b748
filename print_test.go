package waltz_test

import (
	"database/sql"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/sessions"
	"github.com/redis/go-redis/v9"
	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"

	"github.com/waltz-oauth/waltz"
	"github.com/waltz-oauth/waltz/keeper"
	"github.com/waltz-oauth/waltz/provider"
	"github.com/waltz-oauth/waltz/storage/cache"
	"github.com/waltz-oauth/waltz/storage/cache/pgbus"
	"github.com/waltz-oauth/waltz/storage/cache/rediscache"
	"github.com/waltz-oauth/waltz/storage/memstore"
	"github.com/waltz-oauth/waltz/storage/redisstore"
	"github.com/waltz-oauth/waltz/storage/seal"
	"github.com/waltz-oauth/waltz/storage/seal/keyfile"
	"github.com/waltz-oauth/waltz/storage/sessionstore"
	"github.com/waltz-oauth/waltz/storage/sessionstore/gorilla"
	"github.com/waltz-oauth/waltz/storage/sqlstore"
	"github.com/waltz-oauth/waltz/storage/sqlstore/postgres"
	"github.com/waltz-oauth/waltz/token"
)

func TestWhatHoldsASecretPrintsWithout(t *testing.T) {
	t.Parallel()
	config := waltz.Config{Secret: fakeSecret, PreviousSecrets: []string{fakeSecret}, Logger: slog.New(slog.DiscardHandler)}
	registration := waltz.Registration{Provider: provider.GitHub(), ClientID: "id", ClientSecret: "fake-client-secret"}
	app, err := waltz.New(config)
	if err != nil {
		t.Fatal(err)
	}
	github, err := app.Register(registration)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []any{config, &config, registration, &registration, app, github} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x"} {
			if s := fmt.Sprintf(verb, v); strings.Contains(s, "fake-") || !strings.HasSuffix(s, ")") {
				t.Errorf("%s of %T is %q", verb, v, s)
			}
		}
		for name, log := range map[string]func(*lockedBuffer) slog.Handler{
			"text": func(b *lockedBuffer) slog.Handler { return slog.NewTextHandler(b, nil) },
			"JSON": func(b *lockedBuffer) slog.Handler { return slog.NewJSONHandler(b, nil) },
		} {
			var b lockedBuffer
			slog.New(log(&b)).Info("x", "v", v)
			if strings.Contains(b.String(), "fake-") {
				t.Errorf("a log of %s shows a secret of %T", name, v)
			}
		}
	}
}

// TestStoragesPrintWhatTheyAre asks fmt for what storages hold: tokens, keys, and how they connect. With a
// verb that is not for them, fmt goes through every field there is.
func TestStoragesPrintWhatTheyAre(t *testing.T) {
	t.Parallel()
	must := func(v any, err error) any {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	memory := memstore.New()
	if err := memory.Set(t.Context(), token.Key{Provider: "test"}, token.New(&token.Token{AccessToken: "fake-access-token"})); err != nil {
		t.Fatal(err)
	}
	cached, err := cache.New(cache.Config{Next: memory})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cached.Get(t.Context(), token.Key{Provider: "test"}); err != nil {
		t.Fatal(err)
	}
	keys, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		t.Fatal(err)
	}
	sealed := seal.Config{Next: memory, Keys: seal.Fixed(keys)}
	locked := keyfile.Config{Path: t.TempDir() + "/keys", Passphrase: "fake-passphrase-of-some-length"}
	session := sessionstore.Config{Secrets: []string{fakeSecret}}
	db := must(sql.Open("pgx", "postgres://waltz:fake-password@127.0.0.1:1/waltz")).(*sql.DB)
	t.Cleanup(func() { _ = db.Close() })
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", Password: "fake-password"})
	t.Cleanup(func() { _ = client.Close() })
	bus := pgbus.Config{DB: db, URL: "postgres://waltz:fake-password@127.0.0.1:1/waltz"}
	kept := must(keeper.New(keeper.Config{Storage: cached, Refresher: nobody{}, Site: true})).(*keeper.Keeper)
	if _, err := kept.Put(t.Context(), token.Key{Provider: "test"}, &token.Token{AccessToken: "fake-access-token", Expiry: time.Now()}, ""); err != nil {
		t.Fatal(err)
	}
	for name, v := range map[string]any{
		"memstore": memory, "cache": cached, "keeper": kept,
		"seal": must(seal.New(t.Context(), sealed)), "seal.Fixed": sealed.Keys, "keyfile": must(keyfile.New(locked)), "keyfile.Config": locked, "*keyfile.Config": &locked,
		"sessionstore": must(sessionstore.New(session)), "sessionstore.Config": session, "*sessionstore.Config": &session,
		"gorilla":  gorilla.New(sessions.NewCookieStore([]byte("fake-key-of-thirty-two-bytes-000")), "tokens"),
		"sqlstore": must(sqlstore.New(db, sqlstore.Config{Dialect: postgres.Dialect()})), "redisstore": must(redisstore.New(client, redisstore.Config{})),
		"rediscache": must(rediscache.New(rediscache.Config{Client: client})), "pgbus": must(pgbus.New(bus)), "pgbus.Config": bus, "*pgbus.Config": &bus,
	} {
		const most = 100 // no more than a name and a path
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%t"} {
			if text := fmt.Sprintf(verb, v); text == "" || len(text) > most || strings.Contains(text, "fake-") {
				t.Errorf("%s: %s is %.300q", name, verb, text)
			}
		}
	}
}

// nobody refreshes nothing.
type nobody struct{ keeper.Refresher }
