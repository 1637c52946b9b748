package redisstore

import "github.com/waltz-oauth/waltz/token"

// Name is the key in Redis of the record at key.
func (s *Storage) Name(key token.Key) string {
	at, name, err := s.place(key)
	if err != nil {
		panic(err)
	}
	return at.head + name
}

// Indexed returns the keys in Redis in which a record at key is found, and what is in them of one at key
// with that subject.
func (s *Storage) Indexed(key token.Key, subject string) (index, due string, members []string) {
	at, name, err := s.place(key)
	if err != nil {
		panic(err)
	}
	members = []string{"k" + name}
	if key.User != "" {
		members = append(members, indexed('u', key.User)+name)
	}
	if subject != "" {
		members = append(members, indexed('s', subject)+name)
	}
	return at.index, at.due, members
}

// Escaped is key as it stands in Redis.
func Escaped(key token.Key) string { return escapeKey(key) }

// Unescaped is what Escaped was given.
func Unescaped(text string) (token.Key, error) { return unescape(text) }
