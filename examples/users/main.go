// Command users is an application whose people log in with GitHub and in no other way. Its users and
// their tokens are in one SQLite database. It wants GITHUB_OAUTH_CLIENT_ID and
// GITHUB_OAUTH_CLIENT_SECRET in the environment.
package main

import (
	"context"
	"database/sql"
	"fmt"
	"html"
	"log"
	"net/http"
	"strconv"

	"github.com/alexedwards/scs/v2"

	"github.com/waltz-oauth/waltz"
	"github.com/waltz-oauth/waltz/provider"
	"github.com/waltz-oauth/waltz/storage/sqlstore"
	"github.com/waltz-oauth/waltz/storage/sqlstore/sqlite"
)

func main() {
	db, err := sqlite.OpenDB("users.db")
	if err != nil {
		log.Fatal(err)
	}
	handler, err := site(db, waltz.Registration{Provider: provider.GitHub()})
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.ListenAndServe("localhost:8080", handler))
}

// application is the database of the users, and who is signed in.
type application struct {
	db       *sql.DB
	sessions *scs.SessionManager
}

// site is the whole application.
func site(db *sql.DB, r waltz.Registration) (http.Handler, error) {
	a := &application{db, scs.New()}
	if _, err := db.Exec(`create table if not exists users (
		id integer primary key, github text not null unique, name text not null)`); err != nil {
		return nil, err
	}
	tokens, err := sqlstore.New(db, sqlstore.Config{Dialect: sqlite.Dialect()})
	if err != nil {
		return nil, err
	}
	if err := tokens.Migrate(context.Background()); err != nil {
		return nil, err
	}
	app, err := waltz.New(waltz.Config{Storage: tokens, User: a.user})
	if err != nil {
		return nil, err
	}
	r.Hooks.Authorized = a.authorized
	github, err := app.Register(r)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/login/", app)
	mux.Handle("/", github.Require(a.home(app)))
	return a.sessions.LoadAndSave(app.Handler(mux)), nil
}

// user is who Waltz is told has sent a request.
func (a *application) user(ctx context.Context) (string, error) {
	if id := a.sessions.GetInt(ctx, "user"); id != 0 {
		return strconv.Itoa(id), nil
	}
	return "", nil
}

// authorized finds the user whose account it is, or makes one, and signs them in.
func (a *application) authorized(_ http.ResponseWriter, r *http.Request, auth *waltz.Authorization) error {
	ctx := r.Context()
	who, err := auth.Identity(ctx)
	if err != nil {
		return err
	}
	var id int
	err = a.db.QueryRowContext(ctx, `insert into users (github, name) values (?, ?)
		on conflict (github) do update set name = excluded.name returning id`, who.Subject, who.Name).Scan(&id)
	if err != nil {
		return err
	}
	if err := a.sessions.RenewToken(ctx); err != nil { // a session that was there before the login is not to be kept
		return err
	}
	a.sessions.Put(ctx, "user", id)
	auth.User = strconv.Itoa(id)
	return nil
}

// home shows the user what is connected.
func (a *application) home(app *waltz.App) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var name string
		err := a.db.QueryRowContext(r.Context(), `select name from users where id = ?`, a.sessions.GetInt(r.Context(), "user")).Scan(&name)
		if err != nil {
			http.Error(w, "The database is not answering", http.StatusInternalServerError)
			return
		}
		fmt.Fprintf(w, "<!doctype html><title>Users</title><p>Hello, %s.<ul>", html.EscapeString(name))
		for c, err := range app.Connections(r.Context()) {
			if err != nil {
				fmt.Fprint(w, "<li>and what cannot be read")
				break
			}
			fmt.Fprintf(w, "<li>%s since %s: %s", html.EscapeString(c.Key.Provider), c.Record.Since.Format("2 January 2006"), c.Record.State)
		}
		fmt.Fprint(w, "</ul>")
	})
}
