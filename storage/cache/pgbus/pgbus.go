// Package pgbus lets the processes that share a PostgreSQL tell each other what to drop from the memory
// of package cache, by LISTEN and NOTIFY.
package pgbus

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/waltz-oauth/waltz/storage/cache"
)

// Config says which PostgreSQL, and the name by which processes find each other.
type Config struct {
	// DB is where messages are sent. It may be the one that the tokens are in, and may go through a
	// pooler. Required.
	DB *sql.DB

	// URL is the same database for listening, which takes one connection for as long as
	// [cache.Storage.Run] runs. It must be a direct one: behind a proxy that pools transactions nobody
	// hears anything, and no error says so. Required.
	URL string

	Channel string // "waltz_changes" by default; another for each storage that is cached
}

func (c Config) channel() string { return cmp.Or(c.Channel, "waltz_changes") }

// Bus is a [cache.Bus].
type Bus struct {
	c      Config
	listen *pgx.ConnConfig
}

var _ cache.Bus = (*Bus)(nil)

// silence is how long nothing is heard before the connection is tried, and then how long it has to
// answer.
const silence = 10 * time.Second

// New returns a bus. It does not connect yet.
func New(c Config) (*Bus, error) {
	if c.DB == nil {
		return nil, errors.New("pgbus: Config needs a DB")
	}
	listen, err := pgx.ParseConfig(c.URL)
	if err != nil || c.URL == "" {
		// Its text may have parts of the password.
		return nil, errors.New("pgbus: Config needs a URL of the form postgres://user:password@host:5432/database")
	}
	return &Bus{c: c, listen: listen}, nil
}

// Publish is [cache.Bus]'s.
func (b *Bus) Publish(ctx context.Context, message string) error {
	_, err := b.c.DB.ExecContext(ctx, "SELECT pg_notify($1, $2)", b.c.channel(), message)
	return err
}

// Subscribe is [cache.Bus]'s.
func (b *Bus) Subscribe(ctx context.Context, ready func(), receive func(message string)) error {
	conn, err := pgx.ConnectConfig(ctx, b.listen.Copy())
	if err != nil {
		return fmt.Errorf("pgbus: %w", err)
	}
	defer func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = conn.Close(end)
	}()
	if _, err := conn.Exec(ctx, "LISTEN "+pgx.Identifier{b.c.channel()}.Sanitize()); err != nil {
		return fmt.Errorf("pgbus: %w", err)
	}
	ready()
	for {
		message, err := wait(ctx, conn)
		if err != nil {
			return fmt.Errorf("pgbus: %w", err)
		}
		if message != "" {
			receive(message)
		}
	}
}

// wait returns the next message, or none after a silence in which the connection has shown that it
// lives.
func wait(ctx context.Context, conn *pgx.Conn) (string, error) {
	limited, cancel := context.WithTimeout(ctx, silence)
	defer cancel()
	n, err := conn.WaitForNotification(limited)
	if err == nil {
		return n.Payload, nil
	}
	if ctx.Err() != nil || limited.Err() == nil {
		return "", err
	}
	try, cancel := context.WithTimeout(ctx, silence)
	defer cancel()
	return "", conn.Ping(try)
}
