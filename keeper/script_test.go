package keeper_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing/synctest"
	"time"

	"github.com/waltz-oauth/waltz/keeper"
)

// action is what may happen next on a stage.
type action struct {
	name string
	do   func()
}

// play does what choose says until nothing is left to happen, and judges as the model does.
func (st *stage) play(choose func(n int) int) {
	st.t.Helper()
	synctest.Wait()
	for st.look() {
		all := st.actions()
		if len(all) == 0 {
			break
		}
		a := all[choose(len(all))]
		st.path = append(st.path, a.name)
		if len(st.path) > 300 {
			st.t.Errorf("it comes to no end: %s", st)
			break
		}
		a.do()
		synctest.Wait()
	}
	st.judge()
	st.strike()
}

// strike ends all that is on the stage.
func (st *stage) strike() {
	st.mu.Lock()
	all := st.players
	if st.leaver != nil {
		all = append(slices.Clone(all), st.leaver)
	}
	for _, p := range all {
		p.crashed = true
	}
	gates := slices.Clone(st.gates)
	st.mu.Unlock()
	for _, g := range gates {
		st.open(g, dies)
	}
	time.Sleep(5 * time.Minute)
	synctest.Wait()
}

// actions are what may happen next, always in the same order.
func (st *stage) actions() (all []action) {
	st.mu.Lock()
	defer st.mu.Unlock()
	add := func(name string, do func()) { all = append(all, action{name, do}) }
	gates := slices.SortedFunc(slices.Values(st.gates), func(a, b *gate) int { return int(a.p.i) - int(b.p.i) })
	for _, g := range gates {
		who := fmt.Sprint(g.p.i)
		if g.p == st.leaver {
			who = "logout"
		}
		add(who+" "+g.call, func() { st.open(g, goes) })
		if g.p == st.leaver {
			continue
		}
		at := g.p.at.at
		if st.may.fail > 0 && (g.call == "get" || g.call == "load" || g.call == "swap") {
			add(who+" "+g.call+" FAILS", func() { st.may.fail--; st.open(g, fails) })
		}
		if st.may.fail > 0 && g.call == "swap" {
			add(who+" "+g.call+" UNANSWERED", func() { st.may.fail--; st.open(g, lost) })
		}
		if st.may.crash > 0 && g.call == "answer" && at == granted {
			add(who+" ANSWER LOST", func() { st.may.crash--; st.open(g, lost) })
		}
		if st.may.crash > 0 && (at == claimed || at == granted || at == refused) {
			add(fmt.Sprintf("%s CRASH before %s", who, g.call), func() { st.may.crash--; st.kill(g.p, g) })
		}
	}
	holder := st.holder()
	if len(gates) == 0 {
		if st.waiting() {
			d := 500 * time.Millisecond
			if holder != nobody && st.gone(holder) || st.expired() {
				d = outlived / 5
			}
			add("time", func() { time.Sleep(d) })
		}
		return all
	}
	if st.may.lapse > 0 && holder != nobody && !st.gone(holder) {
		add("LAPSE", func() { st.may.lapse--; time.Sleep(outlived) })
	}
	if st.may.lapse > 0 && holder == nobody && !slices.Contains(st.path, "PAUSE") {
		add("PAUSE", func() { st.may.lapse--; time.Sleep(35 * time.Second) }) // too long for a claim, and not for a lease
	}
	if st.may.login > 0 {
		add("LOGIN", func() { st.may.login--; st.logIn() })
	}
	if st.may.logout > 0 {
		add("LOGOUT", func() { st.may.logout--; st.logOut() })
	}
	return all
}

// waiting reports whether anybody waits for time to pass.
func (st *stage) waiting() bool {
	all := st.players
	if st.leaver != nil {
		all = append(slices.Clone(all), st.leaver)
	}
	return slices.ContainsFunc(all, func(p *player) bool { return !p.returned || keeper.Busy(p.k) })
}

func (st *stage) String() string { return strings.Join(st.path, ", ") }

// every is a script that takes each way in turn.
type every struct {
	way, wide []int
	at        int
}

func (e *every) choose(n int) int {
	if e.at == len(e.way) {
		e.way, e.wide = append(e.way, 0), append(e.wide, n)
	}
	e.wide[e.at] = n
	e.at++
	return e.way[e.at-1]
}

// more turns to the next way, if there is one.
func (e *every) more() bool {
	e.way, e.wide = e.way[:e.at], e.wide[:e.at]
	e.at = 0
	for i := len(e.way) - 1; i >= 0; i-- {
		if e.way[i]++; e.way[i] < e.wide[i] {
			e.way, e.wide = e.way[:i+1], e.wide[:i+1]
			return true
		}
	}
	return false
}

// some is a script that takes any way.
func some(seed uint64) func(n int) int {
	r := rand.New(rand.NewPCG(seed, 0))
	return r.IntN
}
