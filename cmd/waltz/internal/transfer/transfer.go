// Package transfer moves tokens between storages, Flask-Dance's tables and JSON lines.
package transfer

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/waltz-oauth/waltz/storage/seal"
	"github.com/waltz-oauth/waltz/token"
)

// Item is one record on its way.
type Item struct {
	Where  string // "row 7", "line 3"
	Key    token.Key
	Record token.Record
	Err    error // why there is no record
}

// Source yields what is to be taken. After an error it yields nothing more.
type Source = iter.Seq2[Item, error]

// Counts are what became of the items.
type Counts struct {
	Read, Taken, There, Refused int
}

func (c Counts) String() string {
	return fmt.Sprintf("%d read: %d taken, %d there already, %d refused", c.Read, c.Taken, c.There, c.Refused)
}

// Options say what to do with an item.
type Options struct {
	Site      bool // take what belongs to no user, as the site's own
	Overwrite bool // replace what is there
	DryRun    bool // write nothing

	Refused func(Item)   // is told of each item that was not taken, whose Err says why
	Done    func(Counts) // is called after each
}

// ErrNoUser is why an item without a user is not taken.
var ErrNoUser = errors.New("it belongs to no user: --site takes it as the site's own")

// Into stores what comes from a source. What is there already is left alone unless that is to be
// overwritten, so a transfer that was stopped goes on when it is started again, and a token that the
// application has refreshed meanwhile stays. An error says that the transfer could not go on.
func Into(ctx context.Context, to token.Storage, from Source, o Options) (Counts, error) {
	var n Counts
	for item, err := range from {
		if err != nil {
			return n, err
		}
		n.Read++
		there, err := o.store(ctx, to, item)
		switch {
		case err != nil && !itsOwn(err):
			return n, err
		case err != nil:
			n.Refused++
			item.Err = err
			o.Refused(item)
		case there:
			n.There++
		default:
			n.Taken++
		}
		o.Done(n)
	}
	return n, nil
}

// store reports whether the item was there already.
func (o Options) store(ctx context.Context, to token.Storage, item Item) (there bool, err error) {
	switch {
	case item.Err != nil:
		return false, &itemError{item.Err}
	case item.Key.User == "" && !o.Site:
		return false, &itemError{ErrNoUser}
	case item.Record.Token != nil && sealed(item.Record.Token):
		return false, &itemError{errors.New("it is sealed: --keys opens it")}
	}
	if !o.Overwrite {
		_, err := to.Get(ctx, item.Key)
		if err == nil {
			return true, nil
		}
		if !errors.Is(err, token.ErrNotFound) {
			return false, err
		}
	}
	if o.DryRun {
		return false, nil
	}
	r := item.Record
	r.Lease = token.Lease{} // whoever held it knows nothing of this copy
	return false, to.Set(ctx, item.Key, r)
}

// itemError says that one item cannot be taken, and nothing of the others.
type itemError struct{ error }

func (e *itemError) Unwrap() error { return e.error }

func itsOwn(err error) bool {
	var own *itemError
	return errors.As(err, &own) || errors.Is(err, token.ErrKey) || errors.Is(err, token.ErrTooLarge) ||
		errors.Is(err, seal.ErrOpen) || errors.Is(err, seal.ErrPlain)
}

// sealed reports whether t is what a seal makes of a token.
func sealed(t *token.Token) bool {
	_, is := t.Extra("sealed")
	return is && t.AccessToken == ""
}

// Stored yields what is in a storage, tokens included.
func Stored(ctx context.Context, s token.Storage) (Source, error) {
	l, ok := token.As[token.Lister](s)
	if !ok {
		return nil, errors.New("this storage cannot be listed, so nobody knows what is in it")
	}
	return func(yield func(Item, error) bool) {
		n := 0
		for e, err := range l.List(ctx, token.Filter{}) {
			if err != nil {
				yield(Item{}, err)
				return
			}
			n++
			r, err := s.Get(ctx, e.Key)
			item := Item{Where: fmt.Sprintf("record %d", n), Key: e.Key, Record: r}
			switch {
			case errors.Is(err, token.ErrNotFound):
				continue // deleted meanwhile
			case err != nil && !itsOwn(err):
				yield(Item{}, err)
				return
			case err != nil:
				item.Err = err
			}
			if !yield(item, nil) {
				return
			}
		}
	}, nil
}
