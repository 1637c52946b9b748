package flask

import (
	"net/http"
	"net/url"
	"sync"
	"testing"

	"github.com/waltz-oauth/waltz/waltztest"
)

func TestBothSidesServePeopleAtOnce(t *testing.T) {
	t.Parallel()
	atOnce(t, 4)
}

// atOnce has two people log in and call the API at a Flask application and a Go application at once, so
// many times in each of their browsers; has both applications refresh what expired at once, and has both
// disconnect at once.
func atOnce(t *testing.T, times int) {
	t.Helper()
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
					for range times {
						p.logIn(t, application)
						p.callAPI(t, application)
						if p.access(t, application) == "" {
							t.Errorf("%s was logged out at once", who)
						}
					}
				}
				for _, application := range []string{flask, ours, ours} {
					all.Go(func() { at(application) })
				}
			}
			all.Wait()

			for who, subject := range people {
				p := newPerson(t, flask, who, subject)
				for range times {
					p.do(t, http.MethodPost, flask+"/expire")
					for _, application := range []string{flask, ours, ours} {
						all.Go(func() { p.callAPI(t, application) })
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

func TestATokenThatFlaskHoldsIsNotWrittenOverANewOne(t *testing.T) {
	t.Parallel()
	for _, engine := range []string{"sqlite", "postgresql"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			idp := newProvider(t, waltztest.RotateStrict)
			alchemist, db, d := shared(t, engine)
			flask := startFlask(t, idp, alchemist)
			ours := startGo(t, idp, table(t, db, d))
			p := newPerson(t, flask, "1", "1001")
			p.logIn(t, flask)
			p.do(t, http.MethodPost, flask+"/expire?left")
			old := p.one(t, flask, ours)

			resp, err := p.Client.Post(flask+"/hold?until="+url.QueryEscape(ours+"/api"), "", nil)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if resp.StatusCode != http.StatusInternalServerError {
				t.Errorf("Flask stored what it had read before: it answers %d", resp.StatusCode)
			}
			if now := p.one(t, flask, ours); now == "" || now == old {
				t.Errorf("the token is the one from before the refresh: there is one: %t", now != "")
			}
			p.callAPI(t, flask)
			p.callAPI(t, ours)
		})
	}
}
