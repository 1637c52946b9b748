package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
)

// What [Storage.Check] finds wrong; match with [errors.Is].
var (
	ErrNoSchema    = errors.New(`no schema, or an old one: "waltz migrate" or Storage.Migrate makes it`)
	ErrNewerSchema = errors.New("schema is newer than this program")
	ErrWrongSchema = errors.New("table is not as its schema's version says")
)

// Migrate brings the schema to the version that this program wants, by those in between. Where it
// is there already that changes nothing, and several processes may do it at once. A newer schema is
// left alone: ErrNewerSchema.
//
// [Storage.SQL] has the same for those who run it by hand.
func (s *Storage) Migrate(ctx context.Context) error {
	var err error
	// Of several that migrate at once, those that come second fail where the first has been
	// before them, and find all done when they look again. Locks that goose has for this are no
	// use behind a pooler, and there is none for SQLite.
	const tries = 6
	for try := range tries {
		err = s.migrate(ctx)
		if err == nil || errors.Is(err, ErrNewerSchema) || ctx.Err() != nil {
			break
		}
		select {
		case <-time.After(10 * time.Millisecond << try):
		case <-ctx.Done():
		}
	}
	if err != nil {
		return fmt.Errorf("sqlstore: migrate table %s: %w", s.config.table(), err)
	}
	return nil
}

func (s *Storage) migrate(ctx context.Context) error {
	store, err := s.versions()
	if err != nil {
		return err
	}
	var all []*goose.Migration
	migrations := s.migrations()
	for i, statements := range migrations {
		if i == len(migrations)-1 {
			// Where each statement is committed by itself, a table of another's that has the name is no error so far.
			statements = append(statements, s.text.probe)
		}
		up := func(ctx context.Context, tx *sql.Tx) error {
			for _, statement := range statements {
				if _, err := tx.ExecContext(ctx, statement); err != nil {
					return err
				}
			}
			return nil
		}
		all = append(all, goose.NewGoMigration(int64(i+1), &goose.GoFunc{RunTx: up}, nil))
	}
	provider, err := goose.NewProvider(goose.DialectCustom, s.db, nil,
		goose.WithStore(store), goose.WithGoMigrations(all...), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	// Nor does such an engine commit the table of versions with its first row: without it goose is stuck.
	if _, err := store.GetLatestVersion(ctx, s.db); errors.Is(err, database.ErrVersionNotFound) {
		if err := store.Insert(ctx, s.db, database.InsertRequest{}); err != nil {
			return err
		}
	}
	if _, err := provider.Up(ctx); err != nil {
		return err
	}
	return s.check(ctx)
}

// Check reports whether the table is there and as this program wants it: ErrNoSchema,
// ErrNewerSchema or ErrWrongSchema where it is not. It changes nothing. A program that does not
// migrate by itself calls it at its start.
func (s *Storage) Check(ctx context.Context) error {
	if err := s.check(ctx); err != nil {
		return fmt.Errorf("sqlstore: table %s: %w", s.config.table(), err)
	}
	return nil
}

func (s *Storage) check(ctx context.Context) error {
	store, err := s.versions()
	if err != nil {
		return err
	}
	if err := s.db.PingContext(ctx); err != nil { // what is wrong is not the schema
		return err
	}
	switch version, err := store.GetLatestVersion(ctx, s.db); {
	case err != nil:
		return fmt.Errorf("%w: %w", ErrNoSchema, err)
	case version < s.wanted():
		return fmt.Errorf("%w: version %d, and %d is wanted", ErrNoSchema, version, s.wanted())
	case version > s.wanted():
		return fmt.Errorf("%w: version %d, and %d is wanted", ErrNewerSchema, version, s.wanted())
	}
	if _, err := s.db.ExecContext(ctx, s.text.probe); err != nil {
		return fmt.Errorf("%w: %w", ErrWrongSchema, err)
	}
	return nil
}

// SQL returns the statements that [Storage.Migrate] runs on an empty database, for people who
// run them by hand. Migrate and [Storage.Check] then find them done.
func (s *Storage) SQL() (string, error) {
	store, err := s.versions()
	if err != nil {
		return "", err
	}
	var said transcript
	if err := store.CreateVersionTable(context.Background(), &said); err != nil {
		return "", err
	}
	done := func(version int) {
		said.add(fmt.Sprintf("INSERT INTO %s (version_id, is_applied) VALUES (%d, TRUE)", store.Tablename(), version))
	}
	done(0) // where goose begins to count
	for i, statements := range s.migrations() {
		for _, statement := range statements {
			said.add(statement)
		}
		done(i + 1)
	}
	return said.text, nil
}

// wanted is the version of the schema that this program wants.
func (s *Storage) wanted() int64 { return int64(len(s.config.Dialect.Migrations)) }

// versions is where goose keeps the version of the schema.
func (s *Storage) versions() (database.Store, error) {
	return database.NewStore(goose.Dialect(s.config.Dialect.Goose), s.config.table()+"_schema")
}

// migrations are the dialect's, for this table.
func (s *Storage) migrations() [][]string {
	var all [][]string
	for _, version := range s.config.Dialect.Migrations {
		var statements []string
		for _, statement := range version {
			statements = append(statements, strings.ReplaceAll(statement, "{table}", s.config.table()))
		}
		all = append(all, statements)
	}
	return all
}

// transcript is a database for goose to speak to, which notes what it is told.
type transcript struct {
	database.DBTxConn
	text string
}

func (t *transcript) ExecContext(_ context.Context, query string, _ ...any) (sql.Result, error) {
	t.add(query)
	return nil, nil //nolint:nilnil // goose does not look at it
}

func (t *transcript) add(statement string) { t.text += statement + ";\n" }
