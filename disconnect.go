package waltz

import (
	"net/http"

	"github.com/waltz-oauth/waltz/internal/respond"
)

// disconnect answers the form that disconnects. Another site cannot send it (RFC 9700 section 4.7).
func (c *Consumer) disconnect(w http.ResponseWriter, r *http.Request) {
	c.app.forms.Handler(http.HandlerFunc(c.disconnectOwn)).ServeHTTP(w, r)
}

func (c *Consumer) disconnectOwn(w http.ResponseWriter, r *http.Request) {
	const most = 4 << 10
	r.Body = http.MaxBytesReader(w, r.Body, most)
	to := respond.New(w, nil)
	ctx := r.Context()
	if account := r.FormValue("account"); account != "" {
		ctx = WithAccount(ctx, account)
	}
	if err := c.Disconnect(ctx); err != nil {
		c.fail(to, r, "disconnect", err)
		return
	}
	http.Redirect(to, r, c.next(r.FormValue("next")), http.StatusSeeOther)
}
