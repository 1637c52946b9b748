package e2e

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/waltztest"
)

// shell is where commands are typed.
type shell struct {
	t        *testing.T
	provider *waltztest.Server
	common   []string // of each command
}

func newShell(t *testing.T, c waltztest.Config) *shell {
	t.Helper()
	s := &shell{t: t, provider: waltztest.New(t, c)}
	s.common = []string{"test", "--issuer", s.provider.URL, "--storage", "file:" + t.TempDir() + "/tokens", "--user", "7"}
	return s
}

func (s *shell) command(verb string, args ...string) *exec.Cmd {
	words := []string{verb}
	if verb == "tokens" {
		words, args = append(words, args[0]), args[1:]
	}
	c := exec.CommandContext(s.t.Context(), "waltz", slices.Concat(words, s.common, args)...)
	c.Env = append(os.Environ(), "TEST_OAUTH_CLIENT_ID="+s.provider.ClientID)
	if s.provider.ClientSecret != "" {
		c.Env = append(c.Env, "TEST_OAUTH_CLIENT_SECRET="+s.provider.ClientSecret)
	}
	return c
}

// login has the command log in, and the person do what they do at the address that it shows. It returns
// what the command said, and how it ended.
func (s *shell) login(d waltztest.Decision, page string, args ...string) (string, error) {
	s.t.Helper()
	c := s.command("login", args...)
	var out bytes.Buffer
	c.Stdout = &out
	errors, err := c.StderrPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		s.t.Fatal(err)
	}
	var said strings.Builder
	lines := bufio.NewScanner(errors)
	for lines.Scan() {
		said.WriteString(lines.Text() + "\n")
		address := regexp.MustCompile(`(?:log in at|or open) (http:\S+)`).FindStringSubmatch(lines.Text())
		if address == nil {
			continue
		}
		resp, err := waltztest.NewBrowser().Login(s.t.Context(), address[1], "1002", d)
		if err != nil {
			s.t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil || !strings.Contains(string(body), page) {
			s.t.Errorf("the person sees %q, %v; want %q", body, err, page)
		}
	}
	err = c.Wait()
	if strings.Contains(said.String()+out.String(), "fake-") {
		s.t.Error("a secret was printed")
	}
	return said.String(), err
}

// whose asks the provider's API with what waltz token prints.
func (s *shell) whose() string {
	s.t.Helper()
	c := s.command("token")
	var errors bytes.Buffer
	c.Stderr = &errors
	printed, err := c.Output()
	if err != nil {
		s.t.Fatalf("waltz token: %v: %s", err, errors.String())
	}
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.provider.URL+"/api/user", http.NoBody)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+strings.TrimSuffix(string(printed), "\n"))
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil {
		s.t.Fatal(err)
	}
	return string(body)
}

func TestCommandLogsInAndPrintsAFreshToken(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		config waltztest.Config
		args   []string
		page   string
	}{
		"in a browser":             {waltztest.Config{}, nil, "You can close this window"},
		"in a browser, public":     {waltztest.Config{Public: true}, nil, "You can close this window"},
		"on another device":        {waltztest.Config{Behaviour: waltztest.Behaviour{PollEvery: time.Second}}, []string{"--device"}, "Go back to your device"},
		"with what must be pushed": {waltztest.Config{Behaviour: waltztest.Behaviour{PushOnly: true}}, nil, "You can close this window"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShell(t, tt.config)
			said, err := s.login(waltztest.Allow, tt.page, append(tt.args, "--scope", "openid", "--scope", "profile")...)
			if err != nil || !strings.Contains(said, "your account at test is connected, as Demo Ben") {
				t.Fatalf("said %q, %v", said, err)
			}
			if who := s.whose(); !strings.Contains(who, "Demo Ben") {
				t.Errorf("the token is for %s", who)
			}
			if n := s.provider.Calls(waltztest.Refresh); n != 0 {
				t.Errorf("a fresh token was refreshed %d times", n)
			}
		})
	}
}

func TestCommandRefreshesBeforeItPrints(t *testing.T) {
	t.Parallel()
	s := newShell(t, waltztest.Config{Behaviour: waltztest.Behaviour{AccessLifetime: 4 * time.Second}})
	if said, err := s.login(waltztest.Allow, "You can close this window"); err != nil {
		t.Fatalf("said %q, %v", said, err)
	}
	time.Sleep(4 * time.Second)
	for range 2 {
		if who := s.whose(); !strings.Contains(who, "Demo Ben") {
			t.Errorf("the token is for %s", who)
		}
	}
	if n := s.provider.Calls(waltztest.Refresh); n == 0 {
		t.Error("it was not refreshed")
	}
	time.Sleep(4 * time.Second)
	s.says("refresh", "the token was refreshed, and is good until")
	s.says("refresh", "the token is fresh: it was not due")
	s.provider.RevokeAll()
	time.Sleep(4 * time.Second)
	c := s.command("token")
	out, err := c.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "waltz login test logs in") || strings.Contains(string(out), "fake-") {
		t.Errorf("a grant that ended: %v", err)
	}
}

func TestCommandEndsAGrant(t *testing.T) {
	t.Parallel()
	s := newShell(t, waltztest.Config{})
	if said, err := s.login(waltztest.Allow, "You can close this window"); err != nil {
		t.Fatalf("said %q, %v", said, err)
	}
	if out, err := s.command("tokens", "revoke").CombinedOutput(); err == nil || !strings.Contains(string(out), "nothing was done") {
		t.Errorf("revoked what was not meant: %s, %v", out, err)
	}
	s.says("revoke", "the grant at test has ended", "--yes")
	if n := s.provider.Calls(waltztest.Revoke); n == 0 {
		t.Error("the provider was not told")
	}
	if out, err := s.command("token").CombinedOutput(); err == nil || !strings.Contains(string(out), "waltz login test logs in") {
		t.Errorf("after it: %v", err)
	}
}

// says has waltz tokens do verb, and checks what it says.
func (s *shell) says(verb, want string, args ...string) {
	s.t.Helper()
	out, err := s.command("tokens", append([]string{verb}, args...)...).CombinedOutput()
	if err != nil || !strings.Contains(string(out), want) || strings.Contains(string(out), "fake-") {
		s.t.Errorf("tokens %s: said %q, %v; want %q", verb, out, err, want)
	}
}

func TestCommandIsToldNo(t *testing.T) {
	t.Parallel()
	s := newShell(t, waltztest.Config{Behaviour: waltztest.Behaviour{PollEvery: time.Second}})
	for _, args := range [][]string{nil, {"--device"}} {
		page := "Nothing was stored"
		if args != nil {
			page = "Go back to your device"
		}
		if said, err := s.login(waltztest.Deny, page, args...); err == nil || !strings.Contains(said, "the person did not consent") {
			t.Errorf("said %q, %v", said, err)
		}
	}
}
