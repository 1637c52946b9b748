package keeper_test

import (
	"fmt"
	"time"

	"github.com/waltz-oauth/waltz/keeper"
	"github.com/waltz-oauth/waltz/token"
)

func (st *stage) stored() (token.Record, bool) {
	r, err := st.mem.Load(st.t.Context(), key)
	return r, err == nil
}

// expired reports whether a lease is stored that has run out.
func (st *stage) expired() bool {
	r, ok := st.stored()
	return ok && r.Lease.Attempt != "" && st.holder() == nobody
}

// holder is whose lease stands.
func (st *stage) holder() int8 {
	r, ok := st.stored()
	if !ok || r.Lease.Attempt == "" || r.Now.After(r.Lease.Until.Add(6*time.Second)) {
		return nobody
	}
	return st.attempts[r.Lease.Attempt]
}

// gone reports whether nothing comes of process i's lease any more.
func (st *stage) gone(i int8) bool {
	at := st.players[i].at.at
	return at == idle || at == done
}

// seen is the moment that the stage shows. What can only be known from the past is left out of it.
func (st *stage) seen() moment {
	st.mu.Lock()
	defer st.mu.Unlock()
	s := moment{row: modelRow{holder: nobody}, logins: int8(len(st.grants))}
	for i := st.m.processes; i < maxProcesses; i++ {
		s.processes[i].at = done
	}
	if r, ok := st.stored(); ok {
		if grant, ok := st.grants[r.Grant]; ok { // else it is what a logout leaves behind until it deletes
			s.row = modelRow{there: true, dead: r.State == token.Reauthorize, grant: grant, gen: int8(r.Generation), holder: st.holder()}
			if want := fmt.Sprintf("fake-refresh-g%d-%d", grant, r.Generation); r.Token.RefreshToken != want {
				st.t.Errorf("generation %d of grant %d has another's token", r.Generation, grant)
			}
		}
	}
	for i := range s.logins {
		g := st.p.grants[fmt.Sprint("g", i)]
		s.grants[i] = modelGrant{newest: int8(g.n), dead: g.dead}
	}
	for i, p := range st.players {
		if p.returned && !keeper.Busy(p.k) {
			p.at = modelProcess{at: done}
		}
		s.processes[i] = p.at
	}
	return s
}

// visible is s without what a stage does not show.
func (s moment) visible() moment {
	s.row.fence, s.ended, s.leaving, s.leaves, s.found = 0, 0, staying, 0, 0
	s.login, s.logout, s.lapse, s.crash = 0, 0, 0, 0
	for i := range s.grants {
		s.grants[i].excused, s.grants[i].spoilt = false, false
	}
	for i := range s.processes {
		p := &s.processes[i]
		p.fence = 0
		if p.at == idle || p.at == done {
			*p = modelProcess{at: p.at}
		}
	}
	return s
}

// look reports whether the model can get from where it may be to what the stage shows: in one step
// that shows, or none.
func (st *stage) look() bool {
	st.t.Helper()
	now := st.seen()
	next := make(map[moment]bool)
	for s := range st.could {
		st.reach(s, s.visible() == now, now, next)
	}
	if len(next) == 0 {
		st.t.Errorf("the model cannot do this: %s", st)
		for s := range st.could {
			st.t.Logf("from %+v", s)
		}
		st.t.Logf("to %+v", now)
		return false
	}
	st.could = next
	return true
}

// reach adds to all what the model can get to from s that looks like now; there says that it does.
func (st *stage) reach(s moment, there bool, now moment, all map[moment]bool) {
	if there {
		if all[s] {
			return
		}
		all[s] = true
	}
	before := s.visible()
	for _, next := range st.m.next(s) {
		switch v := next.visible(); {
		case v == now:
			st.reach(next, true, now, all)
		case v == before && !there:
			st.reach(next, false, now, all)
		}
	}
}

// judge looks at the end as the model does: of what can be seen, something must be without fault.
func (st *stage) judge() {
	st.t.Helper()
	var found faults
	for s := range st.could {
		if f := (s.found | st.m.judge(s)) &^ unavoidable; f != 0 {
			found |= f
		} else {
			return
		}
	}
	if found != 0 {
		st.t.Errorf("%v: %s", found, st)
	}
}
