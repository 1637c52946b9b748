package enginetest_test

import (
	"database/sql"
	"database/sql/driver"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/waltz-oauth/waltz/token"
)

// statements are those that a storage had GORM run.
type statements struct {
	mu  sync.Mutex
	all []statement
}

type statement struct {
	text string
	vars []any
}

// statementsOf notes what is run on db to read rows and to update them.
func statementsOf(t *testing.T, db *gorm.DB) *statements {
	t.Helper()
	var s statements
	note := func(db *gorm.DB) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.all = append(s.all, statement{db.Statement.SQL.String(), db.Statement.Vars})
	}
	check(t, db.Callback().Row().After("gorm:row").Register("test:note", note))
	check(t, db.Callback().Update().After("gorm:update").Register("test:note", note))
	return &s
}

// during returns the first and the last statement that were run during f.
func (s *statements) during(t *testing.T, f func() error) []statement {
	t.Helper()
	s.mu.Lock()
	s.all = nil
	s.mu.Unlock()
	check(t, f())
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.all) == 0 {
		t.Fatal("no statement was run")
	}
	return []statement{s.all[0], s.all[len(s.all)-1]}
}

const plannedRows = 30_000

// planned calls see with what a storage does at a size where an engine would not read all rows if it need not, and the index
// that is to find them. Lists are of 600 rows and more: their first page is seen, and their last.
func planned(t *testing.T, db *gorm.DB, s storage, see func(what, index string, statement statement)) {
	t.Helper()
	ctx := t.Context()
	noted := statementsOf(t, db)
	key := token.Key{Provider: "github", User: "1", Account: "7"}
	for what, call := range map[string]func() error{
		"Get":  func() error { _, err := s.Get(ctx, key); return err },
		"Load": func() error { _, err := s.Load(ctx, key); return err },
		"Swap": func() error { _, err := s.Swap(ctx, key, "v", record("a")); return err },
	} {
		for _, statement := range noted.during(t, call) {
			see(what, "_key", statement)
		}
	}
	for f, index := range map[token.Filter]string{
		{}:                                       "_key",
		{Provider: "github"}:                     "_key",
		{User: "1"}:                              "_owner",
		{User: "1", Due: time.UnixMicro(1)}:      "_owner",
		{Subject: "subject"}:                     "_subject",
		{Provider: "github", Subject: "subject"}: "_subject",
		{Due: time.UnixMicro(1)}:                 "_due_at",
		{Provider: "github", Due: time.UnixMicro(1)}: "_due_at",
	} {
		all := noted.during(t, func() error {
			for _, err := range s.List(ctx, f) {
				if err != nil {
					return err
				}
			}
			return nil
		})
		for i, statement := range all {
			see(fmt.Sprintf("%+v, page %d", f, i), index, statement)
		}
	}
}

func TestPlansOfPostgres(t *testing.T) {
	t.Parallel()
	// The driver would prepare what prepares a statement.
	db := database(t, postgresEngine.open(t, postgresURL(t)+"&default_query_exec_mode=simple_protocol"), gorm.Config{})
	s := migrated[ByInteger](t, db)
	table := db.NamingStrategy.TableName("ByInteger")
	check(t, db.Exec(`INSERT INTO `+table+` (provider, owner, account, record, version, subject, due_at)
		SELECT convert_to((ARRAY['github', 'gitlab', 'google'])[i % 3 + 1], 'UTF8'), convert_to((i / 2)::text, 'UTF8'), '',
		'{}', 'v', convert_to('subject' || i, 'UTF8'), i FROM generate_series(2, ?) AS i`, plannedRows).Error)
	check(t, db.Exec(`INSERT INTO `+table+` (provider, owner, account, record, version, subject, due_at)
		SELECT 'github', '1', convert_to(i::text, 'UTF8'), '{}', 'v', 'subject', 1 FROM generate_series(1, 600) AS i`).Error)
	check(t, db.Exec("ANALYZE "+table).Error)
	planned(t, db, s, func(what, index string, statement statement) {
		for _, mode := range []string{"force_custom_plan", "force_generic_plan"} {
			plan := postgresPlan(t, db, mode, statement)
			if strings.Contains(plan, "Seq Scan") || !strings.Contains(plan, "idx_"+table+index) {
				t.Errorf("%s, %s: the plan is %s, want %s", mode, what, plan, index)
			}
		}
	})
}

func postgresPlan(t *testing.T, db *gorm.DB, mode string, s statement) (plan string) {
	t.Helper()
	var values []string
	for _, v := range s.vars {
		v, err := driver.DefaultParameterConverter.ConvertValue(v)
		check(t, err)
		switch of := v.(type) {
		case []byte:
			v = `'\x` + hex.EncodeToString(of) + `'`
		case time.Time:
			v = "'" + of.Format(time.RFC3339Nano) + "'"
		case nil:
			v = "NULL"
		}
		values = append(values, fmt.Sprint(v))
	}
	c := connection(t, db)
	for _, text := range []string{"SET plan_cache_mode = " + mode, "DEALLOCATE ALL", "PREPARE p AS " + s.text} {
		_, err := c.ExecContext(t.Context(), text)
		check(t, err)
	}
	check(t, c.QueryRowContext(t.Context(), "EXPLAIN (FORMAT JSON) EXECUTE p("+strings.Join(values, ", ")+")").Scan(&plan))
	check(t, c.Close())
	return strings.Join(strings.Fields(plan), " ")
}

// connection returns one that is to be closed.
func connection(t *testing.T, db *gorm.DB) *sql.Conn {
	t.Helper()
	pool, err := db.DB()
	check(t, err)
	c, err := pool.Conn(t.Context())
	check(t, err)
	return c
}

// MariaDB's plans tell little of what a statement reads, and its counters tell all of it.
func TestPlansOfMariaDB(t *testing.T) {
	t.Parallel()
	db := mariadbEngine.database(t)
	s := migrated[ByInteger](t, db)
	table := db.NamingStrategy.TableName("ByInteger")
	check(t, db.Exec(`INSERT INTO `+table+` (provider, owner, account, record, version, subject, due_at)
		SELECT ELT(seq % 3 + 1, 'github', 'gitlab', 'google'), seq DIV 2, '', '{}', 'v', CONCAT('subject', seq), seq FROM seq_2_to_30000`).Error)
	check(t, db.Exec(`INSERT INTO `+table+` (provider, owner, account, record, version, subject, due_at)
		SELECT 'github', '1', seq, '{}', 'v', 'subject', 1 FROM seq_1_to_600`).Error)
	check(t, db.Exec("ANALYZE TABLE "+table).Error)
	planned(t, db, s, func(what, index string, statement statement) {
		key, read := mariadbPlan(t, db, statement)
		if !strings.Contains(key, "idx_"+table+index) || read > 1210 {
			t.Errorf("%s: key %s, and %d rows were read, want %s", what, key, read, index)
		}
	})
}

// mariadbPlan returns the index that is used, and how many rows are read.
func mariadbPlan(t *testing.T, db *gorm.DB, s statement) (key string, read int) {
	t.Helper()
	c := connection(t, db) // the counters are the connection's
	column := func(name, query string, vars ...any) (value string) {
		t.Helper()
		rows, err := c.QueryContext(t.Context(), query, vars...)
		check(t, err)
		defer rows.Close()
		names, err := rows.Columns()
		check(t, err)
		for rows.Next() {
			values := make([]any, len(names))
			var found sql.NullString
			for i := range names {
				values[i] = new(sql.RawBytes)
				if names[i] == name {
					values[i] = &found
				}
			}
			check(t, rows.Scan(values...))
			value = found.String
		}
		check(t, rows.Err())
		return value
	}
	reads := func() int {
		t.Helper()
		n, err := strconv.Atoi(column("Value", "SHOW SESSION STATUS LIKE 'Handler_read_next'"))
		check(t, err)
		return n
	}
	key = column("key", "EXPLAIN "+s.text, s.vars...)
	before := reads()
	column("", s.text, s.vars...)
	read = reads() - before
	check(t, c.Close())
	return key, read
}
