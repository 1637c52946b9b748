package token

import (
	"context"
	"iter"
	"time"
)

// Storage keeps records. Its methods are safe for concurrent use, stop when ctx is done, and
// return errors that match the sentinels of this package, usually in an [*Error]. These three are
// all that a storage of your own needs: a [Record] marshals to JSON and back without loss, so a
// file, a map or a column of text will do.
type Storage interface {
	// Get returns the record at key, perhaps slightly old, or ErrNotFound.
	Get(ctx context.Context, key Key) (Record, error)

	// Set replaces what is at key, in one step: a reader sees the old record or the new. What the
	// engine could not give back exactly it refuses (ErrKey, ErrTooLarge), changing nothing.
	Set(ctx context.Context, key Key, r Record) error

	// Delete removes the record at key. Absent is no error.
	Delete(ctx context.Context, key Key) error
}

// Versioned is a Storage that several writers may share. Callers find it with [As].
type Versioned interface {
	Storage

	// Load is Get past every cache, as new as the engine can promise; Swap catches the rest.
	Load(ctx context.Context, key Key) (Record, error)

	// Swap stores r and returns its version if old is still what is stored; otherwise, absence
	// included, it returns ErrConflict and changes nothing. After any other error it may have
	// happened: Load, and compare Lease.Attempt and Generation.
	Swap(ctx context.Context, key Key, old Version, r Record) (Version, error)
}

// Lister is a Storage that can be walked. Callers find it with [As].
type Lister interface {
	Storage

	// List yields the records that f matches, in the order of their keys (provider, user, account,
	// each byte by byte), without their tokens. It holds no connection and no lock while the
	// loop's body runs, so the body may write; what is written meanwhile may be seen or not. After
	// an error it yields nothing more.
	List(ctx context.Context, f Filter) iter.Seq2[Entry, error]
}

// Entry is a record in a list, and its key.
type Entry struct {
	Key    Key
	Record Record // its Token is nil
}

// Filter says which records to list. A zero field matches all.
type Filter struct {
	Provider string
	User     string
	Subject  string
	Due      time.Time // RefreshAt is set and not after it, and State is not Reauthorize
}

// Match reports whether the record at key is one that f asks for.
func (f Filter) Match(key Key, r Record) bool {
	return (f.Provider == "" || f.Provider == key.Provider) &&
		(f.User == "" || f.User == key.User) &&
		(f.Subject == "" || f.Subject == r.Subject) &&
		(f.Due.IsZero() || !r.RefreshAt.IsZero() && !r.RefreshAt.After(f.Due) && r.State != Reauthorize)
}

// Watcher is a Storage that says when records change. Callers find it with [As].
type Watcher interface {
	Storage

	// Watch calls changed with the key of each record that changed, whoever changed it, until ctx
	// is done. These are hints: one may be missing or too many. The zero Key says that any record
	// may have changed.
	Watch(ctx context.Context, changed func(Key)) error
}

// Wrapper is a Storage around another, such as a cache or a seal. Unwrap is for [As] and [Reaches]
// to ask what a storage can do: calling a method of what it returns goes round the wrapper.
//
// A wrapper has the methods of every capability, and returns [errors.ErrUnsupported] from those
// that what it wraps has not. It never embeds what it wraps: that would promote methods that go
// round it.
type Wrapper interface {
	Storage
	Unwrap() Storage
}

// As returns s as T if s, and every storage that it wraps, is a T. A type assertion would not do:
// a wrapper has the methods of all capabilities.
func As[T Storage](s Storage) (T, bool) {
	t, ok := s.(T)
	if w, wraps := s.(Wrapper); ok && wraps {
		_, ok = As[T](w.Unwrap())
	}
	if !ok {
		var none T
		return none, false
	}
	return t, true
}

// Reach is how far the records of a storage are seen.
type Reach uint8

// The reaches, of which Process is that of a storage that says nothing.
const (
	Process Reach = iota // this process
	Request              // this browser, and only while it is being answered
	Host                 // the processes of this machine
	Network              // every machine that the engine serves
)

func (r Reach) String() string {
	switch r {
	case Process:
		return "process"
	case Request:
		return "request"
	case Host:
		return "host"
	case Network:
		return "network"
	default:
		return "unknown"
	}
}

// Reaches returns how far the records of s are seen: what the method Reach() Reach of the innermost
// storage says, and [Process] where it has none.
func Reaches(s Storage) Reach {
	for {
		w, ok := s.(Wrapper)
		if !ok {
			break
		}
		s = w.Unwrap()
	}
	if r, ok := s.(interface{ Reach() Reach }); ok {
		return r.Reach()
	}
	return Process
}
