package token

import "errors"

// What storages and those who use them report; match with [errors.Is].
var (
	ErrNotFound = errors.New("no token")                // nothing is stored at the key
	ErrNoUser   = errors.New("no user")                 // the key names no user, and a token of the whole site was not allowed
	ErrConflict = errors.New("token changed meanwhile") // what is stored is not what the caller last saw
	ErrKey      = errors.New("key cannot be stored")    // the engine could not give this key back exactly
	ErrTooLarge = errors.New("token too large")         // the engine could not hold this record
	ErrTooLate  = errors.New("response has begun")      // a cookie can no longer be set on it
)

// Error is what storages return, and who uses them. It never holds a token's value.
type Error struct {
	Op  string // what was tried: in storages "get", "set", "delete", "load", "swap", "list"
	Key Key    // the zero Key where the operation is on many
	Err error
}

func (e *Error) Error() string {
	if e.Key == (Key{}) {
		return "token: " + e.Op + ": " + e.Err.Error()
	}
	return "token: " + e.Op + " " + e.Key.String() + ": " + e.Err.Error()
}

// Unwrap returns the error below.
func (e *Error) Unwrap() error { return e.Err }
