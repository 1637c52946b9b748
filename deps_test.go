package waltz_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/waltz-oauth/waltz"

// house is who may import whom, from the roof to the ground. A room imports rooms of lower floors,
// never of its own, and the third-party modules named beside it; a room within a room of the same
// floor imports that one too. Names end in * for any such room. Tests import what they like.
//
// TestHouse fails for a directory that is in no room: new rooms are let in here.
var house = []floor{
	{
		{name: "cmd/*", uses: []string{"github.com/urfave/cli/v3", "github.com/nats-io/nats.go"}},
		{name: "examples/*", uses: []string{"github.com/alexedwards/scs/v2"}},
	},
	{
		{name: "waltztest"},
	},
	{
		{name: ".", uses: []string{"golang.org/x/oauth2"}}, // package waltz
	},
	{
		{name: "keeper"},
	},
	{
		{name: "provider", uses: []string{"golang.org/x/oauth2", "github.com/coreos/go-oidc/v3", "github.com/go-jose/go-jose/v4", "github.com/dghubble/oauth1"}},
	},
	{
		{name: "storage/storagetest"},
		{name: "storage/memstore"},
		{name: "storage/filestore", uses: []string{"github.com/gofrs/flock", "golang.org/x/sys"}},
		{name: "storage/sessionstore"},
		{name: "storage/sessionstore/scs", uses: []string{"github.com/alexedwards/scs/v2"}},
		{name: "storage/sessionstore/gorilla", uses: []string{"github.com/gorilla/sessions", "github.com/gorilla/securecookie"}},
		{name: "storage/sessionstore/internal/sessiontest"},
		{name: "storage/natsstore", uses: []string{"github.com/nats-io/nats.go"}},
		{name: "storage/sqlstore", uses: []string{"github.com/pressly/goose/v3"}},
		{name: "storage/sqlstore/sqlite", uses: []string{"modernc.org/sqlite"}},
		{name: "storage/sqlstore/postgres", uses: []string{"github.com/jackc/pgx/v5"}},
		{name: "storage/sqlstore/mysql", uses: []string{"github.com/go-sql-driver/mysql"}},
		{name: "storage/redisstore", uses: []string{"github.com/redis/go-redis/v9"}},
		{name: "storage/gormstore", uses: []string{"gorm.io/gorm"}},
		{name: "storage/cache", uses: []string{"github.com/maypok86/otter/v2"}},
		{name: "storage/cache/rediscache", uses: []string{"github.com/redis/go-redis/v9"}},
		{name: "storage/cache/memcache", uses: []string{"github.com/bradfitz/gomemcache"}},
		{name: "storage/cache/pgbus", uses: []string{"github.com/jackc/pgx/v5"}},
		{name: "storage/cache/natsbus", uses: []string{"github.com/nats-io/nats.go"}},
		{name: "flaskdance", uses: []string{"github.com/go-json-experiment/json"}},
		{name: "storage/seal", uses: []string{"github.com/tink-crypto/tink-go/v2"}},
		{name: "storage/seal/keyfile", uses: []string{"github.com/tink-crypto/tink-go/v2", "golang.org/x/crypto"}},
	},
	{
		{name: "token", uses: []string{"golang.org/x/oauth2", "github.com/go-json-experiment/json"}},
	},
	{
		{name: "internal/*"},
		{name: "internal/enginetest", uses: []string{"github.com/jackc/pgx/v5", "github.com/go-sql-driver/mysql"}},
	},
}

// guests are rooms made for tests, and who else may import them.
var guests = map[string][]string{
	"waltztest":           {"cmd/*"},
	"internal/enginetest": {},
	"internal/breaktest":  {},
	"internal/canarytest": {},
	"internal/benchtest":  {},
	"storage/storagetest": {"storage/sessionstore/internal/sessiontest"},

	"storage/sessionstore/internal/sessiontest": {},
}

type (
	floor []room
	room  struct {
		name string
		uses []string // third-party modules
	}
)

func TestHouse(t *testing.T) {
	t.Parallel()
	imports := importsBelow(t, ".")
	if len(imports["token"]) == 0 {
		t.Fatal("no imports were found")
	}
	for dir, imported := range imports {
		r, at, ok := find(dir)
		if !ok {
			t.Errorf("%s is in no room of the house", dir)
			continue
		}
		for _, i := range imported {
			if why := r.mayNot(at, dir, i); why != "" {
				t.Errorf("%s imports %s: %s", dir, i, why)
			}
		}
	}
}

func TestHouseRefusesWhatItShould(t *testing.T) {
	t.Parallel()
	for planted, want := range map[[2]string]string{
		{"token", "crypto/rand"}:                                  "",
		{"keeper", module + "/token"}:                             "",
		{".", module + "/internal/cookie"}:                        "",
		{"cmd/waltz", module}:                                     "",
		{"cmd/waltz", module + "/waltztest"}:                      "",
		{"cmd/waltz", module + "/cmd/waltz/demo"}:                 "",
		{"storage/sqlstore/sqlite", module + "/storage/sqlstore"}: "",
		{"storage/sqlstore/sqlite", "modernc.org/sqlite/lib"}:     "",
		{"token", module + "/keeper"}:                             "that is not on a lower floor",
		{"provider", module + "/keeper"}:                          "that is not on a lower floor",
		{"keeper", module}:                                        "that is not on a lower floor",
		{"storage/memstore", module + "/storage/filestore"}:       "that is not on a lower floor",
		{"storage/sqlstore", module + "/storage/sqlstore/sqlite"}: "that is not on a lower floor",
		{"internal/cookie", module + "/internal/respond"}:         "that is not on a lower floor",
		{"internal/cookie", module + "/token"}:                    "that is not on a lower floor",
		{".", module + "/waltztest"}:                              "that is for tests",
		{"examples/minimal", module + "/waltztest"}:               "that is for tests",
		{"storage/memstore", module + "/storage/storagetest"}:     "that is for tests",
		{"storage/memstore", "modernc.org/sqlite"}:                "that is no module of this room",
		{"storage/sqlstore", "modernc.org/sqlite"}:                "that is no module of this room",
		{"keeper", "golang.org/x/synchronous"}:                    "that is no module of this room",
		{"cmd/waltz", module + "/cellar"}:                         "that is in no room of the house",
	} {
		r, at, ok := find(planted[0])
		if !ok {
			t.Fatalf("%s is in no room", planted[0])
		}
		if got := r.mayNot(at, planted[0], planted[1]); got != want {
			t.Errorf("%s imports %s: got %q, want %q", planted[0], planted[1], got, want)
		}
	}
	if _, _, ok := find("storage/cellar"); ok {
		t.Error("a room that nobody let in was found")
	}
}

// mayNot says why r, on the floor at, may not import what dir of it does; "" if it may.
func (r room) mayNot(at int, dir, imported string) string {
	inner, ours := strings.CutPrefix(imported+"/", module+"/")
	if first, _, _ := strings.Cut(imported, "/"); !ours && !strings.Contains(first, ".") {
		return "" // the standard library
	}
	if !ours {
		if slices.ContainsFunc(r.uses, func(m string) bool { return within(imported, m) }) {
			return ""
		}
		return "that is no module of this room"
	}
	inner = path.Clean(inner)
	other, below, ok := find(inner)
	switch hosts, guest := guests[other.name]; {
	case !ok:
		return "that is in no room of the house"
	case guest && slices.ContainsFunc(hosts, func(h string) bool { return matches(dir, h) }):
		return ""
	case guest:
		return "that is for tests"
	case within(dir, inner) && inner != ".", other.name == r.name && !strings.HasPrefix(r.name, "internal/"), below > at:
		return ""
	default:
		return "that is not on a lower floor"
	}
}

// find returns the room that dir is in, and its floor counted from the roof.
func find(dir string) (r room, at int, ok bool) {
	for i, f := range house {
		for _, candidate := range f {
			if matches(dir, candidate.name) && len(candidate.name) > len(r.name) {
				r, at, ok = candidate, i, true
			}
		}
	}
	return r, at, ok
}

// matches reports whether dir is in the room called name. Only the root has no rooms inside it.
func matches(dir, name string) bool {
	if base, all := strings.CutSuffix(name, "/*"); all {
		return within(dir, base) && dir != base
	}
	return dir == name || name != "." && within(dir, name)
}

func within(dir, parent string) bool { return dir == parent || strings.HasPrefix(dir, parent+"/") }

// importsBelow returns what each package of the module imports, tests aside, for every build tag.
func importsBelow(t *testing.T, root string) map[string][]string {
	t.Helper()
	imports := make(map[string][]string)
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			return skip(name, d)
		case !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		dir := filepath.ToSlash(filepath.Dir(name))
		for _, i := range file.Imports {
			imported, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			imports[dir] = append(imports[dir], imported)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return imports
}

// skip leaves out what is not of the module: hidden directories, test data and other modules.
func skip(name string, d fs.DirEntry) error {
	if name == "." {
		return nil
	}
	other, err := filepath.Glob(filepath.Join(name, "go.mod"))
	if err != nil {
		return err
	}
	if strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || len(other) > 0 {
		return fs.SkipDir
	}
	return nil
}
