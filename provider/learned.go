package provider

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/waltz-oauth/waltz/token"
)

// userinfoMember is the member of a token that Userinfo.Kept keeps an answer in.
const userinfoMember = "userinfo"

// Learns reports whether APIBase is known only with a token.
func (p *Provider) Learns() bool { return strings.Contains(p.APIBase, "{token.") }

// Base is what requests with t are relative to: APIBase, with what t says put in. Its error says that t
// does not say it, or that this makes no address of a host that may see the token. Where APIBase names no member of the
// token, t may be nil.
func (p *Provider) Base(t *token.Token) (string, error) {
	if !p.Learns() {
		return p.APIBase, nil
	}
	base := filled(p.APIBase, t)
	u, err := endpoint(base)
	for _, name := range member.FindAllString(p.APIBase, -1) {
		if filled(name, t) == "" {
			err = fmt.Errorf("it has no %s", strings.Trim(name, "{}"))
		}
	}
	if err == nil && !p.MaySee(u) {
		err = errors.New("its host may not see the token")
	}
	if err != nil {
		return "", fmt.Errorf("provider %q: the API base that the token names: %w", p.Name, err)
	}
	return base, nil
}

// member is what an address has in the place of a member of the token: {token.NAME}, or
// {token.NAME/INNER} for what is in one.
var member = regexp.MustCompile(`\{token\.[A-Za-z0-9_/]+\}`)

// filled is an address with what t says put in. In the place of a host or of what is before it, that
// is put in as it is; below, it is escaped.
func filled(address string, t *token.Token) string {
	var out strings.Builder
	for {
		at := member.FindStringIndex(address)
		if at == nil {
			out.WriteString(address)
			return out.String()
		}
		out.WriteString(address[:at[0]])
		name, inner, _ := strings.Cut(address[at[0]+len("{token."):at[1]-1], "/")
		said, _ := t.Extra(name)
		var v any
		d := json.NewDecoder(bytes.NewReader(said))
		d.UseNumber()
		_ = d.Decode(&v) // nothing then stands there, and what is made of it fails
		value := textAt(map[string]any{"v": v}, strings.TrimSuffix("/v/"+inner, "/"))
		if before := out.String(); strings.Contains(strings.TrimPrefix(before, "https://"), "/") {
			value = url.PathEscape(value)
		}
		if value == "." || value == ".." { // which would lead out of where it stands
			value = ""
		}
		out.WriteString(value)
		address = address[at[1]:]
	}
}

// learn keeps in t what the provider says of the account, where addresses are made of it.
func (c *Client) learn(ctx context.Context, t *token.Token) (*token.Token, error) {
	if !c.Provider.Userinfo.Kept {
		return t, nil
	}
	r, err := c.asking("exchange", t)
	if err != nil {
		return nil, err
	}
	raw, err := c.get(ctx, r)
	if err != nil {
		return nil, err
	}
	if !json.Valid(raw) {
		return nil, c.fail(r, Doubtful, errors.New("what describes the account is not JSON"))
	}
	return t.With(userinfoMember, raw)
}
