package keeper_test

import (
	"cmp"
	"strings"
)

// The model explores every order in which the steps of several processes can fall that refresh one
// expired token, at a provider whose refresh tokens work once. It shows what each design of the
// protocol can do wrong; the last design is that of this package, and TestKeepersDoAsTheModel sees
// that the keeper takes no step which the model has not.
type design string

const (
	lockless     design = "no lock"                        // read, send, write
	locked       design = "lock"                           // one at a time while the lock lasts, then write
	fenced       design = "commit under the lease"         // write only while the lease is still one's own
	byKey        design = "mark by key"                    // as the next, and a refusal marks whatever is stored
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
	logoutUndone                    // a record written where there was none, or one there in the end
	thrownAway                      // the only live token not kept
	deleted                         // a live record deleted
	markedLive                      // in the end, a live grant marked dead
	unusable                        // in the end, a stored token that does not work, with no such reason
)

func (f faults) String() string {
	names := []string{
		"unavoidable double use", "needless double use", "login lost", "logout undone",
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

func (s step) String() string {
	return [...]string{"idle", "claimed", "granted", "refused", "done"}[s]
}

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
	newest  int8
	dead    bool
	excused bool // it was sent before a crash, or while a lease ran out
	spoilt  bool // it is nobody's fault that no token of it works
}

// leaving is how far somebody has come who logs out.
type leaving int8

const (
	staying leaving = iota
	looked          // and seen a grant
	revoked         // and ended it at the provider
	buried          // and nothing is stored of it; what is stored now will be deleted
)

// moment is one state of everything, and comparable.
type moment struct {
	row                         modelRow
	grants                      [maxGrants]modelGrant
	logins, ended               int8 // how many grants there were, and how many of them a logout ended
	processes                   [maxProcesses]modelProcess
	leaving                     leaving
	leaves                      int8 // the grant that was seen
	login, logout, lapse, crash int8 // how often each may still happen
	found                       faults
}

type model struct {
	design    design
	processes int8
	provider  strictness
}

// first is when somebody has logged in whose token has expired.
func (m *model) first() moment {
	s := moment{row: modelRow{there: true, holder: nobody}, logins: 1}
	for i := m.processes; i < maxProcesses; i++ {
		s.processes[i].at = done
	}
	return s
}

// explore visits every moment that can follow from first and returns what went wrong in any.
func (m *model) explore(first moment) (visited int, found faults) {
	seen := map[moment]struct{}{first: {}}
	for queue := []moment{first}; len(queue) > 0; {
		now := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		found |= now.found | m.judge(now)
		for _, next := range m.next(now) {
			next.sort()
			if _, ok := seen[next]; !ok {
				seen[next] = struct{}{}
				queue = append(queue, next)
			}
		}
	}
	return len(seen), found
}

// sort puts the processes into an order: it does not matter which of them is which.
func (s *moment) sort() {
	for i := range s.processes {
		for j := range i {
			if a, b := &s.processes[j], &s.processes[i]; b.before(*a) {
				*a, *b = *b, *a
				switch s.row.holder {
				case int8(i):
					s.row.holder = int8(j)
				case int8(j):
					s.row.holder = int8(i)
				}
			}
		}
	}
}

func (p modelProcess) before(o modelProcess) bool {
	return cmp.Or(cmp.Compare(p.at, o.at), cmp.Compare(p.grant, o.grant), cmp.Compare(p.gen, o.gen), cmp.Compare(p.fence, o.fence)) < 0
}

// next is all that can happen.
func (m *model) next(s moment) (all []moment) {
	for i := range m.processes {
		if after, ok := m.act(s, i); ok {
			all = append(all, after)
		}
		all = append(all, m.giveUp(s, i)...)
		all = append(all, m.crashes(s, i)...)
	}
	all = append(all, m.leave(s)...)
	if s.login > 0 {
		after := s
		after.login--
		after.logins++
		after.row = modelRow{there: true, grant: s.logins, fence: s.row.fence, holder: nobody}
		all = append(all, after)
	}
	if h := s.row.holder; h != nobody {
		after := s
		after.row.holder = nobody
		if at := s.processes[h].at; at == idle || at == done {
			all = append(all, after) // it is gone: its lease runs out in time
		} else if s.lapse > 0 {
			after.lapse--
			after.grants[s.row.grant].excused = true
			all = append(all, after)
		}
	}
	return all
}

// act is the next step of process i.
func (m *model) act(s moment, i int8) (moment, bool) {
	switch s.processes[i].at {
	case idle:
		return m.claim(s, i)
	case claimed:
		m.send(&s, i)
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
		if m.design == fenced {
			r.fence++
		}
	}
	*p = modelProcess{claimed, r.grant, r.gen, r.fence}
	return s, true
}

func (m *model) send(s *moment, i int8) {
	p := &s.processes[i]
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
		if g.excused {
			s.found |= unavoidable
		} else {
			s.found |= doubleUse
		}
		g.dead = m.provider == strict
		g.spoilt = g.spoilt || g.dead
		p.at = refused
	}
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
			s.found |= logoutUndone
		case r.grant != p.grant:
			s.found |= loginLost
		}
		*r = next
	case fenced:
		if same && r.holder == i && r.fence == p.fence {
			*r = next
		} else if g := s.grants[p.grant]; same && !g.dead && g.newest == next.gen {
			s.found |= thrownAway
		}
	case byKey, byGeneration:
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
		if r.there && m.live(*s, *r) {
			s.found |= deleted
		}
		*r = modelRow{fence: r.fence, holder: nobody}
	case same && m.design == byGeneration && r.holder != nobody && r.holder != i:
		s.processes[i] = modelProcess{} // another is trying: look again
	case same, m.design == byKey && r.there:
		*r = modelRow{there: true, dead: true, grant: r.grant, gen: r.gen, fence: r.fence, holder: nobody}
	}
}

// giveUp is what else a process may do, as it has waited for too long, was too slow, or cannot reach
// the storage. With an answer in hand it never does.
func (m *model) giveUp(s moment, i int8) (all []moment) {
	at := s.processes[i].at
	if at == granted || at == done {
		return nil
	}
	s.processes[i] = modelProcess{at: done}
	all = append(all, s)
	if at == claimed && s.row.holder == i { // and it gives back its claim
		s.row.holder = nobody
		all = append(all, s)
	}
	if at == refused && m.design == byGeneration { // or it has seen a lease of another that has run out
		s.processes[i] = modelProcess{}
		all = append(all, s)
	}
	return all
}

// crashes are the ways in which process i can be stopped: it begins anew, or lives and has lost the
// answer. What came for a grant that is stored no more is revoked, or is not in time.
func (m *model) crashes(s moment, i int8) (all []moment) {
	p := s.processes[i]
	if p.at == granted && (!s.row.there || s.row.grant != p.grant) {
		after := s
		after.grants[p.grant].dead = true
		after.processes[i] = modelProcess{at: done}
		all = append(all, after)
	}
	if s.crash == 0 || p.at != claimed && p.at != granted && p.at != refused {
		return all
	}
	s.crash--
	if p.at == granted {
		g := &s.grants[p.grant]
		g.excused = true
		g.spoilt = g.spoilt || m.provider != lenient
		after := s
		after.processes[i] = modelProcess{at: done}
		all = append(all, after)
		if after.row.holder == i {
			after.row.holder = nobody
			all = append(all, after)
		}
	}
	s.processes[i] = modelProcess{}
	return append(all, s)
}

// leave is the next step of somebody who logs out: the grant is ended at the provider, the record is
// made that of nothing, and then deleted.
func (m *model) leave(s moment) []moment {
	gone := modelRow{fence: s.row.fence, holder: nobody}
	switch s.leaving {
	case staying:
		if s.logout == 0 || !s.row.there {
			return nil
		}
		s.logout--
		s.leaving, s.leaves = looked, s.row.grant
	case looked:
		s.grants[s.leaves].dead, s.grants[s.leaves].spoilt = true, true
		s.leaving = revoked
	case revoked:
		if s.row.there && s.row.grant != s.leaves { // a login, since
			s.leaving, s.leaves = looked, s.row.grant
			break
		}
		s.row, s.leaving, s.ended = gone, buried, s.logins
	case buried:
		s.row, s.leaving, s.leaves, s.ended = gone, staying, 0, s.logins
	}
	return []moment{s}
}

// live reports whether the token in r works.
func (m *model) live(s moment, r modelRow) bool {
	g := s.grants[r.grant]
	return !g.dead && (r.gen == g.newest || m.provider == lenient && r.gen == g.newest-1)
}

// judge looks at the end: what is stored then stays.
func (m *model) judge(s moment) (found faults) {
	for _, p := range s.processes {
		if p.at != done {
			return 0
		}
	}
	if !s.row.there || s.leaving != staying {
		return 0
	}
	live := m.live(s, s.row)
	if s.row.dead && live {
		found |= markedLive
	}
	if !s.row.dead && !live && !s.grants[s.row.grant].spoilt {
		found |= unusable
	}
	if s.row.grant < s.ended {
		found |= logoutUndone
	}
	return found
}
