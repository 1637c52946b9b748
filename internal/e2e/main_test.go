package e2e

import (
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
)

// root is the repository, seen from here.
const root = "../.."

// TestMain builds the command once and puts it where processes are looked for, so that "waltz" in a
// test is the waltz of this tree.
func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler)) // what zitadel/oidc logs of requests that tests get wrong on purpose
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "waltz-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }() // a temporary directory
	if out, err := build(dir).CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building the command: %v\n%s", err, out)
		return 1
	}
	if err := os.Setenv("PATH", dir+string(filepath.ListSeparator)+os.Getenv("PATH")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// build builds the command into dir: with the race detector if these tests have it, which looks at
// the command too then, and shares what the compiler has done already.
func build(dir string) *exec.Cmd {
	args := []string{"build", "-o", dir + string(filepath.Separator)}
	if raced() {
		args = append(args, "-race")
	}
	c := exec.Command("go", append(args, "./cmd/waltz")...) //nolint:noctx // it ends by itself, before the tests begin
	c.Dir = root
	c.Env = append(os.Environ(), "GOWORK=off")
	return c
}

// raced reports whether this program has the race detector.
func raced() bool {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return false
	}
	for _, s := range info.Settings {
		if s.Key == "-race" {
			return strings.EqualFold(s.Value, "true")
		}
	}
	return false
}
