package main

import (
	"strings"
	"testing"
	"time"
)

// What is measured must work on a machine that has what it needs, and be written down.
func TestEveryRowCanBeMeasured(t *testing.T) {
	var all []result
	for _, r := range rows() {
		res, err := r.measure(t.Context(), 1, time.Millisecond)
		if err != nil {
			t.Fatalf("%s: %v", r.name, err)
		}
		if res.skipped != nil {
			t.Logf("%s: skipped: %v", r.name, res.skipped)
			continue
		}
		if len(res.sides) < 2 || res.sides[0].ratio != 1 || res.sides[1].name != "waltz" {
			t.Errorf("%s: want the limit and then waltz: %v", r.name, res)
		}
		if svg := res.chart(); strings.Count(svg, "<rect") != len(res.sides) || strings.Contains(svg, "NaN") {
			t.Errorf("%s: the chart is broken:\n%s", r.name, svg)
		}
		all = append(all, res)
	}
	if err := write(t.TempDir(), all, 1, time.Millisecond); err != nil {
		t.Error(err)
	}
}
