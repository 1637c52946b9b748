package demo

import (
	"context"
	"net/http"
)

// users are those of the application; at the provider there are others.
func users() []user { return []user{{"ada", "Ada"}, {"ben", "Ben"}} }

type user struct{ ID, Name string }

type userKey struct{}

// currentUser is what the application tells Waltz: whose request it is.
func currentUser(ctx context.Context) (string, error) {
	id, _ := ctx.Value(userKey{}).(string)
	return id, nil
}

const userCookie = "demo-user"

// signedIn puts the user whom the browser chose to be into the request's context. A real
// application would have asked for a password, and would not believe a cookie that anyone can write.
func signedIn(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, err := r.Cookie(userCookie); err == nil {
			if u, ok := lookUp(c.Value); ok {
				r = r.WithContext(context.WithValue(r.Context(), userKey{}, u.ID))
			}
		}
		next.ServeHTTP(w, r)
	})
}

func lookUp(id string) (user, bool) {
	for _, u := range users() {
		if u.ID == id {
			return u, true
		}
	}
	return user{}, false
}

// signIn answers the form that chooses a user, and the one that chooses nobody.
func signIn(w http.ResponseWriter, r *http.Request) {
	c := &http.Cookie{Name: userCookie, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: -1} // #nosec G124 -- the demo is on plain http, and this cookie proves nothing
	if u, ok := lookUp(r.PostFormValue("user")); ok {
		c.Value, c.MaxAge = u.ID, 0
	}
	http.SetCookie(w, c)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}
