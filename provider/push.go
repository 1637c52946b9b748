package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
)

// Push sends what the login at address asks for, its query that is, to PushURL, and returns the address
// to send the browser to in place of it, which names that request and the client alone (RFC 9126
// sections 2 and 4). It spends nothing, and what it pushed is good for one login, for about a minute.
func (c *Client) Push(ctx context.Context, address string) (string, error) {
	r := request{op: "push", method: http.MethodPost, url: c.Provider.PushURL, header: map[string]string{"Accept": "application/json"}}
	u, err := endpoint(address)
	if err != nil {
		return "", fmt.Errorf("provider %q: push: the login's address %w", c.Provider.Name, err)
	}
	form := make(map[string]string)
	for name, values := range u.Query() {
		if len(values) != 1 { // RFC 6749 section 3.1
			return "", c.fail(r, Misconfigured, fmt.Errorf("the parameter %.40q comes more than once", name))
		}
		form[name] = values[0]
		if slices.Contains([]string{"state", "nonce", "code_challenge", "login_hint", "id_token_hint"}, name) {
			r.secrets = append(r.secrets, values[0])
		}
	}
	delete(form, "client_secret")
	if err := c.authenticate(&r, form); err != nil {
		return "", c.fail(r, Misconfigured, err)
	}
	form["client_id"] = c.ID
	r.members(form, false)
	a, err := c.send(ctx, r)
	if err != nil {
		return "", err
	}
	if code, prose := c.Provider.refusal(a.body); code != "" || a.status/100 != 2 {
		return "", c.refuse(r, a, code, prose)
	}
	var pushed struct {
		URI string `json:"request_uri"`
	}
	if json.Unmarshal(a.body, &pushed) != nil || pushed.URI == "" {
		return "", c.doubt(r, a, errors.New("the answer has no request_uri"))
	}
	u.RawQuery = url.Values{"client_id": {c.ID}, "request_uri": {pushed.URI}}.Encode()
	return u.String(), nil
}
