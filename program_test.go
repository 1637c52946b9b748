package waltz_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/waltz-oauth/waltz"
	"github.com/waltz-oauth/waltz/storage/memstore"
	"github.com/waltz-oauth/waltz/token"
	"github.com/waltz-oauth/waltz/waltztest"
)

// program is an application without pages: a command, or a service.
type program struct {
	app      *waltz.App
	consumer *waltz.Consumer
	storage  token.Storage
	log      *lockedBuffer
}

func newProgram(t *testing.T, s *waltztest.Server, c waltz.Config, r waltz.Registration) *program {
	t.Helper()
	p := &program{storage: c.Storage, log: new(lockedBuffer)}
	if c.Storage == nil {
		p.storage = memstore.New()
	}
	c.Secret, c.Storage = fakeSecret, p.storage
	c.User = currentUser
	if c.HTTPClient == nil {
		c.HTTPClient = ownConnections(t)
	}
	c.Logger = slog.New(slog.NewTextHandler(p.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var err error
	if p.app, err = waltz.New(c); err != nil {
		t.Fatal(err)
	}
	if r.Provider.Name == "" {
		r.Provider = s.Provider()
	}
	r.Name, r.ClientID, r.ClientSecret, r.Public = "test", s.ClientID, s.ClientSecret, s.ClientSecret == ""
	if p.consumer, err = p.app.Register(r); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if secret(p.log.String()) {
			t.Error("a secret is in the log")
		}
	})
	return p
}

// whoAmI asks the API.
func (p *program) whoAmI(ctx context.Context) (string, error) {
	resp, err := p.consumer.Client(ctx).Get("user")
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return fmt.Sprintf("%d %s", resp.StatusCode, body), err
}

func (p *program) is(ctx context.Context, t *testing.T, want string) {
	t.Helper()
	if got, err := p.whoAmI(ctx); err != nil || !strings.Contains(got, want) {
		t.Errorf("the API said %q, %v; want %s", got, err, want)
	}
}
