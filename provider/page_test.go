package provider_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/waltz-oauth/waltz/internal/facts"
	"github.com/waltz-oauth/waltz/provider"
)

const page = "../docs/providers.md"

// TestThePageOfProvidersIsTrue compares the table of docs/providers.md with the presets. With
// WALTZ_UPDATE set it writes the table.
func TestThePageOfProvidersIsTrue(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(b), "<!-- table -->\n")
	_, after, closed := strings.Cut(rest, "<!-- end -->\n")
	if !ok || !closed {
		t.Fatalf("%s has no place for the table", page)
	}
	want := before + "<!-- table -->\n" + table(t) + "<!-- end -->\n" + after
	if os.Getenv("WALTZ_UPDATE") != "" {
		if err := os.WriteFile(page, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want != string(b) {
		t.Errorf("%s is old: run this test with WALTZ_UPDATE=1", page)
	}
}

// table has a row for each preset.
func table(t *testing.T) string {
	t.Helper()
	calls := functions(t)
	known := allFacts(t)
	var b strings.Builder
	b.WriteString("| name | preset | account | refresh tokens | revoked | remarks |\n|---|---|---|---|---|---|\n")
	for _, p := range provider.Presets() {
		made, f := preset(t, p), known[p.Name]
		account := "yes"
		if made.Userinfo.URL == "" && !made.Userinfo.FromToken && made.Issuer == "" {
			account = ""
		}
		revoked := "yes"
		if made.Revocation.URL == "" {
			revoked = ""
		}
		var remarks []string
		refresh := offline(f)
		if made.OAuth1() {
			refresh = "none"
			remarks = append(remarks, "OAuth 1")
		}
		if f.Status != "active" {
			remarks = append(remarks, f.Status)
		}
		if made.PKCE == provider.NoPKCE {
			remarks = append(remarks, "no PKCE")
		}
		fmt.Fprintf(&b, "| %s | `provider.%s` | %s | %s | %s | %s |\n", p.Name, calls[p.Name], account, refresh, revoked, strings.Join(remarks, "; "))
	}
	b.WriteString("\n## Not as they were\n\n| provider | it is | why |\n|---|---|---|\n")
	for _, name := range slices.Sorted(maps.Keys(known)) {
		if f := known[name]; f.Status != "active" {
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", name, f.Status, strings.TrimSuffix(f.StatusNote, "."))
		}
	}
	return b.String()
}

// offline is how a login brings a refresh token, as far as that is known.
func offline(f facts.Provider) string {
	if f.RefreshToken.Issued == false {
		return "never"
	}
	switch f.Offline.How {
	case "always":
		return "always"
	case "scope":
		return fmt.Sprintf("by the scope `%v`", f.Offline.Value)
	case "authorization_param":
		var all []string
		for name, value := range f.Offline.Value.(map[string]any) {
			all = append(all, fmt.Sprintf("`%s=%v`", name, value))
		}
		slices.Sort(all)
		return "asked for by " + strings.Join(all, " ")
	case "app_setting":
		return "by a setting of the app"
	case "partner":
		return "for partners"
	case "never":
		return "never"
	default:
		return "?"
	}
}

// functions are the calls that make the presets, by their names.
func functions(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{"github": "GitHub()"}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?s)\nfunc ([A-Z]\w*)\((?:([\w, ]*) string)?\) Provider \{[^}]*?Name(?:: |, p.DisplayName = )"([^"]+)"`).FindAllStringSubmatch(string(b), -1) {
			all[m[3]] = m[1] + "(" + m[2] + ")"
		}
	}
	return all
}

func TestEveryKnownProviderIsAPresetOrSaidNotToBe(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	known := allFacts(t)
	_, without, _ := strings.Cut(string(b), "## Without a preset")
	for _, p := range provider.Presets() {
		delete(known, p.Name)
		if strings.Contains(without, "`"+p.Name+"`") {
			t.Errorf("%s says why there is no preset of %s, and there is one", page, p.Name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(known)) {
		if !strings.Contains(without, "`"+name+"`") {
			t.Errorf("%s does not say why there is no preset of %s", page, name)
		}
	}
}
