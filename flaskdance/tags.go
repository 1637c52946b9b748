package flaskdance

import (
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
)

// Flask's sessions hold more than JSON has: a type is an object whose one member is called by a tag.
const (
	tagTuple  = " t"
	tagBytes  = " b"
	tagMarkup = " m"
	tagUUID   = " u"
	tagDate   = " d"
	tagDict   = " di" // an object that has one member, called by a tag
	escape    = "__"  // follows that name
)

func isTag(name string) bool {
	return slices.Contains([]string{tagTuple, tagBytes, tagMarkup, tagUUID, tagDate, tagDict}, name)
}

// untag returns a value of a session as plain JSON: tuples as arrays, and text for what Flask has as
// bytes (base64), markup, a UUID or a date. It fails where Flask would.
func untag(value string) (string, error) {
	switch value[0] {
	case '[':
		return untagList(value)
	case '{':
	default:
		return value, nil
	}
	all, err := parse(value, '{')
	if err != nil {
		return "", err
	}
	if len(all) == 1 && isTag(all[0].name) {
		return untagged(all[0].name, all[0].value)
	}
	for i, m := range all {
		if all[i].value, err = untag(m.value); err != nil {
			return "", err
		}
	}
	return object(all), nil
}

func untagged(tag, value string) (string, error) {
	switch {
	case tag == tagTuple && value[0] == '[':
		return untagList(value)
	case tag == tagDict && value[0] == '{':
		return unescaped(value)
	case value[0] != '"':
		return "", errJSON
	}
	switch text := unquote(value); tag {
	case tagBytes:
		if _, err := base64.StdEncoding.DecodeString(text); err != nil {
			return "", errJSON
		}
	case tagUUID:
		b, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
		if err != nil || len(b) != 16 {
			return "", errJSON
		}
		h := hex.EncodeToString(b)
		return quote(h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]), nil
	case tagMarkup, tagDate:
	default:
		return "", errJSON
	}
	return value, nil
}

// unescaped returns the object that an object stands for whose one name is a tag and escaped.
func unescaped(value string) (string, error) {
	all, err := parse(value, '{')
	if err != nil || len(all) != 1 {
		return "", errJSON
	}
	inner, err := untag(all[0].value)
	if err != nil {
		return "", err
	}
	return object([]member{newMember(strings.TrimSuffix(all[0].name, escape), inner)}), nil
}

func untagList(value string) (string, error) {
	all, err := parse(value, '[')
	if err != nil {
		return "", err
	}
	return list(all, untag)
}

// retag returns plain JSON as a value of a session: an object whose one name is a tag is escaped.
func retag(value string) (string, error) {
	switch value[0] {
	case '[':
		all, err := parse(value, '[')
		if err != nil {
			return "", err
		}
		return list(all, retag)
	case '{':
	default:
		return value, nil
	}
	all, err := parse(value, '{')
	if err != nil {
		return "", err
	}
	for i, m := range all {
		if all[i].value, err = retag(m.value); err != nil {
			return "", err
		}
	}
	return wrapped(all), nil
}

// wrapped writes the object of all, escaped where Flask would take it for a type.
func wrapped(all []member) string {
	if len(all) != 1 || !isTag(all[0].name) {
		return object(all)
	}
	inner := object([]member{newMember(all[0].name+escape, all[0].value)})
	return object([]member{newMember(tagDict, inner)})
}

func list(all []member, each func(string) (string, error)) (string, error) {
	values := make([]string, len(all))
	for i, m := range all {
		var err error
		if values[i], err = each(m.value); err != nil {
			return "", err
		}
	}
	return "[" + strings.Join(values, ",") + "]", nil
}
