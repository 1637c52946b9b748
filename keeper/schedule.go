package keeper

import (
	"math/rand/v2"
	"time"

	"github.com/waltz-oauth/waltz/token"
)

// need is what a record asks for before its token can be handed out.
type need uint8

const (
	nothing need = iota // serve it
	ahead               // serve it, and have it refreshed meanwhile
	wait                // refresh it, then serve the new one
	login               // only a login helps
)

// need says what r, a record of provider as it was read, asks for at now. A token that cannot be
// refreshed yet, or that another is refreshing, is served until it expires.
func (k *Keeper) need(provider string, r token.Record, now time.Time) need {
	settled := r.State == token.Active && !r.NotBefore.After(now)
	renewable := k.renewable(provider, r.Token)
	switch {
	case r.State == token.Reauthorize:
		return login
	case !renewable && expired(r, now):
		return login
	case !renewable || justGot(r, now):
		return nothing
	case expired(r, now):
		return wait
	case k.late(r, now):
		if abandoned := r.Lease.Attempt != "" && !r.Lease.Until.After(now); abandoned || !settled {
			return nothing
		}
		return wait
	case r.RefreshAt.IsZero() || now.Before(r.RefreshAt):
		return nothing
	case (r.Token.Expiry.IsZero() || bare(r.Token)) && !r.NotBefore.After(now) && !r.Lease.Until.After(now): // no expiry settles a doubt
		return ahead
	case settled && r.Lease.Attempt == "":
		return ahead
	default:
		return nothing
	}
}

// floor is the least time between a refresh that succeeded and the next one, unless an API refuses
// the token.
const floor = 3 * time.Second

// justGot reports whether r's token was refreshed so lately that another would be no better. One
// that seems to have expired all the same has an expiry that is wrong, or our clock is.
func justGot(r token.Record, now time.Time) bool {
	return r.Generation > 0 && r.State == token.Active && now.Sub(r.Since).Abs() < floor
}

func expired(r token.Record, now time.Time) bool {
	return !r.Token.Expiry.IsZero() && !now.Before(r.Token.Expiry)
}

// late reports whether r's token has less than the margin left. RefreshAt stands for the token's
// life here: it is two margins before the expiry or more, unless the token is short-lived.
func (k *Keeper) late(r token.Record, now time.Time) bool {
	margin := k.c.margin()
	if !r.RefreshAt.IsZero() {
		margin = min(margin, max(0, r.Token.Expiry.Sub(r.RefreshAt)/2))
	}
	return expired(r, now.Add(margin))
}

const maxLead = time.Hour

// refreshAt is when t, received now, is to be refreshed: an eighth to a quarter of its life before
// its expiry, drawn at random so that tokens granted together do not come due together. At least
// two margins are left of a life of four, and half of a shorter life. It is sooner where the grant
// would die unused. Zero where t cannot be refreshed, or neither expires nor dies.
func (k *Keeper) refreshAt(provider string, t *token.Token, now time.Time) time.Time {
	if !k.renewable(provider, t) {
		return time.Time{}
	}
	at := k.beforeExpiry(t, now)
	if idle := k.c.traits(provider).Idle; idle > 0 {
		if use := stamp(now.Add(idle/2 + upTo(idle/4))); at.IsZero() || use.Before(at) {
			return use
		}
	}
	return at
}

func (k *Keeper) beforeExpiry(t *token.Token, now time.Time) time.Time {
	if t.Expiry.IsZero() {
		return time.Time{}
	}
	life := t.Expiry.Sub(now)
	if life <= 0 {
		return stamp(now)
	}
	lead := min(life/8+upTo(life/8), maxLead)
	if t.RefreshToken == t.AccessToken { // what is to be spent for the next ends with it
		lead = life/4 + upTo(life/4)
	}
	lead = max(lead, min(2*k.c.margin(), life/2))
	return stamp(t.Expiry.Add(-lead))
}

// upTo returns a random duration from 0 to d.
func upTo(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return rand.N(d) //nolint:gosec // spreads load, guards nothing
}

// stamp is t as storages keep it.
func stamp(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
