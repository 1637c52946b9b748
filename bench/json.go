package main

import (
	"bytes"
	"context"
	"encoding/json"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/waltz-oauth/waltz/token"
)

func jsonOutRow() row {
	return row{
		name: "Token JSON out", limit: "a provider's members as they came, copied one by one", most: 1.5,
		sides: func(context.Context, *stage) ([]side, error) {
			t, fresh := benchToken(), received()
			b, err := t.MarshalJSON()
			if err != nil {
				return nil, err
			}
			var members map[string]any
			var raw []member
			if err := json.Unmarshal(b, &members); err != nil {
				return nil, err
			}
			if raw, err = split(b); err != nil {
				return nil, err
			}
			return []side{
				{"by hand", func() error { _ = joined(raw); return nil }},
				{"waltz", func() error { _, err := t.MarshalJSON(); return err }},
				{"waltz, just received", func() error { _, err := fresh.MarshalJSON(); return err }},
				{"encoding/json", func() error { _, err := json.Marshal(members); return err }},
				{"encoding/json/v2", func() error { _, err := jsonv2.Marshal(members); return err }},
			}, nil
		},
	}
}

func jsonInRow() row {
	return row{
		name: "Token JSON in", limit: "one pass that keeps each member as it came", most: 1.3,
		sides: func(context.Context, *stage) ([]side, error) {
			b, err := benchToken().MarshalJSON()
			if err != nil {
				return nil, err
			}
			return []side{
				{"by hand", func() error { _, err := split(b); return err }},
				{"waltz", func() error { return new(token.Token).UnmarshalJSON(b) }},
				{"encoding/json", func() error { var m map[string]any; return json.Unmarshal(b, &m) }},
				{"encoding/json/v2", func() error { var m map[string]any; return jsonv2.Unmarshal(b, &m) }},
			}, nil
		},
	}
}

type member struct{ name, value []byte }

// split reads an object in one pass, with the tokenizer that waltz uses.
func split(b []byte) ([]member, error) {
	d := jsontext.NewDecoder(bytes.NewBuffer(b))
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	all := make([]member, 0, 12)
	for d.PeekKind() != '}' {
		name, err := d.ReadValue()
		if err != nil {
			return nil, err
		}
		m := member{name: append([]byte(nil), name...)}
		value, err := d.ReadValue()
		if err != nil {
			return nil, err
		}
		m.value = append([]byte(nil), value...)
		all = append(all, m)
	}
	return all, nil
}

func joined(all []member) []byte {
	out := make([]byte, 0, 2048)
	out = append(out, '{')
	for i, m := range all {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(append(append(out, m.name...), ':'), m.value...)
	}
	return append(out, '}')
}
