//go:build unix

package enginetest

import (
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// StartPooler starts a PgBouncer in front of the database that Postgres returned, and gives each
// transaction whichever of connections it has free. URL is that of the same database through it.
func StartPooler(t testing.TB, database string, connections int) *Server {
	t.Helper()
	const how = "apt-get install pgbouncer"
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	dir, as := home(t, "postgres", how)
	pooler := program(t, "pgbouncer", how)
	addr, port := free(t)
	// It would not take these from a client.
	settings := fmt.Sprintf("SET search_path TO %s; SET synchronous_commit TO %s", u.Query().Get("search_path"), u.Query().Get("synchronous_commit"))
	config := filepath.Join(dir, "pgbouncer.ini")
	text := fmt.Sprintf(`[databases]
waltz = host=%s port=%s dbname=%s user=%s connect_query='%s'
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %s
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = %d
max_client_conn = 200
`, u.Hostname(), u.Port(), u.Path[1:], u.User.Username(), settings, port, connections)
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil { //nolint:gosec // another user reads it
		t.Fatal(err)
	}
	through := url.URL{Scheme: "postgres", User: u.User, Host: addr, Path: "/waltz", RawQuery: "default_query_exec_mode=exec"}
	db, err := sql.Open("pgx", through.String())
	if err != nil {
		t.Fatal(err)
	}
	return start(t, &Server{Addr: addr, URL: through.String(), death: os.Kill, answers: pings(t, db), command: func() *exec.Cmd {
		return as(pooler, "-q", config)
	}})
}
