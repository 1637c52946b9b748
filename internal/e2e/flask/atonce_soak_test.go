//go:build soak

package flask

import (
	"net/http"
	"sync"
	"testing"

	"github.com/waltz-oauth/waltz/waltztest"
)

func TestSoakBothSidesServePeopleAtOnce(t *testing.T) {
	t.Parallel()
	for _, engine := range []string{"sqlite", "postgresql"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			idp := newProvider(t, waltztest.RotateNever) // or both would spend one refresh token, which Flask-Dance cannot help
			alchemist, db, d := shared(t, engine)
			flask := startFlask(t, idp, alchemist)
			ours := startGo(t, idp, table(t, db, d))
			people := map[string]string{"1": "1001", "2": "1002"}

			var all sync.WaitGroup
			for who, subject := range people {
				at := func(application string) { // one browser each: two of Flask-Dance's own writers may leave two rows
					p := newPerson(t, application, who, subject)
					for range 4 {
						p.logIn(t, application)
						p.do(t, http.MethodGet, application+"/api")
						p.do(t, http.MethodGet, application+"/token")
					}
				}
				for _, application := range []string{flask, ours, ours} {
					all.Go(func() { at(application) })
				}
			}
			all.Wait()

			for who, subject := range people {
				p := newPerson(t, flask, who, subject)
				for range 3 {
					p.do(t, http.MethodPost, flask+"/expire")
					for _, application := range []string{flask, ours, ours} {
						all.Go(func() { p.do(t, http.MethodGet, application+"/api") })
					}
					all.Wait()
				}
				if p.one(t, flask, ours) == "" {
					t.Errorf("%s was logged out", who)
				}
				var n int
				if err := db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM flask_dance_oauth WHERE user_id = "+who).Scan(&n); err != nil || n != 1 {
					t.Errorf("%s has %d rows, %v", who, n, err)
				}
				all.Go(func() { p.do(t, http.MethodPost, flask+"/disconnect") })
				all.Go(func() { p.do(t, http.MethodPost, ours+"/disconnect") })
				all.Wait()
				if p.one(t, flask, ours) != "" {
					t.Errorf("%s has a token after it was disconnected", who)
				}
			}
		})
	}
}
