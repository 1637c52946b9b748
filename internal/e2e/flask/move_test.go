package flask

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/waltz-oauth/waltz/internal/enginetest"
	"github.com/waltz-oauth/waltz/storage/sqlstore/postgres"
	"github.com/waltz-oauth/waltz/waltztest"
)

func TestRowsMoveFromFlaskDanceAndBack(t *testing.T) {
	t.Parallel()
	moveAndBack(t, 200)
}

// moveAndBack has so many rows with odd tokens go from Flask-Dance's table on SQLite into a storage on
// PostgreSQL, sealed, from there into JSON lines, and from those into Flask-Dance's table on PostgreSQL.
func moveAndBack(t *testing.T, n int) {
	t.Helper()
	dir := t.TempDir()
	idp := newProvider(t, waltztest.RotateStrict)
	first := filepath.Join(dir, "app.db")
	before := startFlask(t, idp, "sqlite:///"+first)
	const batch = 1000
	for at := 0; at < n; at += batch {
		ask(t, http.MethodPost, before+"/rows", odd(t, at, min(batch, n-at)))
	}

	t.Log("the rows are made")

	tokens, last := enginetest.Postgres(t), enginetest.Postgres(t)
	after := startFlask(t, idp, alchemy(t, last))
	db, err := postgres.OpenDB(last)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	users(t, db, n)

	waltz := command(t, dir)
	keys, lines := filepath.Join(dir, "keys.json"), filepath.Join(dir, "tokens.jsonl")
	waltz("migrate", "--storage", tokens)
	waltz("keys", "new", "--keys", keys)
	waltz("import", "--from", "flask-dance+sqlite:"+first, "--storage", tokens, "--keys", keys)
	again := waltz("import", "--from", "flask-dance+sqlite:"+first, "--storage", tokens, "--keys", keys)
	if want := fmt.Sprintf("%d read: 0 taken, %d there already, 0 refused", n, n); !strings.Contains(again, want) {
		t.Errorf("the second import says %q, want %q", again, want)
	}
	waltz("export", "--storage", tokens, "--keys", keys, "--to", lines)
	if info, err := os.Stat(lines); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file's mode is %v, %v", info.Mode(), err)
	}
	t.Log("the tokens are in JSON lines")
	waltz("import", "--from", lines, "--storage", "flask-dance+"+last)

	was, is := byKey(t, ask(t, http.MethodGet, before+"/rows", nil)), byKey(t, ask(t, http.MethodGet, after+"/rows", nil))
	if len(was) != n || len(is) != n {
		t.Fatalf("%d rows became %d, want %d", len(was), len(is), n)
	}
	for key, token := range was {
		if !reflect.DeepEqual(token, is[key]) {
			t.Errorf("%s: %v became %v", key, token, is[key])
		}
	}
}

// odd are tokens of n people, with which Flask-Dance gets along.
func odd(t *testing.T, from, n int) []byte {
	t.Helper()
	shapes := []string{
		`{"access_token":"fake-%d"}`,
		`{"access_token":"fake-%d","token_type":"Bearer","refresh_token":"fake-r","scope":["a","b"],"expires_in":3600,"expires_at":1714986489.123456}`,
		`{"oauth_token":"fake-%d","oauth_token_secret":"fake-secret","user_id":"7"}`,
		`{"access_token":"fake-%d","scope":"a b","big":1000000000000000000000000000000,"n":9007199254740993,"f":0.1,"e":1e-07}`,
		`{"access_token":"fake-%d","name":"Žofie 🐙 \u0000 東京","html":"<a href=\"/?x&y\">","back":"\\\/\n","":"'';--","half":"\ud800"}`,
		`{"access_token":"fake-%d","z":{"list":[1,{"deep":[[],{}]}],"a":null},"a":"","t":true,"expires_at":null}`,
		`{"access_token":"fake-%d","refresh_token":null,"expires_in":"3600","scope":[""],"sealed":"no","_id":1}`,
		`{"ok":true,"access_token":null,"authed_user":{"access_token":"fake-%d"}}`,
		`{"access_token":"fake-%d","expires_at":"1714986489","expires_in":-60,"id_token":"` + strings.Repeat("x", 3000) + `"}`,
	}
	rows := make([]any, n)
	for i := range rows {
		at := from + i
		rows[i] = []any{[]string{"github", "google", "s p/a|c"}[at%3], at + 1, json.RawMessage(fmt.Sprintf(shapes[at%len(shapes)], at))}
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(rows); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func users(t *testing.T, db *sql.DB, n int) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), fmt.Sprintf(`INSERT INTO "user" (id) SELECT generate_series(3, %d)`, n)); err != nil {
		t.Fatal(err)
	}
}

// command builds waltz into dir, and returns what runs it and gives what it said.
func command(t *testing.T, dir string) func(args ...string) string {
	t.Helper()
	at := filepath.Join(dir, "waltz")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", at, "./cmd/waltz")
	build.Dir = filepath.Join("..", "..", "..")
	build.Env = append(os.Environ(), "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the command: %v\n%s", err, out)
	}
	return func(args ...string) string {
		out, err := exec.CommandContext(t.Context(), at, args...).CombinedOutput()
		if bytes.Contains(out, []byte("fake-")) {
			t.Errorf("waltz %s prints a token", args[0])
		}
		if err != nil {
			t.Fatalf("waltz %s: %v\n%s", args[0], err, out)
		}
		return string(out)
	}
}

func ask(t *testing.T, method, address string, body []byte) []byte {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.AddCookie(&http.Cookie{Name: "who", Value: "1"})
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s answers %d, %v", address, resp.StatusCode, err)
	}
	return text
}

// byKey has the tokens of rows, numbers as they are spelled, by provider and user.
func byKey(t *testing.T, text []byte) map[string]any {
	t.Helper()
	var rows [][3]any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&rows); err != nil {
		t.Fatal(err)
	}
	all := make(map[string]any, len(rows))
	for _, r := range rows {
		all[fmt.Sprint(r[0], " ", r[1])] = r[2]
	}
	return all
}
