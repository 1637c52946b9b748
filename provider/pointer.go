package provider

import (
	"encoding/json"
	"iter"
	"strconv"
	"strings"
)

// at returns what the JSON pointer (RFC 6901) finds in doc, which was read with numbers as
// [json.Number]; nil where there is nothing.
func at(doc any, pointer string) any {
	for name := range steps(pointer) {
		switch v := doc.(type) {
		case map[string]any:
			doc = v[name]
		case []any:
			i, err := strconv.ParseUint(name, 10, 31)
			if err != nil || i >= uint64(len(v)) || strconv.FormatUint(i, 10) != name {
				return nil
			}
			doc = v[i]
		default:
			return nil
		}
	}
	return doc
}

// steps are the names that pointer goes down by.
func steps(pointer string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for name := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
			if !yield(strings.NewReplacer("~1", "/", "~0", "~").Replace(name)) {
				return
			}
		}
	}
}

// textAt returns the text at pointer; a number is text as it is written, digit by digit.
func textAt(doc any, pointer string) string {
	switch v := at(doc, pointer).(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	default:
		return ""
	}
}
