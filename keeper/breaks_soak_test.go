//go:build soak

package keeper_test

import "testing"

// Whatever of the protocol is taken out, a test notices.
func TestSoakBreaks(t *testing.T) {
	broken(t, ".", protocol())
	broken(t, ".", failures())
	broken(t, "../provider", requests())
	broken(t, "..", calls())
}

// requests take out what makes a spend one request, and its answer no more than it is.
func requests() []cut {
	return []cut{
		{"follow redirects", "send.go", "CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },", "", "TestASpendIsOneRequest"},
		{"call it idempotent", "send.go", "req.Header.Set(\"Content-Type\", r.contentType)", "req.Header.Set(\"Content-Type\", r.contentType)\n\t\treq.Header[\"Idempotency-Key\"] = nil\n\t\treq.GetBody = func() (io.ReadCloser, error) { return &body{text: strings.NewReader(r.body)}, nil }", "TestASpendIsOneRequest"},
		{"let scopes grow", "client.go", "bool { return !had[s] })", "bool { return false && !had[s] })", "TestRefreshedScopesNeverExceedThoseGranted"},
		{"lose a token over its ID token", "client.go", "if next, err = next.With(\"id_token\", nil); err != nil {", "if err = errors.New(\"wrong ID token\"); err != nil {", "TestARefreshKeepsItsTokenAndDropsAWrongIDToken"},
		{"read Retry-After as seconds alone", "error.go", "at, err := http.ParseTime(v)\n\tif err != nil {", "at, err := http.ParseTime(v)\n\tif true || err != nil {", "TestRetryAfterIsSecondsOrADate"},
		{"read Retry-After as a date alone", "error.go", "err == nil || errors.Is(err, strconv.ErrRange) {", "false && err == nil {", "TestRetryAfterIsSecondsOrADate"},
		{"read a date by our clock", "error.go", "now, err := http.ParseTime(h.Get(\"Date\"))\n\tif err != nil {", "now, err := http.ParseTime(h.Get(\"Date\"))\n\tif true || err != nil {", "TestRetryAfterIsSecondsOrADate"},
	}
}

// calls take out what a client does about a 401.
func calls() []cut {
	return []cut{
		{"send again what cannot be", "client.go", "out.Body != nil && out.Body != http.NoBody && out.GetBody == nil {", "false {", "TestClientSendsAgainOnceAfterA401"},
		{"send again with the token that was refused", "client.go", "if err != nil || tok.AccessToken == rejected.AccessToken {", "if err != nil {", "TestClientSendsAgainOnceAfterA401"},
		{"send again twice", "client.go", "\tresp, err = t.send(second)", "\tif r, err := t.base.RoundTrip(second.Clone(out.Context())); err == nil {\n\t\tdrain(r)\n\t}\n\tresp, err = t.send(second)", "TestClientSendsAgainOnceAfterA401"},
		{"take any storage for a cluster's", "cluster.go", "if len(blame) == 0 {", "if true {", "TestClusterRefusesWhatCannotBeShared"},
		{"take a layer's word for those below", "cluster.go", "s = w.Unwrap()\n\t\tall = append(all, s)", "_ = w\n\t\treturn all", "TestClusterRefusesWhatCannotBeShared"},
	}
}
