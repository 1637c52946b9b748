// Package benchtest measures one way of doing something against another in the same run, so that what
// else the machine does comes to both.
package benchtest

import (
	_ "embed"
	"slices"
	"testing"
	"time"
)

// Token is what a provider's answer looks like, with an ID token and a few members of its own.
//
//go:embed token.json
var Token []byte

// Compare does one thing and the other in turn, and reports the median of each and their ratio.
func Compare(b *testing.B, ours, byHand func() error) {
	b.Helper()
	var took [2][]time.Duration
	for b.Loop() {
		for i, f := range []func() error{ours, byHand} {
			start := time.Now()
			if err := f(); err != nil {
				b.Fatal(err)
			}
			took[i] = append(took[i], time.Since(start))
		}
	}
	us, hand := Median(took[0]), Median(took[1])
	b.ReportMetric(float64(us.Nanoseconds()), "ns/ours")
	b.ReportMetric(float64(hand.Nanoseconds()), "ns/by-hand")
	b.ReportMetric(float64(us)/float64(hand), "ratio")
	b.ReportMetric(0, "ns/op") // of both together
}

// Median sorts all, of which there is one at least, and returns the one in the middle.
func Median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}
