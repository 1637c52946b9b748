package token

import (
	"crypto/rand"
	"fmt"
	"log/slog"
	"time"
)

// Record is a token and what its keeper remembers about it: the one currency between keeper and
// storages. A storage keeps all of it but Version and Now, times to the microsecond.
type Record struct {
	Token      *Token
	Grant      string    // random, new at every login
	Generation uint64    // counts the refreshes of that grant
	Subject    string    // the provider's id of the account, once known
	State      State     // whether the grant works
	Reason     string    // code of the last failure, never prose: "invalid_grant"
	Since      time.Time // when Grant, Generation or State last changed
	Lease      Lease     // who is refreshing
	RefreshAt  time.Time // refresh from then on; zero: never due
	NotBefore  time.Time // no refresh before then

	Version Version   // set by Get, Load and List, ignored when stored
	Now     time.Time // the engine's clock at Load; zero: it has none
}

// New returns the record of a grant that begins with t.
func New(t *Token) Record {
	return Record{Token: t, Grant: rand.Text(), Since: time.Now().UTC().Truncate(time.Microsecond)}
}

// String returns the record without its secrets.
func (r Record) String() string {
	t := "no token"
	if r.Token != nil {
		t = r.Token.String()
	}
	return fmt.Sprintf("record(%s, %s, generation %d)", t, r.State, r.Generation)
}

// LogValue returns [Record.String]. [json.Marshal] of a Record is the storage form: it has the
// token's secrets, so a logger that marshals values to JSON must be handed String.
func (r Record) LogValue() slog.Value { return slog.StringValue(r.String()) }

// State says whether a grant works.
type State uint8

// The states of a grant.
const (
	Active      State = iota // it works, as far as anybody knows
	InDoubt                  // a refresh was sent and not answered: its refresh token may be spent
	Reauthorize              // the provider refused it; the person must log in again
)

var states = [...]string{"active", "in_doubt", "reauthorize"} //nolint:gochecknoglobals // a constant, which Go cannot write as one

func (s State) String() string {
	if int(s) >= len(states) {
		return fmt.Sprintf("state %d", s)
	}
	return states[s]
}

// Lease says who is refreshing a token. The zero Lease: nobody.
type Lease struct {
	Attempt string    // unique to one try
	Until   time.Time // from then on another may try
}

// Version names one stored state of a key: opaque, compared for equality, and never the same
// again, not even after Delete and Set. It is an engine's revision, or [rand.Text].
type Version string
