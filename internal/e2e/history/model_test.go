package history

import (
	"math"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/waltz-oauth/waltz/token"
)

// kind is what was done.
type kind string

const (
	loads   kind = "load"
	sets    kind = "set"
	swaps   kind = "swap"
	deletes kind = "delete"
)

// outcome is what came of it.
type outcome string

const (
	done     outcome = "done"
	absent   outcome = "absent"   // of a load: there was nothing
	conflict outcome = "conflict" // of a swap
	unknown  outcome = "unknown"  // an error, or none to tell of it: it may have happened, then or later
)

// event is one call. Every value that is written is another, so that the value stands for the version.
type event struct {
	Kind       kind
	Key        int
	Old        string        // of a swap: the value that is to be replaced
	Value      string        // written, or read
	Version    token.Version // that the storage gave it
	Outcome    outcome
	Start, End int64 // by the machine's clock that never turns back, in nanoseconds
}

const nothing = ""

// model is a storage of one key: its state is the value that is stored.
func model() porcupine.Model {
	m := porcupine.NondeterministicModel{
		Init: func() []any { return []any{nothing} },
		Step: func(state, input, _ any) []any { return input.(event).after(state.(string)) },
	}
	return m.ToModel()
}

// after returns what may be stored after e where now was before, and nothing if e cannot have been.
func (e event) after(now string) []any {
	next := now
	possible := true
	switch e.Kind {
	case loads:
		possible = e.Outcome == absent && now == nothing || e.Outcome == done && now == e.Value
	case sets:
		next = e.Value
		possible = e.Outcome == unknown || e.Outcome == done
	case deletes:
		next = nothing
		possible = e.Outcome == unknown || e.Outcome == done
	case swaps:
		fits := now != nothing && now == e.Old
		if fits {
			next = e.Value
		}
		possible = e.Outcome == unknown || fits && e.Outcome == done || !fits && e.Outcome == conflict
	}
	switch {
	case !possible:
		return nil
	case e.Outcome == unknown && next != now:
		return []any{now, next}
	default:
		return []any{next}
	}
}

// What may be wrong with a history.
const (
	recurs    = "a version came again"
	disorders = "the history is not linearizable"
	tooLong   = "the history is too long to judge"
)

// judge says what is wrong with a history of one key, "" where nothing is.
func judge(all []event) string {
	versions := make(map[token.Version]string)
	history := make([]porcupine.Operation, 0, len(all))
	for i, e := range all {
		if e.Kind == loads && e.Outcome == unknown {
			continue
		}
		if e.Version != "" {
			if was, ok := versions[e.Version]; ok && was != e.Value {
				return recurs
			}
			versions[e.Version] = e.Value
		}
		if e.Outcome == unknown {
			e.End = math.MaxInt64
		}
		history = append(history, porcupine.Operation{ClientId: i, Input: e, Call: e.Start, Return: e.End})
	}
	const patience = 2 * time.Minute
	switch porcupine.CheckOperationsTimeout(model(), history, patience) {
	case porcupine.Ok:
		return ""
	case porcupine.Unknown:
		return tooLong
	default:
		return disorders
	}
}
