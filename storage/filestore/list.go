package filestore

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"iter"
	"slices"
	"strings"

	"github.com/waltz-oauth/waltz/token"
)

// List is [token.Lister]'s. It reads every file of the directory, whatever f asks for, before the
// loop begins. Files that cannot be read are one error, after all that can be.
func (s *Storage) List(ctx context.Context, f token.Filter) iter.Seq2[token.Entry, error] {
	return func(yield func(token.Entry, error) bool) {
		all, err := s.matching(ctx, f)
		for _, e := range all {
			if ctx.Err() != nil {
				break
			}
			if !yield(e, nil) {
				return
			}
		}
		if err = cmp.Or(ctx.Err(), err); err != nil {
			yield(token.Entry{}, &token.Error{Op: "list", Err: err})
		}
	}
}

// matching returns the entries that it could read, and an error for the others.
func (s *Storage) matching(ctx context.Context, f token.Filter) ([]token.Entry, error) {
	files, err := s.files()
	if err != nil {
		return nil, err
	}
	var all []token.Entry
	var unread []error
	for _, file := range files {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		key, r, err := s.read(file)
		switch {
		case errors.Is(err, fs.ErrNotExist): // deleted meanwhile
		case err != nil:
			unread = append(unread, err)
		case f.Match(key, r):
			r.Token = nil
			all = append(all, token.Entry{Key: key, Record: r})
		}
	}
	slices.SortFunc(all, func(a, b token.Entry) int { return a.Key.Compare(b.Key) })
	return all, errors.Join(unread...)
}

// files are the names of those that hold records.
func (s *Storage) files() ([]string, error) {
	dir, err := s.root.Open(".")
	if err != nil {
		return nil, err
	}
	names, err := dir.Readdirnames(-1)
	return slices.DeleteFunc(names, func(n string) bool { return !strings.HasSuffix(n, suffix) }), errors.Join(err, dir.Close())
}
