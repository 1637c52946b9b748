// Package sealing has the flags by which commands say which keys seal tokens, and opens storages with them.
package sealing

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/waltz-oauth/waltz/cmd/waltz/internal/storages"
	"github.com/waltz-oauth/waltz/storage/seal"
	"github.com/waltz-oauth/waltz/storage/seal/keyfile"
	"github.com/waltz-oauth/waltz/token"
)

const passphraseVariable = "WALTZ_KEYS_PASSPHRASE" //nolint:gosec // the name of one, and none

// Flags say which keyset file, and what opens it.
func Flags(required bool) []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "keys", Required: required, Usage: "`FILE` with the keys that seal tokens"},
		&cli.StringFlag{Name: "passphrase-file", Usage: "`FILE` whose first line encrypts the keys; or set " + passphraseVariable},
		&cli.StringFlag{Name: "kms", Usage: "`URI` of the key that encrypts the keys in a key management service; without it and a passphrase they are in the clear"},
	}
}

// File is the file that the flags name.
func File(c *cli.Command) (*keyfile.File, error) {
	passphrase := os.Getenv(passphraseVariable)
	if name := c.String("passphrase-file"); name != "" {
		b, err := os.ReadFile(name) //nolint:gosec // the person says which file
		if err != nil {
			return nil, err
		}
		passphrase, _, _ = strings.Cut(string(b), "\n")
		if passphrase = strings.TrimSuffix(passphrase, "\r"); passphrase == "" {
			return nil, fmt.Errorf("the first line of %s is empty: want a passphrase", name)
		}
	}
	config := keyfile.Config{Path: c.String("keys"), Passphrase: passphrase}
	if uri := c.String("kms"); uri != "" {
		var err error
		if config.KMS, err = keyfile.KMS(uri); err != nil {
			return nil, err
		}
	}
	return keyfile.New(config)
}

// Open is the storage of a URL behind a seal with those keys, and what closes it.
func Open(ctx context.Context, keys *keyfile.File, url string, acceptPlain bool) (*seal.Storage, func() error, error) {
	store, closeStorage, err := storages.Open(url) //nolint:contextcheck // it does not wait for long
	if err != nil {
		return nil, nil, err
	}
	if store == nil || token.Reaches(store) == token.Process {
		return nil, nil, errors.Join(fmt.Errorf("storage %q: want one that keeps tokens where other processes see them", storages.Shown(url)), closeStorage())
	}
	s, err := seal.New(ctx, seal.Config{Next: store, Keys: keys, AcceptPlain: acceptPlain})
	if err != nil {
		return nil, nil, errors.Join(err, closeStorage())
	}
	return s, closeStorage, nil
}
