package redisstore

import (
	"fmt"
	"hash/crc32"
	"strings"

	"github.com/waltz-oauth/waltz/token"
)

// Records are spread over a fixed number of shards, each of them one slot of a Cluster, so that a script
// can change a record and what finds it in one step. A shard has these keys, its number in the braces:
//
//	waltz:{07}:github alice work    a record, for each of them; the fields of its key are escaped
//	waltz:{07}:index                a sorted set whose scores are all 0
//	waltz:{07}:due                  a sorted set of escaped keys, by RefreshAt in microseconds
//
// The index has for each record a "k" and its key; a "u", its user, a space and its key; and an "s", its
// subject, a space and its key. The latter two are not there where the user or the subject is empty.
//
// All records of a user are in one shard, so that one server is asked for them.
// Their slots lie so that three or six equal servers have about as many records each.
const shards = 64

// maxKey is how many bytes a key, and a subject, may have. They stand in several places.
const maxKey = 8 << 10

// shard is the names of one shard's keys.
type shard struct {
	head  string // what comes before a record's escaped key
	index string
	due   string
}

func newShards(prefix string) []*shard {
	all := make([]*shard, shards)
	for i := range all {
		head := fmt.Sprintf("%s:{%02d}:", prefix, i)
		all[i] = &shard{head, head + "index", head + "due"}
	}
	return all
}

func (s *Storage) shard(key token.Key) *shard {
	part := key.User
	if part == "" {
		part = key.Provider + "\x00" + key.Account
	}
	return s.shards[crc32.ChecksumIEEE([]byte(part))%shards]
}

// place returns the shard of key, and key as it is there.
func (s *Storage) place(key token.Key) (*shard, string, error) {
	if n := len(key.Provider) + len(key.User) + len(key.Account); n > maxKey {
		return nil, "", fmt.Errorf("%w: it has %d bytes, and at most %d are kept", token.ErrKey, n, maxKey)
	}
	return s.shard(key), escapeKey(key), nil
}

func escapeKey(key token.Key) string {
	b := make([]byte, 0, len(key.Provider)+len(key.User)+len(key.Account)+2)
	b = append(escape(b, key.Provider), ' ')
	b = append(escape(b, key.User), ' ')
	return string(escape(b, key.Account))
}

// escape appends field so that escaped fields with a space after each are in the order of the fields,
// byte by byte, whatever is in them. A byte that is not above '!' becomes a '!' and a letter.
func escape(b []byte, field string) []byte {
	for i := range len(field) {
		if c := field[i]; c > '!' {
			b = append(b, c)
		} else {
			b = append(b, '!', c+'@')
		}
	}
	return b
}

// unescape returns the key that escapeKey made text of.
func unescape(text string) (token.Key, error) {
	var fields [3]string
	rest, more := text, true
	for i := range fields {
		if !more {
			return token.Key{}, errIndex
		}
		var field string
		if field, rest, more = strings.Cut(rest, " "); !strings.Contains(field, "!") {
			fields[i] = field
			continue
		}
		b := make([]byte, 0, len(field))
		for j := 0; j < len(field); j++ {
			c := field[j]
			if c == '!' {
				if j++; j == len(field) || field[j] < '@' || field[j] > 'a' {
					return token.Key{}, errIndex
				}
				c = field[j] - '@'
			}
			b = append(b, c)
		}
		fields[i] = string(b)
	}
	if more {
		return token.Key{}, errIndex
	}
	return token.Key{Provider: fields[0], User: fields[1], Account: fields[2]}, nil
}
