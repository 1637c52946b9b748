package e2e

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/waltz-oauth/waltz/storage/filestore"
	"github.com/waltz-oauth/waltz/storage/sqlstore/sqlite"
	"github.com/waltz-oauth/waltz/token"
)

// TestScripts runs the command, and what the README tells people to type.
func TestScripts(t *testing.T) {
	t.Parallel()
	top, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireExplicitExec: true,
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"tokens": tokens, "sql": statement},
		Setup: func(e *testscript.Env) error {
			e.Setenv("ROOT", top)
			// What "go run" needs to find the modules and what is compiled already.
			for _, name := range []string{"HOME", "GOCACHE", "GOMODCACHE", "GOPATH", "GOPROXY", "GOTOOLCHAIN"} {
				if value, ok := os.LookupEnv(name); ok {
					e.Setenv(name, value)
				}
			}
			if raced() {
				e.Setenv("GOFLAGS", os.Getenv("GOFLAGS")+" -race") // or all would be compiled anew
			}
			return nil
		},
	})
}

// tokens is a command of the scripts: "tokens DIRECTORY N" keeps so many tokens there, in the clear.
func tokens(ts *testscript.TestScript, _ bool, args []string) {
	s, err := filestore.New(ts.MkAbs(args[0]))
	ts.Check(err)
	defer func() { ts.Check(s.Close()) }()
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	for i := range n {
		key := token.Key{Provider: "github", User: strconv.Itoa(i)}
		ts.Check(s.Set(context.Background(), key, token.New(&token.Token{AccessToken: "fake-access-" + strconv.Itoa(i)})))
	}
}

// statement is a command of the scripts: "sql FILE STATEMENT" makes a statement to a SQLite database.
func statement(ts *testscript.TestScript, _ bool, args []string) {
	db, err := sqlite.OpenDB(ts.MkAbs(args[0]))
	ts.Check(err)
	defer func() { ts.Check(db.Close()) }()
	_, err = db.ExecContext(context.Background(), args[1])
	ts.Check(err)
}
