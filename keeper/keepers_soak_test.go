//go:build soak

package keeper_test

import "testing"

// Every way of two keepers with any one thing happening, and many ways of two and three with all.
func TestSoakKeepersDoAsTheModel(t *testing.T) {
	for _, provider := range []strictness{strict, mild, lenient} {
		for _, h := range []happening{
			{name: "nothing else"},
			{name: "a lease runs out", lapse: 1},
			{name: "the storage fails", fail: 1},
			{name: "a login", login: 1},
			{name: "a crash", crash: 1},
			{name: "a logout", logout: 1},
		} {
			everyWay(t, h, provider)
		}
		for processes := range int8(2) {
			someWays(t, happening{"all of them", 1, 1, 1, 1, 1}, provider, 2+processes, 50_000)
			someWays(t, happening{"twice", 1, 1, 2, 2, 2}, provider, 2+processes, 50_000)
		}
	}
}
