package storm

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/internal/e2e/engines"
	"github.com/waltz-oauth/waltz/token"
	"github.com/waltz-oauth/waltz/waltztest"
)

// field is where a storm takes place: a storage with expired grants, and the provider of these.
type field struct {
	t        *testing.T
	job      job
	storage  engines.Storage
	provider *waltztest.Server
	records  *recorder
	started  int // processes
}

// weather is what a storm is like.
type weather struct {
	grants   int
	rotation waltztest.Rotation
	lease    time.Duration
	slow     time.Duration // how long the provider's answers to refreshes take to come
}

// newField stores the grants. Those of a storm are never asked for before it.
func newField(t *testing.T, e engines.Engine, w weather) *field {
	t.Helper()
	where := e.Empty(t)
	s, err := e.Open(where)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	p := waltztest.New(t, waltztest.Config{ClientID: clientID, ClientSecret: clientSecret, Behaviour: waltztest.Behaviour{Rotation: w.rotation}})
	f := &field{t: t, storage: s, provider: p, records: record(t, p, w.slow)}
	f.job = job{Engine: e.Name, Where: where, Provider: f.records.url, Grants: w.grants, AtOnce: 4, Lease: w.lease}
	for i := range w.grants {
		tok, err := p.Grant("1001")
		if err != nil {
			t.Fatal(err)
		}
		tok.Expiry = time.Now().Add(-time.Hour)
		r := token.New(tok)
		r.RefreshAt = tok.Expiry
		if err := s.Set(t.Context(), key(i), r); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

func key(i int) token.Key { return token.Key{Provider: "storm", User: user(i)} }

// process is one that works on the field.
type process struct {
	name string // unlike an id, no other has it later
	cmd  *exec.Cmd
	out  bytes.Buffer
}

func (f *field) start() *process {
	f.t.Helper()
	f.started++
	j := f.job
	j.Process = strconv.Itoa(f.started)
	text, err := json.Marshal(j)
	if err != nil {
		f.t.Fatal(err)
	}
	p := &process{name: j.Process, cmd: exec.CommandContext(f.t.Context(), os.Args[0])}
	p.cmd.Env = append(os.Environ(), variable+"="+string(text), "GOMAXPROCS=1")
	p.cmd.Stdout, p.cmd.Stderr = &p.out, f.t.Output()
	if err := p.cmd.Start(); err != nil {
		f.t.Fatal(err)
	}
	return p
}

// kill kills p, and returns when, unless it had ended by itself.
func (f *field) kill(p *process) (at time.Time, killed bool) {
	f.t.Helper()
	_ = p.cmd.Process.Kill()
	at = time.Now()
	err := p.cmd.Wait()
	if err == nil {
		return at, false
	}
	if s, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || s.Signal() != syscall.SIGKILL {
		f.t.Errorf("a process ended with %v before it was killed", err)
		return at, false
	}
	return at, true
}

// report waits for the end of a process that nobody killed.
func (f *field) report(p *process) (r report) {
	f.t.Helper()
	if err := p.cmd.Wait(); err != nil {
		f.t.Errorf("a process ended with %v", err)
		return r
	}
	if err := json.Unmarshal(p.out.Bytes(), &r); err != nil {
		f.t.Error(err)
	}
	return r
}

// lost returns the grants that are not as they should be in the end: refreshed, and known to the provider
// by what is stored. want is how often each was refreshed, 0 for at least once.
func (f *field) lost(want uint64) (all []int) {
	f.t.Helper()
	for i := range f.job.Grants {
		r, err := f.storage.Load(f.t.Context(), key(i))
		if err != nil {
			f.t.Errorf("%s: %v", user(i), err)
			continue
		}
		switch {
		case r.State != token.Active || r.Generation == 0 || !f.alive(r.Token):
			all = append(all, i)
		case want > 0 && r.Generation != want:
			f.t.Errorf("%s was refreshed %d times", user(i), r.Generation)
		}
	}
	return all
}

// alive reports whether the provider's API takes t, and whether t can be refreshed, which it is: with an
// access token alone one would be logged out an hour later.
func (f *field) alive(t *token.Token) bool {
	f.t.Helper()
	api, err := http.NewRequestWithContext(f.t.Context(), http.MethodGet, f.provider.URL+"/api/user", nil)
	if err != nil {
		f.t.Fatal(err)
	}
	api.Header.Set("Authorization", "Bearer "+t.AccessToken)
	form := url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {t.RefreshToken},
		"client_id": {clientID}, "client_secret": {clientSecret},
	}
	refresh, err := http.NewRequestWithContext(f.t.Context(), http.MethodPost, f.provider.URL+"/token", strings.NewReader(form.Encode()))
	if err != nil {
		f.t.Fatal(err)
	}
	refresh.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return f.takes(api) && f.takes(refresh)
}

// takes reports whether the provider answers a request with 200.
func (f *field) takes(r *http.Request) bool {
	f.t.Helper()
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		f.t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// spent is a refresh token that came to the provider.
type spent struct {
	process  string
	answered time.Time
}

// recorder stands before the provider and writes down who spends which refresh token when.
type recorder struct {
	url string

	requests atomic.Int32 // under way
	gate     sync.RWMutex // through which answers go

	mu  sync.Mutex
	all map[[sha256.Size]byte][]*spent
}

func record(t *testing.T, p *waltztest.Server, slow time.Duration) *recorder {
	t.Helper()
	to, err := url.Parse(p.URL)
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{all: make(map[[sha256.Size]byte][]*spent)}
	proxy := httputil.NewSingleHostReverseProxy(to)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.URL.Path != "/token" {
			proxy.ServeHTTP(w, q)
			return
		}
		r.requests.Add(1)
		defer r.requests.Add(-1)
		body, err := io.ReadAll(q.Body)
		if err != nil {
			return // whoever sent it was killed before it had
		}
		form, _ := url.ParseQuery(string(body))
		q.Body = io.NopCloser(bytes.NewReader(body))
		answered := r.note(form.Get("refresh_token"), q.Header.Get(processHeader))
		answer := httptest.NewRecorder()
		proxy.ServeHTTP(answer, q.WithContext(context.WithoutCancel(q.Context()))) // what came is acted on, be its sender killed
		answered()
		time.Sleep(slow)
		r.gate.RLock()
		defer r.gate.RUnlock()
		maps.Copy(w.Header(), answer.Header())
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
	}))
	t.Cleanup(s.Close)
	r.url = s.URL
	return r
}

func (r *recorder) note(refreshToken, process string) (answered func()) {
	one := &spent{process: process}
	name := sha256.Sum256([]byte(refreshToken))
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all[name] = append(r.all[name], one)
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		one.answered = time.Now()
	}
}

// hold lets no answer go until release is called.
func (r *recorder) hold() (release func()) {
	r.gate.Lock()
	return sync.OnceFunc(r.gate.Unlock)
}

// senders is how many processes there are that a refresh came from.
func (r *recorder) senders() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make(map[string]bool)
	for _, spends := range r.all {
		for _, s := range spends {
			all[s.process] = true
		}
	}
	return len(all)
}

// waiting is how many refreshes were answered by the provider, or are being, and not to their senders yet.
func (r *recorder) waiting() int { return int(r.requests.Load()) }
