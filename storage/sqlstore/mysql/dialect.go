package mysql

import (
	"errors"

	"github.com/go-sql-driver/mysql"

	"github.com/waltz-oauth/waltz/storage/sqlstore"
	"github.com/waltz-oauth/waltz/token"
)

// Dialect returns that of MariaDB 10.5 or newer and of MySQL 8, for [sqlstore.New] with a database
// that the application opens itself. A unique index that the application adds to the table would
// have a token stored in the row that is in its way.
func Dialect() sqlstore.Dialect {
	return sqlstore.Dialect{
		Goose: "mysql",
		// One statement, since each is committed by itself. Keys are varbinary, since any collation
		// of text folds trailing spaces, and most fold case. The text is not of the type JSON,
		// which in MySQL would keep neither the order of members nor how numbers are written.
		Migrations: [][]string{{
			"CREATE TABLE IF NOT EXISTS `{table}` (" + `
	provider VARBINARY(1020) NOT NULL,
	user_id  VARBINARY(1020) NOT NULL,
	account  VARBINARY(1020) NOT NULL,
	token    LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
	record   LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
	version  VARBINARY(26) NOT NULL,
	subject  VARBINARY(1020),
	due_at   BIGINT,
	PRIMARY KEY (provider, user_id, account),
	INDEX ` + "`{table}_user` (user_id), INDEX `{table}_subject` (subject), INDEX `{table}_due` (due_at)" + `
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC`,
		}},
		Upsert: `ON DUPLICATE KEY UPDATE token = VALUES(token), record = VALUES(record),
	version = VALUES(version), subject = VALUES(subject), due_at = VALUES(due_at)`,
		Quote:    "`",
		UseIndex: "FORCE INDEX (%s)",
		SpellOut: true,
		Clock:    "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))",
		// An entry of an index has at most 3072 bytes, and the primary key three parts; and a sort
		// compares the first 1024 bytes of each.
		MaxKey: 1020,
		Reach:  token.Network,
		Retry:  retry,
	}
}

// retry reports whether err is a deadlock, which two that store at one new key can be, a wait for a
// lock that took too long, or a row that another changed at the same time.
func retry(err error) bool {
	const changed, waited, deadlock = 1020, 1205, 1213
	var e *mysql.MySQLError
	return errors.As(err, &e) && (e.Number == changed || e.Number == waited || e.Number == deadlock)
}
