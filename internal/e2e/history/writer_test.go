package history

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"time"

	"golang.org/x/sys/unix"

	"github.com/waltz-oauth/waltz/token"
)

// writer does this and that to a few keys of a storage, and writes down what came of it: each call before
// it is made, and again when it has ended, so that one which a killed process was in is known.
type writer struct {
	s    token.Versioned
	keys int
	log  io.Writer
	seen map[int]event // the last value and version that it saw of each key
	last int           // the key of the last call
}

func now() int64 {
	var t unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &t) // it exists wherever the tests run
	return t.Nano()
}

func key(i int) token.Key { return token.Key{Provider: "history", User: fmt.Sprint("user", i)} }

// run goes on until ctx ends, with a pause after each call, that long on average.
func (w *writer) run(ctx context.Context, pause time.Duration) error {
	w.seen = make(map[int]event)
	lines := json.NewEncoder(w.log)
	for ctx.Err() == nil {
		e := w.choose()
		if err := lines.Encode(e); err != nil {
			return err
		}
		e = w.do(context.WithoutCancel(ctx), e)
		if err := lines.Encode(e); err != nil {
			return err
		}
		if e.Outcome == unknown { // the engine is down, and each such call leaves more orders to look through
			time.Sleep(10 * pause)
		}
		time.Sleep(mathrand.N(2 * pause))
	}
	return nil
}

// choose says what to do next: rather with the key that was read just now, since of what was read longer
// ago nearly every swap is a conflict. Until it has ended, the outcome is unknown.
func (w *writer) choose() event {
	if mathrand.IntN(3) == 0 {
		w.last = mathrand.IntN(w.keys)
	}
	e := event{Kind: loads, Key: w.last, Outcome: unknown}
	seen, known := w.seen[e.Key]
	switch n := mathrand.IntN(10); {
	case n == 0:
		e.Kind = deletes
	case n < 3:
		e.Kind, e.Value = sets, rand.Text()
	case known && n < 9:
		e.Kind, e.Old, e.Value = swaps, seen.Value, rand.Text()
	}
	e.Start = now()
	return e
}

func (w *writer) do(ctx context.Context, e event) event {
	const patience = 2 * time.Second
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	old := w.seen[e.Key].Version
	delete(w.seen, e.Key)
	var r token.Record
	var err error
	switch e.Kind {
	case loads:
		r, err = w.s.Load(ctx, key(e.Key))
	case sets:
		err = w.s.Set(ctx, key(e.Key), record(e.Value))
	case swaps:
		e.Version, err = w.s.Swap(ctx, key(e.Key), old, record(e.Value))
	case deletes:
		err = w.s.Delete(ctx, key(e.Key))
	}
	e.End = now()
	switch {
	case err == nil:
		e.Outcome = done
	case errors.Is(err, token.ErrNotFound):
		e.Outcome = absent
	case errors.Is(err, token.ErrConflict):
		e.Outcome = conflict
	default:
		e.Version = ""
	}
	if e.Kind == loads && e.Outcome == done {
		e.Value, e.Version = r.Subject, r.Version
	}
	if e.Outcome == done && e.Version != "" {
		w.seen[e.Key] = e
	}
	return e
}

func record(value string) token.Record {
	r := token.New(&token.Token{AccessToken: "fake-" + value})
	r.Subject = value
	return r
}

// read returns the calls in a log. The line that a killed process did not finish is no call.
func read(log io.Reader) (all []event) {
	lines := json.NewDecoder(log)
	open := false
	for {
		var e event
		if err := lines.Decode(&e); err != nil {
			return all
		}
		if open { // the end of the last one
			all[len(all)-1] = e
		} else {
			all = append(all, e)
		}
		open = !open
	}
}
