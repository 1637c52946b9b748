package keeper

import (
	"errors"
	"sync"
	"time"
)

const (
	strikes   = 3 // failures in a row that say more of a provider than of a grant
	firstHold = 5 * time.Second
	lastHold  = 10 * time.Minute
)

// paces say which providers are not to be called ahead of need, as they fail or ask for peace.
// Callers who need a token are not held up by that: what concerns them is in its record.
type paces struct {
	mu         sync.Mutex
	byProvider map[string]*pace
}

type pace struct {
	failed int // in a row
	until  time.Time
}

func newPaces() *paces { return &paces{byProvider: make(map[string]*pace)} }

// held reports whether provider is to be left alone.
func (p *paces) held(provider string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	own := p.byProvider[provider]
	return own != nil && time.Now().Before(own.until)
}

// note learns from the outcome of a refresh. One that says nothing of the provider, such as a
// storage that is down, changes nothing.
func (p *paces) note(provider string, err error) {
	f, failed := errors.AsType[*Failure](err)
	p.mu.Lock()
	defer p.mu.Unlock()
	own := p.byProvider[provider]
	if own == nil {
		own = &pace{}
		p.byProvider[provider] = own
	}
	switch {
	case err == nil, failed && f.Kind == Refused: // it answers
		own.failed = 0
	case !failed:
	case f.Kind == Limited:
		own.hold(max(f.RetryAfter, limitedWait))
	default:
		if own.failed++; own.failed >= strikes {
			own.hold(max(f.RetryAfter, min(firstHold<<min(own.failed-strikes, 10), lastHold)))
		}
	}
}

func (p *pace) hold(d time.Duration) {
	if until := time.Now().Add(min(d, maxWait)); until.After(p.until) {
		p.until = until
	}
}
