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
	Engine, Where string // the storage
	Provider      string // the provider's address
	Grants        int
	AtOnce        int // how many it asks for at once
	Lease         time.Duration
}

// report is what it says when it has done it.
type report struct {
	Took   []time.Duration // by each call that brought a token
	Lost   int             // grants that want a login
	Waited int             // calls that were to be made again
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
	c, app, err := consumer(s, j.Provider, j.Lease)
	if err != nil {
		return err
	}
	const patience = 15 * time.Minute
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var r report
	var mu sync.Mutex
	users := make(chan int)
	var workers sync.WaitGroup
	for range j.AtOnce {
		workers.Go(func() {
			for i := range users {
				took, waited, lost, failed := ask(ctx, c, user(i))
				mu.Lock()
				r.Took = append(r.Took, took...)
				r.Waited += waited
				if lost {
					r.Lost++
				}
				err = errors.Join(err, failed)
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

// ask gets one user's token, and again later where it is told to wait.
func ask(ctx context.Context, c *waltz.Consumer, user string) (took []time.Duration, waited int, lost bool, err error) {
	for {
		start := time.Now()
		_, err := c.Token(waltz.WithUser(ctx, user))
		switch {
		case err == nil:
			return []time.Duration{time.Since(start)}, waited, false, nil
		case errors.Is(err, waltz.ErrReauthorize):
			return nil, waited, true, nil
		case ctx.Err() != nil:
			return nil, waited, false, fmt.Errorf("%s: %w", user, err)
		}
		waited++
		wait := 100 * time.Millisecond
		if f, ok := errors.AsType[*keeper.Failure](err); ok && f.RetryAfter > 0 {
			wait = min(f.RetryAfter, time.Second)
		} else if !errors.Is(err, waltz.ErrRefreshInProgress) {
			return nil, waited, false, fmt.Errorf("%s: %w", user, err)
		}
		time.Sleep(wait)
	}
}

func user(i int) string { return "user" + strconv.Itoa(i) }

// consumer is an application over the storage, whose requests to the provider say which process they
// come from.
func consumer(s engines.Storage, address string, lease time.Duration) (*waltz.Consumer, *waltz.App, error) {
	app, err := waltz.New(waltz.Config{
		Secret:     "fake-secret-of-32-bytes-or-more-for-a-storm",
		Storage:    s,
		Cluster:    true,
		User:       func(context.Context) (string, error) { return "", nil },
		Lease:      lease,
		Logger:     slog.New(slog.DiscardHandler),
		HTTPClient: &http.Client{Transport: signed{}, Timeout: lease / 2},
	})
	if err != nil {
		return nil, nil, err
	}
	c, err := app.Register(waltz.Registration{
		Provider: provider.Provider{
			Name:             "storm",
			AuthorizationURL: address + "/authorize",
			TokenURL:         address + "/token",
			APIBase:          address + "/api/",
			Revocation:       provider.Revocation{URL: address + "/revoke"},
		},
		ClientID: clientID, ClientSecret: clientSecret,
	})
	return c, app, err
}

const (
	clientID     = "storm"
	clientSecret = "fake-client-secret"
	processID    = "X-Process"
)

// signed writes the process's id on each request.
type signed struct{}

func (signed) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set(processID, strconv.Itoa(os.Getpid()))
	return http.DefaultTransport.RoundTrip(r)
}
