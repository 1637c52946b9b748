//go:build unix

package enginetest_test

import (
	"testing"

	"gorm.io/driver/postgres"
	"gorm.io/gorm"

	"github.com/waltz-oauth/waltz/internal/enginetest"
)

// A pooler gives each transaction any of its connections to the engine. The table is made through it too.
// There are two ways to have the driver prepare nothing, and either will do.
func TestPromisesBehindAPooler(t *testing.T) {
	t.Parallel()
	const connections = 3
	pooled := enginetest.StartPooler(t, enginetest.Postgres(t), connections).URL
	for name, c := range map[string]postgres.Config{
		"mode exec":       {DSN: pooled},
		"simple protocol": {DSN: pooled + "&default_query_exec_mode=cache_statement", PreferSimpleProtocol: true},
	} {
		t.Run(name, func(t *testing.T) {
			db := database(t, postgres.New(c), gorm.Config{})
			promises(t, migrated[ByString](t, db))
			transactionsGetAny(t, db, connections)
		})
	}
}

// transactionsGetAny fails unless what a client was given for one statement is given to others while that client
// is still there.
func transactionsGetAny(t *testing.T, db *gorm.DB, connections int) {
	t.Helper()
	pid := func(db *gorm.DB) (id int) {
		t.Helper()
		check(t, db.Raw("SELECT pg_backend_pid()").Scan(&id).Error)
		return id
	}
	check(t, db.Connection(func(c *gorm.DB) error {
		given, all := pid(c), make(map[int]bool)
		for range connections {
			tx := db.Begin()
			t.Cleanup(func() { _ = tx.Rollback() })
			all[pid(tx)] = true
		}
		if len(all) != connections || !all[given] {
			t.Errorf("process %d was given for one statement, and %v for transactions", given, all)
		}
		return nil
	}))
}
