// Package mysql keeps tokens in a MariaDB or MySQL database, with the driver go-sql-driver/mysql.
package mysql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/waltz-oauth/waltz/storage/sqlstore"
)

// Open returns a storage in the database at url, which it opens as [OpenDB] does. The schema must be
// there, and is not changed: see [sqlstore.Storage.Check] for the errors. Close the storage when done.
//
// Who migrates by program rather than by the command waltz migrate opens the database with OpenDB,
// gives it to [sqlstore.New], and calls [sqlstore.Storage.Migrate].
func Open(url string) (*sqlstore.Storage, error) {
	db, err := OpenDB(url)
	if err != nil {
		return nil, err
	}
	s, err := sqlstore.New(db, sqlstore.Config{Dialect: Dialect(), Owned: true})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	const patience = 30 * time.Second
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.Check(ctx); err != nil {
		return nil, fmt.Errorf("mysql: %w", errors.Join(err, s.Close()))
	}
	return s, nil
}

// OpenDB opens the database at url, mysql://USER:PASSWORD@HOST:PORT/NAME, for an application that
// keeps tables of its own beside the tokens. It does not connect. The URL's parameters are those of
// the driver. No more than ten connections are opened, unless the application says otherwise.
func OpenDB(name string) (*sql.DB, error) {
	u, err := url.Parse(name)
	// What is wrong with a URL that cannot be read is not said: it might be a part of the password.
	if err != nil || u.Scheme != "mysql" && u.Scheme != "mariadb" || u.Host == "" || len(u.Path) < 2 {
		return nil, errors.New("mysql: want a URL such as mysql://USER:PASSWORD@HOST:PORT/NAME, special characters of the password as %XX")
	}
	config, err := mysql.ParseDSN("/?" + u.RawQuery)
	if err != nil {
		return nil, fmt.Errorf("mysql: in the URL's parameters: %w", err)
	}
	config.Net, config.Addr, config.DBName = "tcp", u.Host, strings.TrimPrefix(u.Path, "/")
	config.User = u.User.Username()
	config.Passwd, _ = u.User.Password()
	if u.Port() == "" {
		config.Addr += ":3306"
	}
	config.Logger = &mysql.NopLogger{} // it would say on stderr what is returned as an error
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, fmt.Errorf("mysql: in the URL's parameters: %w", err)
	}
	db := sql.OpenDB(connector)
	const connections, idle = 10, 3 * time.Minute // engines are often told to end what is idle for five
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	db.SetConnMaxIdleTime(idle)
	return db, nil
}
