package waltztest

import (
	"net/http"
	"net/url"
)

// stageDoor leads requests for anywhere to the impersonation.
type stageDoor struct{ to *Impersonation }

const headerWas = "X-Waltztest-Was" // where a request was going

func (d stageDoor) RoundTrip(r *http.Request) (*http.Response, error) {
	next := d.to.server.Client().Transport
	if loopback(r.URL.Hostname()) {
		return next.RoundTrip(r)
	}
	u, err := url.Parse(d.to.server.URL)
	if err != nil {
		return nil, err
	}
	out := r.Clone(r.Context())
	out.Header.Set(headerWas, r.URL.String())
	out.URL.Scheme, out.URL.Host, out.Host = u.Scheme, u.Host, ""
	resp, err := next.RoundTrip(out)
	if err == nil {
		resp.Request = r
	}
	return resp, err
}
