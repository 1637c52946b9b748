package provider

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"net/http"
	"time"

	"github.com/waltz-oauth/waltz/token"
)

// Device is a login that a person finishes on another device, which has a browser (RFC 8628 section 3.2).
type Device struct {
	UserCode        string    // what the person types in there
	VerificationURL string    // where
	CompleteURL     string    // the same with the code in it, for a link or a QR code; "": the provider has none
	Expiry          time.Time // when the login is over, finished or not

	code     string
	interval time.Duration
	scopes   []string
}

// Format writes what the person is shown, whatever the verb: no verb shows the device's own code.
func (d Device) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "device(%s at %s)", d.UserCode, d.VerificationURL) // fmt drops the error too
}

// LogValue returns the address alone: who has the code can connect their account.
func (d Device) LogValue() slog.Value { return slog.StringValue("device(" + d.VerificationURL + ")") }

// Device begins a login on another device (RFC 8628 section 3.1). Show the person its UserCode and
// VerificationURL, then call [Client.Await].
func (c *Client) Device(ctx context.Context, scopes []string) (Device, error) {
	r := request{op: "device", method: http.MethodPost, url: c.Provider.DeviceURL, header: map[string]string{"Accept": "application/json"}}
	maps.Copy(r.header, c.Provider.TokenHeaders)
	if r.url == "" {
		return Device{}, c.fail(r, Misconfigured, fmt.Errorf("the provider has no DeviceURL: %w", errors.ErrUnsupported))
	}
	form := make(map[string]string)
	if len(scopes) > 0 {
		form["scope"] = c.scopes(scopes)
	}
	if err := c.authenticate(&r, form); err != nil {
		return Device{}, c.fail(r, Misconfigured, err)
	}
	form["client_id"] = c.ID
	r.members(form, false)
	began := time.Now()
	a, err := c.send(ctx, r)
	if err != nil {
		return Device{}, err
	}
	if code, prose := c.Provider.refusal(a.body); code != "" || a.status/100 != 2 {
		return Device{}, c.refuse(r, a, code, prose)
	}
	var members map[string]any
	if json.Unmarshal(a.body, &members) != nil {
		return Device{}, c.doubt(r, a, errors.New("the answer is no JSON object"))
	}
	text := func(name string) string { s, _ := members[name].(string); return s }
	d := Device{
		UserCode:        clean(text("user_code")),
		VerificationURL: cmp.Or(text("verification_uri"), text("verification_url")), // the latter is Google's
		CompleteURL:     cmp.Or(text("verification_uri_complete"), text("verification_url_complete")),
		Expiry:          began.Add(cmp.Or(seconds(members["expires_in"]), 15*time.Minute)),
		code:            text("device_code"),
		interval:        cmp.Or(seconds(members["interval"]), pollEvery),
		scopes:          scopes,
	}
	if d.UserCode == "" || d.code == "" {
		return Device{}, c.doubt(r, a, errors.New("the answer has no user_code or no device_code"))
	}
	for _, address := range []string{d.VerificationURL, d.CompleteURL} { // a person is sent there, to log in
		if _, err := endpoint(address); err != nil && (address != "" || d.VerificationURL == "") {
			return Device{}, c.doubt(r, a, errors.New("the answer's verification_uri "+err.Error()))
		}
	}
	return d, nil
}

// pollEvery is how long to wait between two questions where the provider names no time, and how much
// longer where it says that they come too fast (RFC 8628 section 3.5).
const pollEvery = 5 * time.Second

// Await asks, as often as the provider allows, until the person has finished the login, and returns
// its token (RFC 8628 section 3.4). It ends with ctx, or with an [*Error]: code "access_denied" where the
// person said no, and "expired_token" where they took too long. Where the provider cannot be had it asks
// again, less often.
func (c *Client) Await(ctx context.Context, d Device) (*token.Token, error) {
	r := request{op: "device", url: c.Provider.TokenURL, secrets: []string{d.code}}
	every, rest := d.interval, time.Duration(0) // rest is how much longer to wait for who could not be had
	for {
		left := time.Until(d.Expiry) - time.Second // a last question is asked before the end
		if left > 0 && !pause(ctx, min(every+rest, left)) {
			return nil, ctx.Err()
		}
		if left <= 0 {
			e := c.fail(r, Refused, errors.New("nobody finished the login in time"))
			e.Code = "expired_token"
			return nil, e
		}
		form := map[string]string{"grant_type": "urn:ietf:params:oauth:grant-type:device_code", "device_code": d.code}
		t, err := c.spend(ctx, r, form, nil)
		e, failed := errors.AsType[*Error](err)
		switch {
		case err == nil: // the code is spent: what fails from here on is not asked again
			return c.finished(ctx, r, t, Grant{Scopes: d.scopes})
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case !failed:
			return nil, err
		case e.Kind == Limited:
			rest = max(pollEvery, min(e.RetryAfter, time.Minute))
		case e.Kind == Unsent, e.Status >= 500, e.Kind == Doubtful && e.Code == "":
			rest = min(max(2*rest, every), time.Minute)
		case e.Code == "authorization_pending":
			rest = 0
		case e.Code == "slow_down":
			every, rest = every+pollEvery, 0
		case e.Code == "access_denied", e.Code == "expired_token":
			e.Kind = Refused
			return nil, e
		default:
			return nil, e
		}
	}
}

// pause reports whether d went by before ctx was done.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// seconds is a duration that an answer gives as a number, up to a day; 0 where it gives none.
func seconds(v any) time.Duration {
	n, _ := v.(float64)
	if !(n > 0) {
		return 0
	}
	return time.Duration(math.Min(n, 24*60*60) * float64(time.Second))
}
