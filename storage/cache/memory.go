package cache

import (
	"fmt"
	"sync"

	"github.com/maypok86/otter/v2"

	"github.com/waltz-oauth/waltz/token"
)

// memory holds what was read, and the flights that read it. A flight is the lease: what it brings is
// kept only if it is still the flight of its key when it lands.
type memory struct {
	clock clock
	held  *otter.Cache[token.Key, *entry]

	mu      sync.Mutex // held for every change of held, so that nothing comes between a look at flights and the change
	flights map[token.Key]*flight
}

// entry is what Get answers: a record, or the error that says there is none. It never changes.
type entry struct {
	record token.Record
	err    error
	until  int64 // by clock
}

// flight is one read of the storage, for all who wait for it.
type flight struct {
	done chan struct{} // closed when the fields below are set
	e    *entry
	err  error
	keep bool // e may be kept
	void bool // it came to nothing for a reason that is its leader's alone
}

// newMemory leaves the time-to-live to entry: otter's own costs a goroutine, and reading the time
// twice as long as it need take.
func newMemory(size int) (*memory, error) {
	held, err := otter.New(&otter.Options[token.Key, *entry]{MaximumSize: size})
	if err != nil {
		return nil, fmt.Errorf("cache: %w", err)
	}
	return &memory{clock: newClock(), held: held, flights: make(map[token.Key]*flight)}, nil
}

// get returns what is held at key, or nil.
func (m *memory) get(key token.Key) *entry {
	if e, ok := m.held.GetIfPresent(key); ok && e.until > m.clock.now() {
		return e
	}
	return nil
}

// board returns what is held at key, or the flight that fetches it; leads says that the caller has to
// fly it, and to land it.
func (m *memory) board(key token.Key) (e *entry, f *flight, leads bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e := m.get(key); e != nil { // it landed just now
		return e, nil, false
	}
	if f, ok := m.flights[key]; ok {
		return nil, f, false
	}
	f = &flight{done: make(chan struct{}), void: true}
	m.flights[key] = f
	return nil, f, true
}

// land keeps what f brought, unless the key was dropped meanwhile, and lets those go who wait.
func (m *memory) land(key token.Key, f *flight) {
	m.mu.Lock()
	if m.flights[key] == f {
		delete(m.flights, key)
		if f.keep {
			m.held.Set(key, f.e)
		}
	}
	m.mu.Unlock()
	close(f.done)
}

// drop forgets key. Whoever asks from now on reads the storage anew.
func (m *memory) drop(key token.Key) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.flights, key)
	m.held.Invalidate(key)
}

// dropAll forgets every key.
func (m *memory) dropAll() {
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.flights)
	m.held.InvalidateAll()
}
