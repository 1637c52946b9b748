package waltz

import (
	"net/http"

	"github.com/waltz-oauth/waltz/internal/respond"
)

// disconnect answers the form that disconnects. Another site cannot send it (RFC 9700 section 4.7).
func (c *Consumer) disconnect(w http.ResponseWriter, r *http.Request) {
	http.NewCrossOriginProtection().Handler(http.HandlerFunc(c.disconnectOwn)).ServeHTTP(w, r)
}

func (c *Consumer) disconnectOwn(w http.ResponseWriter, r *http.Request) {
	const most = 4 << 10
	r.Body = http.MaxBytesReader(w, r.Body, most)
	to := respond.New(w, nil)
	if err := c.Disconnect(r.Context()); err != nil {
		c.fail(to, r, "disconnect", err)
		return
	}
	http.Redirect(to, r, c.next(r.FormValue("next")), http.StatusSeeOther)
}
