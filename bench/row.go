package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"
)

// row is one piece of work, and those who do it. The first side is the limit: the least code that does
// the same. The second is waltz.
type row struct {
	name  string
	limit string  // what the limit is
	most  float64 // how many times the limit waltz may take; 0: no figure is set
	sides func(ctx context.Context, s *stage) ([]side, error)
}

type side struct {
	name string
	do   func() error // once
}

// errAbsent says that what a row needs is not on this machine.
var errAbsent = errors.New("not on this machine")

// stage is what a row's sides stand on. It is taken down when the row is done.
type stage struct{ last []func() error }

func (s *stage) after(f func() error) { s.last = append(s.last, f) }

func (s *stage) down() (err error) {
	for _, f := range slices.Backward(s.last) {
		err = errors.Join(err, f())
	}
	return err
}

// result is what was measured of a row.
type result struct {
	row
	skipped error
	sides   []measured
}

type measured struct {
	name   string
	took   time.Duration // the median of a call
	ratio  float64       // the median of the ratios to the limit, round by round
	low    float64       // the least of these ratios, and the greatest
	high   float64
	allocs float64
}

// measure has the sides take turns, so that what else the machine does slows all.
func (r row) measure(ctx context.Context, rounds int, batch time.Duration) (res result, err error) {
	s := new(stage)
	defer func() { err = errors.Join(err, s.down()) }()
	res = result{row: r}
	sides, err := r.sides(ctx, s)
	if errors.Is(err, errAbsent) {
		res.skipped = err
		return res, nil
	}
	if err != nil {
		return res, err
	}
	calls := make([]int, len(sides))
	for i, side := range sides {
		if calls[i], err = calibrate(side, batch); err != nil {
			return res, fmt.Errorf("%s: %w", side.name, err)
		}
	}
	took := make([][]time.Duration, len(sides)) // by side and round
	for round := range rounds {
		for i := range sides {
			i := (i + round) % len(sides) // nobody is always the one after a garbage collection
			if ctx.Err() != nil {
				return res, ctx.Err()
			}
			runtime.GC()
			d, err := repeat(sides[i], calls[i])
			if err != nil {
				return res, fmt.Errorf("%s: %w", sides[i].name, err)
			}
			took[i] = append(took[i], d/time.Duration(calls[i]))
		}
	}
	for i, side := range sides {
		allocs, err := allocations(side)
		if err != nil {
			return res, fmt.Errorf("%s: %w", side.name, err)
		}
		ratios := make([]float64, rounds)
		for round := range rounds {
			ratios[round] = float64(took[i][round]) / float64(took[0][round])
		}
		res.sides = append(res.sides, measured{
			name: side.name, took: median(took[i]), ratio: median(ratios),
			low: slices.Min(ratios), high: slices.Max(ratios), allocs: allocs,
		})
	}
	return res, nil
}

// calibrate is how many calls fill a batch.
func calibrate(s side, batch time.Duration) (int, error) {
	for n := 1; ; n *= 4 {
		d, err := repeat(s, n)
		if err != nil {
			return 0, err
		}
		if d > batch/8 || n > 1<<28 {
			return max(1, int(float64(n)*float64(batch)/float64(max(d, 1)))), nil
		}
	}
}

func repeat(s side, n int) (time.Duration, error) {
	began := time.Now()
	for range n {
		if err := s.do(); err != nil {
			return 0, err
		}
	}
	return time.Since(began), nil
}

// allocations is how many there are in a call, those of servers in this process included.
func allocations(s side) (float64, error) {
	const calls = 50
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := repeat(s, calls); err != nil {
		return 0, err
	}
	runtime.ReadMemStats(&after)
	return float64((after.Mallocs - before.Mallocs + calls/2) / calls), nil
}

func median[T time.Duration | float64](all []T) T {
	sorted := slices.Sorted(slices.Values(all))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}

// String is the row as a table of text.
func (r result) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (limit: %s", r.name, r.limit)
	if r.most > 0 {
		fmt.Fprintf(&b, "; waltz at most %.2f x", r.most)
	}
	b.WriteString(")\n")
	if r.skipped != nil {
		fmt.Fprintf(&b, "  skipped: %v\n\n", r.skipped)
		return b.String()
	}
	for _, m := range r.sides {
		fmt.Fprintf(&b, "  %-28s %10v  %6.2f x  (%.2f to %.2f)  %5.0f allocations\n", m.name, rounded(m.took), m.ratio, m.low, m.high, m.allocs)
	}
	b.WriteString("\n")
	return b.String()
}

// rounded has three digits.
func rounded(d time.Duration) time.Duration {
	unit := time.Duration(1)
	for d/unit >= 1000 {
		unit *= 10
	}
	return d.Round(unit)
}
