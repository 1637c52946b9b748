package seal

import (
	"context"
	"errors"
	"fmt"

	"github.com/waltz-oauth/waltz/token"
)

// Report says how far a rotation is.
type Report struct {
	Total  int // records when it began
	Seen   int // records looked at so far
	Sealed int // of these, sealed anew
	Failed int // of these, left as they were, since they do not open
}

// Rotate seals every token with the primary key that is not: those of older keys, and where
// [Config.AcceptPlain] allows it those that are not sealed. The application may go on meanwhile: a
// record is replaced if it is still what was read, and otherwise read again. To stop, cancel ctx;
// started again, it passes over what is done. What is below must be a [token.Versioned] and a
// [token.Lister], or the error matches [errors.ErrUnsupported].
//
// progress, which may be nil, is called at the beginning and after each record.
//
// A token that does not open is left alone and counted; the error at the end then matches what is wrong
// with the first of them. Any other error ends the rotation.
func (s *Storage) Rotate(ctx context.Context, progress func(Report)) (r Report, err error) {
	if s.versioned == nil || s.lister == nil {
		return r, fmt.Errorf("seal: rotate: %w: want a storage that has versions and lists", errors.ErrUnsupported)
	}
	if progress == nil {
		progress = func(Report) {}
	}
	for _, err := range s.lister.List(ctx, token.Filter{}) {
		if err != nil {
			return r, err
		}
		r.Total++
	}
	progress(r)
	var first error
	for e, err := range s.lister.List(ctx, token.Filter{}) {
		if err != nil {
			return r, err
		}
		sealed, err := s.reseal(ctx, e.Key)
		switch {
		case errors.Is(err, ErrOpen) && ctx.Err() == nil, errors.Is(err, ErrPlain):
			r.Failed++
			if first == nil {
				first = err
			}
		case err != nil:
			return r, err
		case sealed:
			r.Sealed++
		}
		r.Seen++
		progress(r)
	}
	if first != nil {
		return r, fmt.Errorf("seal: rotate: %d of %d do not open, such as this: %w", r.Failed, r.Seen, first)
	}
	return r, nil
}

// reseal seals the token at key with the primary key, and reports whether it had to.
func (s *Storage) reseal(ctx context.Context, key token.Key) (bool, error) {
	for {
		stored, err := s.versioned.Load(ctx, key)
		switch {
		case errors.Is(err, token.ErrNotFound): // deleted meanwhile
			return false, nil
		case err != nil:
			return false, err
		case stored.Token == nil || s.primary(ctx, stored):
			return false, nil
		}
		r, err := s.opened(ctx, "rotate", key, stored)
		if err != nil {
			return false, err
		}
		if r, err = s.sealed(ctx, "rotate", key, r); err != nil {
			return false, err
		}
		_, err = s.versioned.Swap(ctx, key, stored.Version, r)
		if !errors.Is(err, token.ErrConflict) {
			return err == nil, err
		}
	}
}

// primary reports whether the token of r was sealed as it would be now.
func (s *Storage) primary(ctx context.Context, r token.Record) bool {
	c, _ := contentOf(r.Token)
	return len(c) > 0 && c[0] == s.keys.form() && c.id() == s.keys.primary(ctx)
}

// Usage counts the tokens of a storage by how they are sealed.
type Usage struct {
	Keys  map[uint32]int // by the id of the key, as [KeyID] has it
	Plain int            // tokens that are not sealed
}

// Usage looks at every record. A key that it counts none for may be retired, once every process has
// loaded a keyset in which that key is not the primary. What is below must be a [token.Lister], or the
// error matches [errors.ErrUnsupported].
func (s *Storage) Usage(ctx context.Context) (Usage, error) {
	u := Usage{Keys: make(map[uint32]int)}
	if s.lister == nil {
		return u, fmt.Errorf("seal: usage: %w: want a storage that lists", errors.ErrUnsupported)
	}
	load := s.next.Get
	if s.versioned != nil {
		load = s.versioned.Load
	}
	for e, err := range s.lister.List(ctx, token.Filter{}) {
		if err != nil {
			return u, err
		}
		r, err := load(ctx, e.Key) // a list has no tokens
		if errors.Is(err, token.ErrNotFound) || err == nil && r.Token == nil {
			continue
		}
		if err != nil {
			return u, err
		}
		if id, sealed := KeyID(r); sealed {
			u.Keys[id]++
		} else {
			u.Plain++
		}
	}
	return u, nil
}
