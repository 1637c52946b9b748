package keeper_test

import (
	"fmt"
	"testing"
	"testing/synctest"
)

// happening is what may happen while keepers refresh a token.
type happening struct {
	name                              string
	login, logout, lapse, crash, fail int8 // how often
}

// clocks are the storage's: whether it has one.
var clocks = map[string]bool{"a clock": true, "no clock": false}

// The keeper is checked against the model: real keepers over one storage go through every order of
// their steps, or through many, and take none that the model has not. In the end the model's judge
// looks at what is stored.
func TestKeepersDoAsTheModel(t *testing.T) {
	for _, h := range []happening{
		{name: "nothing else"},
		{name: "a lease runs out", lapse: 1},
		{name: "the storage fails", fail: 1},
	} {
		everyWay(t, h, strict)
	}
	for processes := range int8(2) {
		for _, provider := range []strictness{strict, mild, lenient} {
			for _, h := range []happening{
				{name: "a lease runs out", lapse: 1},
				{name: "a crash", crash: 1},
				{name: "a login", login: 1},
				{name: "a logout", logout: 1},
				{"all of them", 1, 1, 1, 1, 1},
			} {
				someWays(t, h, provider, 2+processes, 50)
			}
		}
	}
}

// everyWay has two keepers take each way that there is.
func everyWay(t *testing.T, h happening, provider strictness) {
	for name, clock := range clocks {
		t.Run(fmt.Sprintf("every way/%s/%s provider/%s", h.name, provider, name), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var script every
				ways := 0
				for more := true; more && !t.Failed(); more = script.more() {
					st := newStage(t, h, &model{design: byGeneration, processes: 2, provider: provider})
					st.clockless = !clock
					st.play(script.choose)
					ways++
				}
				t.Logf("%d ways", ways)
			})
		})
	}
}

// someWays has keepers take n ways by chance, the same each time.
func someWays(t *testing.T, h happening, provider strictness, processes int8, n uint64) {
	for name, clock := range clocks {
		t.Run(fmt.Sprintf("some ways/%s/%s provider/%d processes/%s", h.name, provider, processes, name), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				for seed := range n {
					st := newStage(t, h, &model{design: byGeneration, processes: processes, provider: provider})
					st.clockless = !clock
					st.play(some(seed))
					if t.Failed() {
						return
					}
				}
			})
		})
	}
}
