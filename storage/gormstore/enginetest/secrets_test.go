package enginetest_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/waltz-oauth/waltz/storage/gormstore"
	"github.com/waltz-oauth/waltz/token"
)

const canary = "canary-fake-secret"

// heard is what a logger is told.
type heard struct {
	mu   sync.Mutex
	text strings.Builder
}

func (h *heard) Printf(format string, args ...any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	fmt.Fprintf(&h.text, format+"\n", args...)
}

func (h *heard) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.text.String()
}

func TestNoLogShowsAToken(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, db *gorm.DB) {
		var log heard
		db.Logger = logger.New(&log, logger.Config{LogLevel: logger.Info, SlowThreshold: time.Nanosecond})
		s := migrated[Account](t, db.Debug())
		r := record("a")
		r.Token.AccessToken = canary
		set(t, s, github, r)
		set(t, s, github, r)
		old := load(t, s, github)
		if _, err := s.Swap(t.Context(), github, old.Version, r); err != nil {
			t.Fatal(err)
		}
		for _, err := range s.List(t.Context(), token.Filter{User: canary}) {
			check(t, err)
		}
		stale := row(t, db.Debug())
		check(t, db.Debug().Save(&stale).Error)
		check(t, s.Delete(t.Context(), github))

		check(t, db.Migrator().DropTable(&Account{})) // for what is logged with errors
		errs := []error{s.Set(t.Context(), github, r), s.Delete(t.Context(), github)}
		_, err := s.Swap(t.Context(), github, old.Version, r)
		for _, err := range append(errs, err) {
			if err == nil || strings.Contains(err.Error(), canary) {
				t.Errorf("without a table: got error %v", err)
			}
		}
		text := log.String()
		for _, statement := range []string{"INSERT INTO", "UPDATE", "SELECT", "SLOW SQL"} {
			if !strings.Contains(text, statement) {
				t.Errorf("no %s is logged", statement)
			}
		}
		if at := strings.Index(text, canary); at >= 0 {
			t.Errorf("the log shows a token: %s", text[max(0, at-300):at])
		}
	})
}

func TestNoModelShowsAToken(t *testing.T) {
	t.Parallel()
	m := Account{Token: gormstore.Token{Provider: "github", Token: gormstore.Secret(canary)}}
	shown, err := json.Marshal(m)
	check(t, err)
	if !strings.Contains(string(shown), `"provider":"github"`) {
		t.Errorf("its JSON is %s", shown)
	}
	text := string(shown)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		text += fmt.Sprintf(verb, m) + fmt.Sprintf(verb, &m)
	}
	secret, err := json.Marshal(m.Token.Token)
	check(t, err)
	text += string(secret)
	for _, guise := range []string{canary, fmt.Sprintf("%x", canary), fmt.Sprintf("%X", canary), strings.Trim(fmt.Sprintf("%d", []byte(canary)), "[]")} {
		if strings.Contains(text, guise) {
			t.Errorf("a token is shown as %q", guise)
		}
	}
}
