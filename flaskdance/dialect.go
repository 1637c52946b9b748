package flaskdance

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/waltz-oauth/waltz/token"
)

// Dialect is what an engine wants said in its own way. It imports no driver: any of the engine's will
// do.
type Dialect struct {
	quote    string // stands on both sides of an identifier
	numbered bool   // parameters are $1, $2, … rather than ?
	text     string // the type of text in a CAST
	columns  string // lists the names and types of a table's columns, and whether they are NOT NULL
	lock     string // the first statement of a transaction, which keeps other writers of the table out
	locking  string // follows a SELECT for the same purpose
	newID    string // an assignment that gives a row another id; "": the id stays
	now      string // what SQLAlchemy would put into created_at
	clock    string // the engine's time in microseconds since 1970; NULL: this host's clock is the engine's
	changes  bool   // what is stored may not be what was given, without an error
	reach    token.Reach
}

// SQLite returns the dialect of SQLite. A connection should wait for others' locks: the driver
// modernc.org/sqlite does if its name of the database has _pragma=busy_timeout(10000).
func SQLite() Dialect {
	return Dialect{
		quote:   `"`,
		text:    "TEXT",
		columns: `SELECT name, type, "notnull" FROM pragma_table_info(?)`,
		lock:    "DELETE FROM {table} WHERE 1 = 0", // a transaction that has not read yet waits for the one writer that there may be
		newID:   "{id} = (SELECT MAX({id}) + 1 FROM {table})",
		now:     "strftime('%Y-%m-%d %H:%M:%f000', 'now')",
		clock:   "NULL",
		reach:   token.Host,
	}
}

// PostgreSQL returns the dialect of PostgreSQL.
func PostgreSQL() Dialect {
	return Dialect{
		quote:    `"`,
		numbered: true,
		text:     "text",
		columns: `SELECT attname, format_type(atttypid, atttypmod), attnotnull FROM pg_attribute
WHERE attrelid = to_regclass(?) AND attnum > 0 AND NOT attisdropped`,
		lock:  "LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE",
		newID: "{id} = DEFAULT",
		now:   "(clock_timestamp() AT TIME ZONE 'UTC')",
		clock: "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint",
		reach: token.Network,
	}
}

// MariaDB returns the dialect of MariaDB. Its rows keep their ids when they are written, since it has
// no way to draw another.
func MariaDB() Dialect {
	return Dialect{
		quote: "`",
		text:  "CHAR",
		columns: `SELECT COLUMN_NAME, COLUMN_TYPE, IS_NULLABLE = 'NO' FROM information_schema.COLUMNS
WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ?`,
		locking: " FOR UPDATE", // of a table without an index that locks every row, and the gap that a new one would go into
		now:     "UTC_TIMESTAMP(6)",
		clock:   "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))",
		changes: true, // text is cut where the server is not strict
		reach:   token.Network,
	}
}

// bind writes the parameters of query, which are ?, as the engine wants them.
func (d Dialect) bind(query string) string {
	if !d.numbered {
		return query
	}
	var b strings.Builder
	for i, part := range strings.Split(query, "?") {
		if i > 0 {
			b.WriteString("$" + strconv.Itoa(i))
		}
		b.WriteString(part)
	}
	return b.String()
}

func (d Dialect) name(identifier string) string { return d.quote + identifier + d.quote }

func (d Dialect) asText(identifier string) string {
	return "CAST(" + d.name(identifier) + " AS " + d.text + ")"
}

func checkIdentifier(what, name string) error {
	if !regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,62}$`).MatchString(name) {
		return fmt.Errorf("flaskdance: %s %q: want a name of at most 63 letters, digits and underscores, no digit first", what, name)
	}
	return nil
}
