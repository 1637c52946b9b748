package seal_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/waltz-oauth/waltz/storage/filestore"
	"github.com/waltz-oauth/waltz/storage/memstore"
	"github.com/waltz-oauth/waltz/storage/seal"
	"github.com/waltz-oauth/waltz/storage/seal/keyfile"
	"github.com/waltz-oauth/waltz/token"
)

func ExampleNew() {
	dir, err := os.MkdirTemp("", "waltz")
	if err != nil {
		slog.Error(err.Error())
		return
	}
	defer os.RemoveAll(dir)
	if err := example(context.Background(), dir); err != nil {
		slog.Error(err.Error())
	}
	// Output:
	// alice's token: fake-access
	// what the files have: token(empty)
}

func example(ctx context.Context, dir string) error {
	store, err := filestore.New(filepath.Join(dir, "tokens"))
	if err != nil {
		return err
	}
	defer store.Close()
	if err := makeKeys(ctx, filepath.Join(dir, "keys.json")); err != nil {
		return err
	}

	keys, err := keyfile.New(keyfile.Config{Path: filepath.Join(dir, "keys.json"), Passphrase: os.Getenv("KEYS_PASSPHRASE")})
	if err != nil {
		return err
	}
	tokens, err := seal.New(ctx, seal.Config{Next: store, Keys: keys})
	if err != nil {
		return err
	}

	alice := token.Key{Provider: "github", User: "alice"}
	if err := tokens.Set(ctx, alice, token.New(&token.Token{AccessToken: "fake-access"})); err != nil {
		return err
	}
	r, err := tokens.Get(ctx, alice)
	if err != nil {
		return err
	}
	fmt.Println("alice's token:", r.Token.AccessToken)
	if r, err = store.Get(ctx, alice); err == nil {
		fmt.Println("what the files have:", r.Token)
	}
	return err
}

// makeKeys is what is done once, by hand.
func makeKeys(ctx context.Context, path string) error {
	keys, err := keyfile.New(keyfile.Config{Path: path, Passphrase: os.Getenv("KEYS_PASSPHRASE")})
	if err != nil {
		return err
	}
	_, err = keys.Create(ctx)
	return err
}

// A new key comes into use while the application runs, and the old one goes.
func ExampleStorage_Rotate() {
	dir, err := os.MkdirTemp("", "waltz")
	if err != nil {
		slog.Error(err.Error())
		return
	}
	defer os.RemoveAll(dir)
	if err := rotate(context.Background(), filepath.Join(dir, "keys.json")); err != nil {
		slog.Error(err.Error())
	}
	// Output:
	// sealed anew: 1 of 1
	// keys: 1
}

func rotate(ctx context.Context, path string) error {
	keys, err := keyfile.New(keyfile.Config{Path: path})
	if err != nil {
		return err
	}
	old, err := keys.Create(ctx)
	if err != nil {
		return err
	}
	store := memstore.New()
	tokens, err := seal.New(ctx, seal.Config{Next: store, Keys: keys})
	if err != nil {
		return err
	}
	if err := tokens.Set(ctx, token.Key{Provider: "github", User: "alice"}, token.New(&token.Token{AccessToken: "fake-access"})); err != nil {
		return err
	}

	id, err := keys.Add(ctx) // a minute later every process has it
	if err != nil {
		return err
	}
	if err := keys.Promote(ctx, id); err != nil { // a minute later every process seals with it
		return err
	}
	if tokens, err = seal.New(ctx, seal.Config{Next: store, Keys: keys}); err != nil {
		return err
	}
	report, err := tokens.Rotate(ctx, nil)
	if err != nil {
		return err
	}
	fmt.Printf("sealed anew: %d of %d\n", report.Sealed, report.Seen)
	if err := keys.Retire(ctx, old, tokens); err != nil { // refused while a token needs it
		return err
	}
	if err := keys.Delete(ctx, old, tokens); err != nil {
		return err
	}
	left, err := keys.Keys(ctx)
	fmt.Println("keys:", len(left))
	return err
}
