package transfer

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/waltz-oauth/waltz/token"
)

// line is a record in a file of JSON lines.
type line struct {
	Provider string       `json:"provider"`
	User     string       `json:"user,omitempty"`
	Account  string       `json:"account,omitempty"`
	Record   token.Record `json:"record"`
}

// Lines yields the records of a file of JSON lines.
func Lines(r io.Reader) Source {
	return func(yield func(Item, error) bool) {
		const longest = 16 << 20 // twice what any storage takes
		in := bufio.NewScanner(r)
		in.Buffer(nil, longest)
		for n := 1; in.Scan(); n++ {
			if len(bytes.TrimSpace(in.Bytes())) == 0 {
				continue
			}
			item := Item{Where: fmt.Sprintf("line %d", n)}
			var l line
			switch err := json.Unmarshal(in.Bytes(), &l); {
			case err != nil:
				item.Err = errors.New("it is not the JSON of a record") // whose own error might quote it
			case l.Provider == "":
				item.Err = errors.New("it names no provider")
			}
			item.Key, item.Record = token.Key{Provider: l.Provider, User: l.User, Account: l.Account}, l.Record
			if !yield(item, nil) {
				return
			}
		}
		if err := in.Err(); err != nil {
			yield(Item{}, fmt.Errorf("reading lines: %w", err))
		}
	}
}

// Write writes what comes from a source as JSON lines.
func Write(w io.Writer, from Source, o Options) (Counts, error) {
	out := bufio.NewWriter(w)
	var n Counts
	for item, err := range from {
		if err != nil {
			return n, err
		}
		n.Read++
		text, err := written(item)
		if err != nil {
			n.Refused++
			item.Err = err
			o.Refused(item)
		} else {
			n.Taken++
			if _, err := out.Write(append(text, '\n')); err != nil {
				return n, err
			}
		}
		o.Done(n)
	}
	return n, out.Flush()
}

func written(item Item) ([]byte, error) {
	k := item.Key
	switch {
	case item.Err != nil:
		return nil, item.Err
	case item.Record.Token != nil && sealed(item.Record.Token):
		return nil, errors.New("it is sealed: --keys opens it")
	case !utf8.ValidString(k.Provider) || !utf8.ValidString(k.User) || !utf8.ValidString(k.Account):
		return nil, errors.New("its key is no UTF-8, which JSON cannot hold")
	}
	text, err := item.Record.MarshalJSON()
	if err != nil {
		return nil, err
	}
	key, err := json.Marshal(line{Provider: k.Provider, User: k.User, Account: k.Account})
	if err != nil {
		return nil, err
	}
	// encoding/json would spell the record anew, and lose half a surrogate pair.
	return append(append(bytes.TrimSuffix(key, []byte(`{}}`)), text...), '}'), nil
}
