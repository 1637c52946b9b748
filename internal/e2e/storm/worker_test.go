package storm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz"
	"github.com/waltz-oauth/waltz/internal/e2e/engines"
	"github.com/waltz-oauth/waltz/keeper"
	"github.com/waltz-oauth/waltz/provider"
)

// job is what a process of a storm is to do.
type job struct {
	Process       string // its name
	Engine, Where string // the storage
	Provider      string // the provider's address
	Grants        int
	AtOnce        int // how many it asks for at once
	Lease         time.Duration
	Begin         time.Time // not before
}

// report is what it says when it has done it.
type report struct {
	Took []time.Duration // to each token, from when it was first asked for
	Lost int             // grants that want a login
}

// variable has the job of a process that a test started.
const variable = "WALTZ_TEST_STORM"

func TestMain(m *testing.M) {
	if text, ok := os.LookupEnv(variable); ok {
		if err := work(text, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// work asks for the token of every user until it has seen all of them fresh, as a program would.
func work(text string, out io.Writer) error {
	var j job
	if err := json.Unmarshal([]byte(text), &j); err != nil {
		return err
	}
	e, ok := engines.Named(j.Engine)
	if !ok {
		return fmt.Errorf("no engine is called %q", j.Engine)
	}
	s, err := e.Open(j.Where)
	if err != nil {
		return err
	}
	defer s.Close()
	c, app, err := consumer(s, j)
	if err != nil {
		return err
	}
	const patience = 15 * time.Minute
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	time.Sleep(time.Until(j.Begin))
	var r report
	var mu sync.Mutex
	users := make(chan int)
	var workers sync.WaitGroup
	for range j.AtOnce {
		workers.Go(func() {
			for i := range users {
				start := time.Now()
				failed := ask(ctx, c, user(i))
				took := time.Since(start)
				mu.Lock()
				switch {
				case failed == nil:
					r.Took = append(r.Took, took)
				case errors.Is(failed, waltz.ErrReauthorize):
					r.Lost++
				default:
					err = errors.Join(err, failed)
				}
				mu.Unlock()
			}
		})
	}
	for _, i := range rand.Perm(j.Grants) {
		users <- i
	}
	close(users)
	workers.Wait()
	return errors.Join(err, app.Shutdown(ctx), json.NewEncoder(out).Encode(r))
}

// ask gets one user's token, asking again where it is told to wait.
func ask(ctx context.Context, c *waltz.Consumer, user string) error {
	for {
		_, err := c.Token(waltz.WithUser(ctx, user))
		if err == nil {
			return nil
		}
		wait := 100 * time.Millisecond
		failure, failed := errors.AsType[*keeper.Failure](err)
		switch {
		case ctx.Err() != nil || errors.Is(err, waltz.ErrReauthorize):
			return fmt.Errorf("%s: %w", user, err)
		case failed && failure.RetryAfter > 0:
			wait = min(failure.RetryAfter, time.Second)
		case !errors.Is(err, waltz.ErrRefreshInProgress):
			return fmt.Errorf("%s: %w", user, err)
		}
		time.Sleep(wait)
	}
}

func user(i int) string { return "user" + strconv.Itoa(i) }

// consumer is an application over the storage, whose requests to the provider say which process they
// come from.
func consumer(s engines.Storage, j job) (*waltz.Consumer, *waltz.App, error) {
	app, err := waltz.New(waltz.Config{
		Secret:     "fake-secret-of-32-bytes-or-more-for-a-storm",
		Storage:    s,
		Cluster:    true,
		User:       func(context.Context) (string, error) { return "", nil },
		Lease:      j.Lease,
		Logger:     slog.New(slog.DiscardHandler),
		HTTPClient: &http.Client{Transport: signed(j.Process), Timeout: j.Lease / 2},
	})
	if err != nil {
		return nil, nil, err
	}
	c, err := app.Register(waltz.Registration{
		Provider: provider.Provider{
			Name:             "storm",
			AuthorizationURL: j.Provider + "/authorize",
			TokenURL:         j.Provider + "/token",
			APIBase:          j.Provider + "/api/",
			Revocation:       provider.Revocation{URL: j.Provider + "/revoke"},
		},
		ClientID: clientID, ClientSecret: clientSecret,
	})
	return c, app, err
}

const (
	clientID      = "storm"
	clientSecret  = "fake-client-secret"
	processHeader = "X-Process"
)

// signed writes the process's name on each request.
type signed string

func (s signed) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set(processHeader, string(s))
	return http.DefaultTransport.RoundTrip(r)
}
