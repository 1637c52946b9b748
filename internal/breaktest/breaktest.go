// Package breaktest breaks the code on purpose, one place at a time, to see that a test notices.
package breaktest

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Break is a change to the code of one package that one of its tests must not let pass.
type Break struct {
	Name string // what the code does no longer
	File string // where, in the package's directory or, with slashes, from there
	Old  string // stands in File once
	New  string // takes its place, so that the package still compiles
	Test string // the name of a test that fails then; one of those that take minutes may
}

// Run makes each of the changes in a copy of its file that the compiler is given in the file's place,
// runs the break's test of the package in dir, and fails unless that test fails. Nothing in the tree
// changes. That all of them can be made is looked at first, which is quick: with -run 'Breaks/^$' it is all that
// is done. The test runs three times unless it fails: where goroutines race, once may be luck.
func Run(t *testing.T, dir string, all []Break) {
	t.Helper()
	for _, b := range all {
		if _, err := b.broken(dir); err != nil {
			t.Error(err)
		}
	}
	for _, b := range all {
		t.Run(b.Name, func(t *testing.T) {
			output, err := b.run(t, dir)
			switch {
			case err == nil && strings.Contains(output, "[no tests to run]"):
				t.Errorf("there is no %s", b.Test)
			case err == nil:
				t.Errorf("%s lets it pass", b.Test)
			case !b.noticed(output):
				t.Errorf("%s could not say: %v\n%s", b.Test, err, output)
			}
		})
	}
}

// run returns what the test printed, and an error unless it passed.
func (b Break) run(t *testing.T, dir string) (string, error) {
	t.Helper()
	file, err := filepath.Abs(b.path(dir))
	if err != nil {
		t.Fatal(err)
	}
	code, err := b.broken(dir)
	if err != nil {
		t.Fatal(err)
	}
	broken := filepath.Join(t.TempDir(), "broken.go")
	write(t, broken, []byte(code))
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{file: broken}})
	if err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(t.TempDir(), "overlay.json")
	write(t, list, overlay)
	cmd := exec.CommandContext(t.Context(), "go", "test", "-vet=off", "-tags=soak", "-timeout=2m", "-count=3", "-failfast", "-overlay="+list, "-run=^"+b.Test+"$", ".") // #nosec G204 -- the test says which
	cmd.Dir = dir
	output, err := cmd.CombinedOutput()
	return string(output), err
}

func (b Break) path(dir string) string { return filepath.Join(dir, filepath.FromSlash(b.File)) }

// broken is the code of b's file with the break in it.
func (b Break) broken(dir string) (string, error) {
	code, err := os.ReadFile(b.path(dir)) // #nosec G304 -- the test says which
	if err != nil {
		return "", err
	}
	if n := strings.Count(string(code), b.Old); n != 1 {
		return "", fmt.Errorf("%q: %s has what is to be broken %d times, want once:\n%s", b.Name, b.File, n, b.Old)
	}
	return strings.Replace(string(code), b.Old, b.New, 1), nil
}

// noticed reports whether the output of a run that failed says that the test failed, rather than that
// there was none to run: it failed, panicked, or came to no end.
func (b Break) noticed(output string) bool {
	name := regexp.QuoteMeta(b.Test)
	return regexp.MustCompile(`(?m)^\s*--- FAIL: ` + name + `[ /]|^panic: |^WARNING: DATA RACE`).MatchString(output)
}

func write(t *testing.T, file string, b []byte) {
	t.Helper()
	if err := os.WriteFile(file, b, 0o600); err != nil { // #nosec G703 -- in a temporary directory
		t.Fatal(err)
	}
}
