package waltz_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestEachLineOfFlaskDancesListIsAccountedFor: the page for those who come from there has one row for each
// thing that Flask-Dance's tests check, and the tests that it names are there.
func TestEachLineOfFlaskDancesListIsAccountedFor(t *testing.T) {
	t.Parallel()
	read := func(name string) string {
		data, err := os.ReadFile(filepath.FromSlash(name))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	asked := regexp.MustCompile(`(?m)^(\d+)\. `).FindAllStringSubmatch(read("flaskdance/testdata/BEHAVIOURS.md"), -1)
	if len(asked) != 147 {
		t.Fatalf("the list has %d lines", len(asked))
	}
	rows := regexp.MustCompile(`(?m)^\| (\d+) \| (.+) \|$`).FindAllStringSubmatch(read("docs/from-flask-dance.md"), -1)
	code := tree(t, ".go")
	for i, line := range asked {
		if i >= len(rows) || rows[i][1] != line[1] || line[1] != strconv.Itoa(i+1) {
			t.Fatalf("line %s has no row in its place", line[1])
		}
		for _, name := range regexp.MustCompile("`(Test[A-Za-z0-9]+)`").FindAllStringSubmatch(rows[i][2], -1) {
			if !strings.Contains(code, "func "+name[1]+"(") {
				t.Errorf("line %s names %s, which is not there", line[1], name[1])
			}
		}
	}
	if len(rows) != len(asked) {
		t.Errorf("there are %d rows for %d lines", len(rows), len(asked))
	}
}
