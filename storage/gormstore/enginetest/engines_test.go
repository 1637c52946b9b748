package enginetest_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
	"go.uber.org/goleak"
	"gorm.io/driver/mysql"
	"gorm.io/driver/postgres"
	gormlite "gorm.io/driver/sqlite"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
	"gorm.io/gorm/schema"

	"github.com/waltz-oauth/waltz/storage/gormstore"
	"github.com/waltz-oauth/waltz/storage/sqlstore/sqlite"
	"github.com/waltz-oauth/waltz/token"
)

// Each engine has one database for all tests of a run, and each test tables of its own in it.
var (
	databaseName = "gormstore_" + strings.ToLower(rand.Text()[:10])
	tests        atomic.Int64

	postgresServer = server{
		driver: "pgx",
		admin:  "postgres://postgres@127.0.0.1:5432/postgres?sslmode=disable",
		start:  "PostgreSQL on 127.0.0.1:5432 that trusts the user postgres: docker run -p 5432:5432 -e POSTGRES_HOST_AUTH_METHOD=trust postgres",
	}
	mariadbServer = server{
		driver: "mysql",
		admin:  "root@tcp(127.0.0.1:3306)/",
		start:  "MariaDB on 127.0.0.1:3306 with a root without password: docker run -p 3306:3306 -e MARIADB_ALLOW_EMPTY_ROOT_PASSWORD=1 mariadb",
	}
)

func TestMain(m *testing.M) {
	flag.Parse()
	// The tests wait for disks, not for processors. A server has connections for so many.
	if err := flag.Set("test.parallel", "6"); err != nil {
		panic(err)
	}
	// What tests have closed leaves no goroutine, in all. That of GORM's prepared statements never ends.
	goleak.VerifyTestMain(dropping{m}, goleak.IgnoreAnyFunction("gorm.io/gorm/internal/lru.NewLRU[...].func1"))
}

// dropping are tests after which the servers' databases go.
type dropping struct{ m *testing.M }

func (d dropping) Run() int {
	code := d.m.Run()
	postgresServer.drop("DROP DATABASE %s WITH (FORCE)")
	mariadbServer.drop("DROP DATABASE %s")
	return code
}

type server struct {
	driver, admin, start string
	once                 sync.Once
	db                   *sql.DB
	err                  error
}

// need makes the database, or skips the test.
func (s *server) need(t testing.TB) {
	t.Helper()
	s.once.Do(func() {
		if s.db, s.err = sql.Open(s.driver, s.admin); s.err == nil {
			_, s.err = s.db.ExecContext(t.Context(), "CREATE DATABASE "+databaseName)
		}
	})
	if s.err == nil {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%v; want %s", s.err, s.start)
	}
	t.Skipf("%v; start %s", s.err, s.start)
}

func (s *server) drop(statement string) {
	if s.db == nil || s.err != nil {
		return
	}
	if _, err := s.db.ExecContext(context.Background(), fmt.Sprintf(statement, databaseName)); err != nil {
		fmt.Fprintln(os.Stderr, "dropping the tests' database:", err)
	}
	_ = s.db.Close()
}

// engine is a kind of database.
type engine struct {
	name  string
	empty func(testing.TB) string // makes a database for the tests, or says where it is
	open  func(testing.TB, string) gorm.Dialector
}

var (
	sqliteEngine   = engine{"sqlite", file, openFile}
	postgresEngine = engine{"postgres", postgresURL, func(_ testing.TB, url string) gorm.Dialector { return postgres.Open(url) }}
	mariadbEngine  = engine{"mariadb", mariadbDSN, func(_ testing.TB, dsn string) gorm.Dialector { return mysql.Open(dsn) }}
	servers        = []engine{postgresEngine, mariadbEngine}
	engines        = append([]engine{sqliteEngine}, servers...)
)

// onEach runs a test on each engine.
func onEach(t *testing.T, test func(t *testing.T, db *gorm.DB)) {
	t.Helper()
	on(t, engines, test)
}

// onServers runs a test on each engine that is a server.
func onServers(t *testing.T, test func(t *testing.T, db *gorm.DB)) {
	t.Helper()
	on(t, servers, test)
}

func on(t *testing.T, all []engine, test func(t *testing.T, db *gorm.DB)) {
	t.Helper()
	for _, e := range all {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			test(t, e.database(t))
		})
	}
}

func (e engine) database(t testing.TB) *gorm.DB {
	t.Helper()
	return database(t, e.open(t, e.empty(t)), gorm.Config{})
}

func openSQLite(t testing.TB) gorm.Dialector {
	t.Helper()
	return openFile(t, file(t))
}

func file(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "gormstore") //nolint:usetesting // memory, which is faster: nobody pulls the plug
	if err != nil {
		dir = t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return filepath.Join(dir, "app.db")
}

func openFile(t testing.TB, path string) gorm.Dialector {
	t.Helper()
	db, err := sqlite.OpenDB(path)
	if err != nil {
		t.Fatal(err)
	}
	return gormlite.New(gormlite.Config{Conn: db})
}

func postgresURL(t testing.TB) string {
	t.Helper()
	postgresServer.need(t)
	return "postgres://postgres@127.0.0.1:5432/" + databaseName + "?sslmode=disable&synchronous_commit=off"
}

func mariadbDSN(t testing.TB) string {
	t.Helper()
	mariadbServer.need(t)
	return "root@tcp(127.0.0.1:3306)/" + databaseName + "?parseTime=true"
}

// database opens one in which the names of tables are the test's own.
func database(t testing.TB, d gorm.Dialector, c gorm.Config) *gorm.DB {
	t.Helper()
	c.NamingStrategy = prefixed(fmt.Sprintf("t%d_", tests.Add(1)))
	return opened(t, d, c)
}

// prefixed has the names of tables begin with prefix.
func prefixed(prefix string) schema.Namer { return schema.NamingStrategy{TablePrefix: prefix} }

func opened(t testing.TB, d gorm.Dialector, c gorm.Config) *gorm.DB {
	t.Helper()
	if c.Logger == nil {
		c.Logger = logger.Discard
	}
	db, err := gorm.Open(d, &c)
	if err != nil {
		t.Fatal(err)
	}
	pool, err := db.DB()
	if err != nil {
		t.Fatal(err)
	}
	pool.SetMaxOpenConns(5)
	pool.SetMaxIdleConns(5)
	t.Cleanup(func() { _ = pool.Close() })
	return db
}

// beside returns what another process would have: the same tables, and nothing of db's in memory.
func beside(t *testing.T, db *gorm.DB) *gorm.DB {
	t.Helper()
	pool, err := db.DB()
	check(t, err)
	var d gorm.Dialector
	switch db.Name() {
	case "sqlite":
		d = gormlite.New(gormlite.Config{Conn: pool})
	case "postgres":
		d = postgres.New(postgres.Config{Conn: pool})
	case "mysql":
		d = mysql.New(mysql.Config{Conn: pool})
	}
	other, err := gorm.Open(d, &gorm.Config{Logger: logger.Discard, NamingStrategy: db.NamingStrategy})
	check(t, err)
	return other
}

// migrated returns the storage of M with its table.
func migrated[M any](t testing.TB, db *gorm.DB) *gormstore.Storage[M] {
	t.Helper()
	s, err := gormstore.New[M](db)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// record makes one with a token that is fake-name.
func record(name string) token.Record {
	return token.New(&token.Token{AccessToken: "fake-" + name, RefreshToken: "fake-refresh-" + name})
}

func set(t testing.TB, s token.Storage, key token.Key, r token.Record) {
	t.Helper()
	if err := s.Set(t.Context(), key, r); err != nil {
		t.Fatal(err)
	}
}

func load(t testing.TB, s token.Versioned, key token.Key) token.Record {
	t.Helper()
	r, err := s.Load(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
