package waltz_test

import (
	"log/slog"
	"net/http"

	"github.com/waltz-oauth/waltz"
)

// A button that logs the person out of the provider as well.
func ExampleConsumer_LogoutURL() {
	var login *waltz.Consumer // as App.Register made it

	logOut := func(w http.ResponseWriter, r *http.Request) {
		to, err := login.LogoutURL(r.Context(), "/goodbye", "")
		if err != nil {
			http.Error(w, "you are still logged in at the provider", http.StatusBadGateway)
			return
		}
		if err := login.Disconnect(r.Context()); err != nil {
			slog.Warn("a token may live on", "error", err)
		}
		http.Redirect(w, r, to, http.StatusSeeOther)
	}
	http.HandleFunc("POST /logout", logOut)
}
