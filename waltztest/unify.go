package waltztest

import (
	"regexp"
	"strings"

	"github.com/waltz-oauth/waltz/internal/facts"
)

// unified is what the variables of template stand for where it has become text; nothing where it has
// not.
func unified(template, text string) map[string]string {
	if template == "" || text == "" {
		return nil
	}
	var pattern strings.Builder
	var names []string
	from := 0
	for _, at := range facts.Variable.FindAllStringIndex(template, -1) {
		pattern.WriteString(regexp.QuoteMeta(template[from:at[0]]) + "(.+?)")
		names = append(names, template[at[0]+1:at[1]-1])
		from = at[1]
	}
	pattern.WriteString(regexp.QuoteMeta(strings.TrimSuffix(template[from:], "/")))
	m := regexp.MustCompile("^" + pattern.String() + "/?$").FindStringSubmatch(text)
	values := make(map[string]string)
	for i, name := range names {
		if m != nil && !strings.Contains(m[i+1], "{") {
			values[name] = m[i+1]
		}
	}
	return values
}

// put returns doc with v where the JSON pointer points; a 0 in that is the index of a list.
func put(doc any, pointer string, v any) any {
	if pointer == "" {
		return doc
	}
	return putAt(doc, strings.Split(strings.TrimPrefix(pointer, "/"), "/"), v)
}

func putAt(doc any, steps []string, v any) any {
	if len(steps) == 0 {
		return v
	}
	members, isObject := doc.(map[string]any)
	if steps[0] == "0" && !isObject {
		var first any
		if list, ok := doc.([]any); ok {
			first = list[0]
		}
		return []any{putAt(first, steps[1:], v)}
	}
	if !isObject {
		members = make(map[string]any)
	}
	name := strings.NewReplacer("~1", "/", "~0", "~").Replace(steps[0])
	members[name] = putAt(members[name], steps[1:], v)
	return members
}
