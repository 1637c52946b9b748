package storages

import (
	"database/sql"
	"fmt"
	"strings"

	"github.com/waltz-oauth/waltz/storage/sqlstore"
	"github.com/waltz-oauth/waltz/storage/sqlstore/mysql"
	"github.com/waltz-oauth/waltz/storage/sqlstore/postgres"
	"github.com/waltz-oauth/waltz/storage/sqlstore/sqlite"
)

const servers = "postgres://USER:PASSWORD@HOST/NAME or mysql://USER:PASSWORD@HOST/NAME" //nolint:gosec // that is no password

// DatabaseUsage lists the URLs that Database takes.
const DatabaseUsage = "sqlite:FILE, " + servers

// Database returns the dialect of the SQL database that name, a URL, names, and what opens it. It
// touches no database itself, and a cache that the URL may name is not meant.
func Database(name string) (sqlstore.Dialect, func() (*sql.DB, error), error) {
	name, _, err := uncached(name)
	if err != nil {
		return sqlstore.Dialect{}, nil, err
	}
	switch engine, where, _ := strings.Cut(name, ":"); {
	case engine == "sqlite" && where != "":
		return sqlite.Dialect(), func() (*sql.DB, error) { return sqlite.OpenDB(where) }, nil
	case engine == "postgres" || engine == "postgresql":
		return postgres.Dialect(), func() (*sql.DB, error) { return postgres.OpenDB(name) }, nil
	case engine == "mysql" || engine == "mariadb":
		return mysql.Dialect(), func() (*sql.DB, error) { return mysql.OpenDB(name) }, nil
	default:
		return sqlstore.Dialect{}, nil, fmt.Errorf("storage %q is no SQL database: want %s", Shown(name), DatabaseUsage)
	}
}
