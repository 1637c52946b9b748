package provider

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/waltz-oauth/waltz/token"
)

// longLived spends the token of a login for one that lives longer, where there is such a thing. What the
// login's answer says beside it is kept.
func (c *Client) longLived(ctx context.Context, t *token.Token) (*token.Token, error) {
	how := c.Provider.LongLived
	if how.URL != "" {
		longer, err := c.spendAccess(ctx, "exchange", how, t.AccessToken)
		if err != nil {
			return nil, err
		}
		if t, err = t.Merge(longer); err != nil {
			return nil, c.fail(request{op: "exchange"}, Doubtful, err)
		}
	}
	return c.prolonged(t, nil)
}

// prolonged is t, whose access token is its refresh token too, where that is what is spent for the next.
func (c *Client) prolonged(t *token.Token, err error) (*token.Token, error) {
	if err == nil && c.Provider.Prolong.URL != "" {
		t.RefreshToken = t.AccessToken
	}
	return t, err
}

// spendAccess sends the one request that spends the access token.
func (c *Client) spendAccess(ctx context.Context, op string, how AccessGrant, access string) (*token.Token, error) {
	r := request{op: op, url: how.URL, method: cmp.Or(how.Method, http.MethodPost), secrets: []string{access}}
	form := map[string]string{cmp.Or(how.Param, "access_token"): access}
	for name, value := range how.Params {
		form[name] = strings.NewReplacer("{client_id}", c.ID, "{client_secret}", c.Secret).Replace(value)
	}
	if r.method == http.MethodGet {
		r.spends = true
		q := make(url.Values, len(form))
		for name, value := range form {
			q.Set(name, value)
		}
		r.url += "?" + q.Encode()
	} else {
		r.members(form, false)
	}
	return c.granting(ctx, r)
}
