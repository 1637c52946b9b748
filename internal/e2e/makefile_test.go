package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestLintFailsForAVulnerability gives make a go command that says what govulncheck would.
func TestLintFailsForAVulnerability(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("make"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("there is no make: apt-get install make")
	}
	const unreachable = `govulncheck: fetching vulnerabilities: Get "https://vuln.example/index/modules.json.gz": dial tcp: lookup vuln.example: no such host`
	for name, tt := range map[string]struct {
		says   string
		status string
		passes bool
		tells  string
	}{
		"none":                             {"No vulnerabilities found.", "0", true, "No vulnerabilities found."},
		"one":                              {"Vulnerability #1: GO-2026-0000\n  Found in: example.com/x@v1.0.0", "3", false, "GO-2026-0000"},
		"one, in what dials":               {"Vulnerability #1: GO-2026-0000\n  dial tcp: no such host, fetching vulnerabilities", "3", false, "GO-2026-0000"},
		"its database cannot be reached":   {unreachable, "1", true, "skipped: govulncheck cannot reach its database"},
		"its database answers with errors": {"govulncheck: fetching vulnerabilities: HTTP GET https://vuln.example returned unexpected status: 502 Bad Gateway", "1", true, "skipped"},
		"it is broken":                     {"govulncheck: loading packages: there are errors with the provided package patterns", "1", false, "there are errors"},
		"it does not say why it failed":    {"", "1", false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "said"), []byte(tt.says), 0o600); err != nil {
				t.Fatal(err)
			}
			stub := "#!/bin/sh\ncase \"$*\" in\n*golangci-lint*) exit 0 ;;\n*govulncheck*) cat '" + dir + "/said'; exit " + tt.status + " ;;\nesac\nexit 9\n"
			if err := os.WriteFile(filepath.Join(dir, "go"), []byte(stub), 0o700); err != nil {
				t.Fatal(err)
			}
			c := exec.CommandContext(t.Context(), "make", "lint")
			c.Dir = root
			c.Env = append(os.Environ(), "PATH="+dir+string(filepath.ListSeparator)+os.Getenv("PATH"))
			out, err := c.CombinedOutput()
			if (err == nil) != tt.passes || !strings.Contains(string(out), tt.tells) {
				t.Errorf("make lint: %v, and says\n%s", err, out)
			}
		})
	}
}
