package keys_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tink-crypto/tink-go/v2/core/registry"
	"github.com/tink-crypto/tink-go/v2/testing/fakekms"

	"github.com/waltz-oauth/waltz/cmd/waltz/keys"
)

// register has a client for one key of a service that is none.
func register(t testing.TB) (uri string) {
	t.Helper()
	uri, err := fakekms.NewKeyURI()
	if err != nil {
		t.Fatal(err)
	}
	client, err := fakekms.NewClient(uri)
	if err != nil {
		t.Fatal(err)
	}
	registry.RegisterKMSClient(client)
	return uri
}

func TestKeysAreEncryptedByAService(t *testing.T) {
	t.Parallel()
	uri, other := register(t), register(t)
	file := filepath.Join(t.TempDir(), "keys.json")
	run := func(args ...string) (string, error) {
		c := keys.Command()
		var out bytes.Buffer
		c.Writer, c.ErrWriter = &out, &out
		err := c.Run(t.Context(), append([]string{"keys"}, args...))
		return out.String(), err
	}
	for _, args := range [][]string{{"new"}, {"add"}} {
		if out, err := run(append(args, "--keys", file, "--kms", uri)...); err != nil {
			t.Fatal(out, err)
		}
	}
	out, err := run("list", "--keys", file, "--kms", uri)
	if err != nil || strings.Count(out, "\n") != 2 || !strings.Contains(out, "seals") {
		t.Errorf("listed %q, %v", out, err)
	}
	if out, err := run("list", "--keys", file, "--kms", other); err == nil {
		t.Errorf("another key of the service opens it: %s", out)
	}
	if out, err := run("list", "--keys", file); err == nil {
		t.Errorf("it is in the clear: %s", out)
	}
	text, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(text), "encryptedKeyset") {
		t.Errorf("the file is no encrypted keyset, %v", err)
	}
}

// A program that links the client of a key management service has the verbs of waltz keys for it.
func ExampleCommand() { //nolint:testableexamples // it prints the id of a key, which is another each time
	uri, err := fakekms.NewKeyURI() // such as "aws-kms://arn:aws:kms:…"
	if err != nil {
		fmt.Println(err)
		return
	}
	client, err := fakekms.NewClient(uri)
	if err != nil {
		fmt.Println(err)
		return
	}
	dir, err := os.MkdirTemp("", "keys")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	fmt.Println(useKMS(context.Background(), client, filepath.Join(dir, "keys.json"), uri))
}

func useKMS(ctx context.Context, client registry.KMSClient, file, uri string) error {
	registry.RegisterKMSClient(client) // of Tink: awskms.NewClientWithOptions, gcpkms.NewClientWithOptions, hcvault.NewClient
	err := keys.Command().Run(ctx, []string{"keys", "new", "--keys", file, "--kms", uri})
	return err
}
