package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/waltz-oauth/waltz/internal/canarytest"
)

// TestCommandShowsNoSecret runs the commands over tokens, keys and a passphrase, has them fail too, and
// looks for all of these in what they have written.
func TestCommandShowsNoSecret(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const passphrase = "fake-passphrase-7QHXV3MZRK2WTB5N"
	var out strings.Builder
	waltz := func(args ...string) {
		c := exec.CommandContext(t.Context(), "waltz", args...)
		c.Dir = dir
		c.Env = append(os.Environ(), "WALTZ_KEYS_PASSPHRASE="+passphrase)
		said, err := c.CombinedOutput()
		out.Write(said)
		t.Logf("waltz %s: %v", strings.Join(args, " "), err)
	}
	waltz("keys", "new", "--keys", "locked.json")
	waltz("keys", "add", "--keys", "locked.json")
	waltz("keys", "list", "--keys", "locked.json")
	if err := os.WriteFile(filepath.Join(dir, "broken.json"), []byte(`{"primaryKeyId":1,"key":[{"keyData":{"value":"fake-key-KXDAV2Q6TRZ5HMPB"}}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, storage := range []string{"file:tokens", "file:tokens", "sqlite:tokens.db", "memory:", "session:"} {
		waltz("demo", "--walk", "--storage", storage)
	}
	for _, args := range [][]string{
		{"keys", "rotate", "--keys", "locked.json", "--storage", "file:tokens"}, // they are not sealed
		{"keys", "list", "--keys", "broken.json"},
		{"keys", "rotate", "--keys", "broken.json", "--storage", "file:tokens"},
		{"demo", "--walk", "--keys", "locked.json", "--storage", "file:tokens"},
		{"migrate", "--storage", "sqlite:tokens.db"},
		{"migrate", "--storage", "postgres://app:fake-password-ZP4WQN7YLJ3EVUKC@127.0.0.1:1/app"},
		{"migrate", "--storage", "mysql://app:fake-password-ZP4WQN7YLJ3EVUKC@127.0.0.1:1/app"},
		{"demo", "--storage", "sqlite:tokens.db?cache=redis://:fake-password-ZP4WQN7YLJ3EVUKC@127.0.0.1:1", "--walk"},
		{"demo", "--walk", "--storage", "file:tokens", "--wrong", passphrase},
	} {
		waltz(args...)
	}

	var secrets canarytest.Set
	secrets.Add("passphrase", passphrase)
	secrets.Add("password", "fake-password-ZP4WQN7YLJ3EVUKC")
	secrets.Add("key of a file that is broken", "fake-key-KXDAV2Q6TRZ5HMPB")
	files, err := filepath.Glob(filepath.Join(dir, "tokens", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no token was kept: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var kept struct {
			Record struct{ Token map[string]any }
		}
		if err := json.Unmarshal(text, &kept); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"access_token", "refresh_token", "id_token"} {
			if secret, ok := kept.Record.Token[name].(string); ok {
				secrets.Add(name, secret)
			}
		}
	}
	const least = 200
	if secrets.Len() < least || out.Len() < least {
		t.Errorf("%d pieces of secrets in %d bytes are too little to have searched", secrets.Len(), out.Len())
	}
	if name, before := secrets.Find(out.String()); name != "" {
		t.Errorf("%s is in what the commands have written, after %q", name, before)
	}
	for _, beginning := range []string{"fake-access-", "fake-refresh-", "fake-code-", "eyJ", "Bearer fake"} { // of the ones that are gone
		if _, after, found := strings.Cut(out.String(), beginning); found {
			t.Errorf("%s is in what the commands have written, before %.20q", beginning, after)
		}
	}
}
