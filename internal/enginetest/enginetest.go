// Package enginetest gives tests real engines. Those that a machine has running are shared: each test
// gets a database of its own there, which is dropped after it. Engines that a test kills are its own.
//
// Where an engine is wanting, the test is skipped and says how to get it; with CI=true it fails.
package enginetest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"net"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// patience is how long an engine may take to answer on a machine that is busy.
const patience = 30 * time.Second

// Postgres returns the URL of what is to a program an empty database in PostgreSQL, whose connections
// do not wait for the disk. It is a schema, since making and dropping a database takes seconds there.
func Postgres(t testing.TB) string {
	t.Helper()
	server := named("WALTZ_TEST_POSTGRES", "postgres://postgres@127.0.0.1:5432/postgres")
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatal(err)
	}
	name := database(t, db, "no PostgreSQL at "+u.Host+": start one that trusts its user postgres there, or name another in WALTZ_TEST_POSTGRES",
		"CREATE SCHEMA {name}", "DROP SCHEMA {name} CASCADE")
	q := u.Query()
	q.Set("search_path", name)
	q.Set("synchronous_commit", "off")
	u.RawQuery = q.Encode()
	return u.String()
}

// MySQL returns the URL of an empty database in MariaDB or MySQL: mysql://USER:PASSWORD@HOST:PORT/NAME.
func MySQL(t testing.TB) string {
	t.Helper()
	u, err := url.Parse(named("WALTZ_TEST_MYSQL", "mysql://root@127.0.0.1:3306/"))
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + database(t, mysqlDB(t, u), "no MariaDB at "+u.Host+": start one whose root has no password there, or name another in WALTZ_TEST_MYSQL",
		"CREATE DATABASE {name}", "DROP DATABASE {name}")
	return u.String()
}

// mysqlDB opens the server at u, whatever database u names.
func mysqlDB(t testing.TB, u *url.URL) *sql.DB {
	t.Helper()
	c := mysql.NewConfig()
	c.Net, c.Addr, c.User = "tcp", u.Host, u.User.Username()
	c.Passwd, _ = u.User.Password()
	c.Logger = &mysql.NopLogger{}
	connector, err := mysql.NewConnector(c)
	if err != nil {
		t.Fatal(err)
	}
	return sql.OpenDB(connector)
}

// Redis returns the address, HOST:PORT, of a Redis that others use too.
func Redis(t testing.TB) string {
	t.Helper()
	return listening(t, "WALTZ_TEST_REDIS", "127.0.0.1:6379", "Redis")
}

// NATS returns the address, HOST:PORT, of a NATS server with JetStream that others use too.
func NATS(t testing.TB) string {
	t.Helper()
	return listening(t, "WALTZ_TEST_NATS", "127.0.0.1:4222", "NATS")
}

// database makes a database with a name of its own on the server that db is, and has it dropped.
func database(t testing.TB, db *sql.DB, absent, create, drop string) (name string) {
	t.Helper()
	t.Cleanup(func() { _ = db.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := db.PingContext(ctx); err != nil {
		skip(t, absent)
	}
	name = "waltz_test_" + strings.ToLower(rand.Text())
	if _, err := db.ExecContext(ctx, strings.ReplaceAll(create, "{name}", name)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if _, err := db.ExecContext(ctx, strings.ReplaceAll(drop, "{name}", name)); err != nil {
			t.Error(err)
		}
	})
	return name
}

func listening(t testing.TB, variable, address, engine string) string {
	t.Helper()
	address = named(variable, address)
	var dialer net.Dialer
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		skip(t, "no "+engine+" at "+address+": start one there, or name another in "+variable)
	}
	_ = c.Close()
	return address
}

func named(variable, usual string) string {
	if v := os.Getenv(variable); v != "" {
		return v
	}
	return usual
}

// skip skips the test, or fails it in CI.
func skip(t testing.TB, why string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(why)
	}
	t.Skip(why)
}
