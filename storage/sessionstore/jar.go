package sessionstore

import (
	"cmp"
	"crypto/rand"
	"slices"
	"strconv"
	"strings"
)

// jar is the part of a browser's cookies that is ours: values by names, without the prefix that all
// have. The cookie called by a key's tag holds a sealed record, or where that is too long
//
//	count "." id "." beginning
//
// with the rest in cookies called tag "." id "." 1, 2 and so on. The id is new at each write, so
// that two writes at once, of which the browser keeps one's first cookie, never mix.
type jar map[string]string

// piece is how much of a record one cookie holds. Browsers take 4096 bytes, name and attributes
// included (RFC 6265 section 6.1); those come to 150 at most.
const piece = 3900

// parse reads lines, which are a request's Cookie header (RFC 6265 section 4.2.1). Of cookies with
// one name it takes the first.
func parse(prefix string, lines []string) jar {
	j := make(jar)
	for _, line := range lines {
		for pair := range strings.SplitSeq(line, ";") {
			name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
			name, ours := strings.CutPrefix(name, prefix)
			if _, twice := j[name]; ours && !twice {
				j[name] = value
			}
		}
	}
	return j
}

// text returns the sealed record called tag, or text that will not open where a piece is missing.
func (j jar) text(tag string) (string, bool) {
	first, ok := j[tag]
	if !ok {
		return "", false
	}
	count, id, beginning := head(first)
	if count == 1 {
		return beginning, true
	}
	var b strings.Builder
	b.WriteString(beginning)
	for i := 1; i < count; i++ {
		part, ok := j[pieceName(tag, id, i)]
		if !ok {
			return "", true
		}
		b.WriteString(part)
	}
	return b.String(), true
}

// put replaces the sealed record called tag.
func (j jar) put(tag, text string) {
	if len(text) <= piece {
		j[tag] = text
	} else {
		id := rand.Text()[:8]
		count := (len(text) + piece - 1) / piece
		j[tag] = strconv.Itoa(count) + "." + id + "." + text[:piece]
		for i := 1; i < count; i++ {
			j[pieceName(tag, id, i)] = text[i*piece : min((i+1)*piece, len(text))]
		}
	}
	j.sweep()
}

// remove removes the sealed record called tag.
func (j jar) remove(tag string) {
	delete(j, tag)
	j.sweep()
}

// sweep removes the pieces that belong to no record, among them those that a write at the same time
// left behind.
func (j jar) sweep() {
	for name := range j {
		tag, rest, isPiece := strings.Cut(name, ".")
		if !isPiece {
			continue
		}
		id, _, _ := strings.Cut(rest, ".")
		if _, current, _ := head(j[tag]); id != current {
			delete(j, name)
		}
	}
}

// size is how much of a request's header the cookies take.
func (j jar) size(prefix string) (n int) {
	for name, value := range j {
		n += len(prefix) + len(name) + len("=") + len(value) + len("; ")
	}
	return n
}

// since returns the names that a browser with the jar old is to be told to set and to remove, in
// the order in which it is to be told: a piece comes before the cookie that counts on it, and goes
// after, so that a request sent between two of them never misses one.
func (j jar) since(old jar) (set, gone []string) {
	for name, value := range j {
		if was, there := old[name]; !there || was != value {
			set = append(set, name)
		}
	}
	for name := range old {
		if _, stays := j[name]; !stays {
			gone = append(gone, name)
		}
	}
	byLength := func(a, b string) int {
		return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
	}
	slices.SortFunc(set, func(a, b string) int { return byLength(b, a) })
	slices.SortFunc(gone, byLength)
	return set, gone
}

// head reads the value of a record's first cookie.
func head(value string) (count int, id, beginning string) {
	number, rest, split := strings.Cut(value, ".")
	if !split {
		return 1, "", value
	}
	id, beginning, _ = strings.Cut(rest, ".")
	count, _ = strconv.Atoi(number)
	return count, id, beginning
}

func pieceName(tag, id string, i int) string { return tag + "." + id + "." + strconv.Itoa(i) }
