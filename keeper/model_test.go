package keeper_test

import (
	"strings"
)

// The model explores every order in which the steps of several processes can fall that refresh one
// expired token, at a provider whose refresh tokens work once. It shows what each design of the
// protocol can do wrong; the last design is that of this package.
type design string

const (
	lockless     design = "no lock"                        // read, send, write
	locked       design = "lock"                           // one at a time while the lock lasts, then write
	fenced       design = "commit under the lease"         // write only while the lease is still one's own
	byGeneration design = "commit by grant and generation" // write if what is stored is what was spent
)

// strictness is what a provider does about a refresh token that was used before.
type strictness string

const (
	strict  strictness = "strict"  // ends the grant
	mild    strictness = "mild"    // refuses it
	lenient strictness = "lenient" // allows the last one until its successor is used
)

// What can go wrong.
type faults uint16

const (
	unavoidable  faults = 1 << iota // a token sent twice: after a crash, or a lease that ran out
	doubleUse                       // the same, with no such reason
	loginLost                       // an old grant written over a new one
	logoutUndone                    // a record written where there was none
	wentBack                        // an older generation written over a newer one
	thrownAway                      // the only live token not kept
	deleted                         // a live record deleted
	markedLive                      // in the end, a live grant marked dead
	unusable                        // in the end, a stored token that does not work, with no such reason
)

func (f faults) String() string {
	names := []string{
		"unavoidable double use", "needless double use", "login lost", "logout undone", "went back",
		"live token thrown away", "live record deleted", "live grant marked dead", "unusable token stored",
	}
	var has []string
	for i, name := range names {
		if f&(1<<i) != 0 {
			has = append(has, name)
		}
	}
	return strings.Join(has, ", ")
}

const (
	maxProcesses = 3
	maxGrants    = 2
	nobody       = -1
)

type step int8

const (
	idle    step = iota
	claimed      // about to send
	granted      // has the answer, and has not written
	refused      // was refused, and has not written
	done
)

type modelProcess struct {
	at                step
	grant, gen, fence int8 // what it spends
}

type modelRow struct {
	there, dead       bool
	grant, gen, fence int8
	holder            int8
}

type modelGrant struct {
	newest int8
	dead   bool
}

// moment is one state of everything, and comparable.
type moment struct {
	row                         modelRow
	grants                      [maxGrants]modelGrant
	logins                      int8
	processes                   [maxProcesses]modelProcess
	login, logout, lapse, crash int8 // how often each may still happen
	excuse, spoilt              bool // a crash or a lapse happened; so did what leaves no token that works
}

type model struct {
	design    design
	processes int8
	provider  strictness
	found     faults
}

// explore visits every moment that can follow from first and returns what went wrong in any.
func (m *model) explore(first moment) (visited int, found faults) {
	seen := map[moment]struct{}{first: {}}
	for queue := []moment{first}; len(queue) > 0; {
		now := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		for _, next := range m.next(now) {
			if _, ok := seen[next]; !ok {
				seen[next] = struct{}{}
				queue = append(queue, next)
			}
		}
	}
	return len(seen), m.found
}

func (m *model) next(s moment) (all []moment) {
	ended := true
	for i := range m.processes {
		if s.processes[i].at != done {
			ended = false
		}
		if after, ok := m.act(s, i); ok {
			all = append(all, after)
		}
		if at := s.processes[i].at; s.crash > 0 && (at == claimed || at == granted || at == refused) {
			after := s
			after.crash--
			after.excuse = true
			after.spoilt = s.spoilt || at == granted && m.provider != lenient
			after.processes[i] = modelProcess{}
			all = append(all, after)
		}
	}
	if ended {
		m.judge(s)
	}
	if s.login > 0 {
		after := s
		after.login--
		after.logins++
		after.row = modelRow{there: true, grant: s.logins, fence: s.row.fence, holder: nobody}
		all = append(all, after)
	}
	if s.logout > 0 && s.row.there {
		after := s
		after.logout--
		after.row = modelRow{fence: s.row.fence, holder: nobody}
		all = append(all, after)
	}
	if h := s.row.holder; h != nobody {
		after := s
		after.row.holder = nobody
		if at := s.processes[h].at; at == idle || at == done {
			all = append(all, after) // it crashed: its lease runs out in time
		} else if s.lapse > 0 {
			after.lapse--
			after.excuse = true
			all = append(all, after)
		}
	}
	return all
}

// act is the next step of process i.
func (m *model) act(s moment, i int8) (moment, bool) {
	p := &s.processes[i]
	switch p.at {
	case idle:
		return m.claim(s, i)
	case claimed:
		g := &s.grants[p.grant]
		switch {
		case g.dead:
			p.at = refused
		case p.gen == g.newest:
			g.newest++
			p.at = granted
		case m.provider == lenient && p.gen == g.newest-1:
			p.at = granted
		default:
			if s.excuse {
				m.found |= unavoidable
			} else {
				m.found |= doubleUse
			}
			g.dead = m.provider == strict
			s.spoilt = s.spoilt || g.dead
			p.at = refused
		}
	case granted:
		m.commit(&s, i)
	case refused:
		m.refuse(&s, i)
	case done:
		return s, false
	}
	return s, true
}

func (m *model) claim(s moment, i int8) (moment, bool) {
	p := &s.processes[i]
	r := &s.row
	switch {
	case !r.there || r.dead || r.gen > 0: // nothing, or nothing to do
		p.at = done
		return s, true
	case m.design == lockless:
	case r.holder != nobody:
		return s, false
	default:
		r.holder = i
		r.fence++
	}
	*p = modelProcess{claimed, r.grant, r.gen, r.fence}
	return s, true
}

func (m *model) commit(s *moment, i int8) {
	p := s.processes[i]
	r := &s.row
	same := r.there && r.grant == p.grant && r.gen == p.gen
	next := modelRow{there: true, grant: p.grant, gen: p.gen + 1, fence: r.fence, holder: nobody}
	s.processes[i] = modelProcess{at: done}
	switch m.design {
	case lockless, locked:
		switch {
		case !r.there:
			m.found |= logoutUndone
		case r.grant != p.grant:
			m.found |= loginLost
		case r.gen > next.gen:
			m.found |= wentBack
		}
		*r = next
	case fenced:
		if same && r.holder == i && r.fence == p.fence {
			*r = next
		} else if g := s.grants[p.grant]; same && !g.dead && g.newest == next.gen {
			m.found |= thrownAway
		}
	case byGeneration:
		if same {
			*r = next
		}
	}
}

func (m *model) refuse(s *moment, i int8) {
	p := s.processes[i]
	r := &s.row
	same := r.there && r.grant == p.grant && r.gen == p.gen
	s.processes[i] = modelProcess{at: done}
	switch {
	case m.design == lockless || m.design == locked:
		if g := s.grants[r.grant]; r.there && !g.dead && g.newest == r.gen {
			m.found |= deleted
		}
		*r = modelRow{fence: r.fence, holder: nobody}
	case same && m.design == byGeneration && r.holder != nobody && r.holder != i:
		s.processes[i] = modelProcess{} // another is trying: look again
	case same:
		*r = modelRow{there: true, dead: true, grant: r.grant, gen: r.gen, fence: r.fence, holder: nobody}
	}
}

// judge looks at the end: what is stored then stays.
func (m *model) judge(s moment) {
	if !s.row.there {
		return
	}
	g := s.grants[s.row.grant]
	live := !g.dead && g.newest == s.row.gen
	switch {
	case s.row.dead && live:
		m.found |= markedLive
	case !s.row.dead && !live && !s.spoilt:
		m.found |= unusable
	}
}
