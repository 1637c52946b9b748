// Package facts is what is known of the providers that others run: read elsewhere, each fact with its
// sources, and written down in providers.json. Presets are held against it, and the provider that
// plays one of them on loopback is driven by it: neither is made from the other.
package facts

import (
	_ "embed" // providers.json
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

//go:embed providers.json
var file []byte

// Provider is what is known of one. What no source says is empty.
type Provider struct {
	Name          string
	Status        string
	StatusNote    string `json:"status_note"`
	Protocol      string
	Issuer        string
	Authorization struct {
		Params map[string]string
		Omit   []string
		Rename map[string]string
	}
	AuthorizationURL string   `json:"authorization_url"`
	RequestTokenURL  string   `json:"request_token_url"`
	TokenURL         string   `json:"token_url"`
	RefreshURL       string   `json:"refresh_url"`
	BaseURL          string   `json:"base_url"`
	TokenHosts       []string `json:"token_hosts"`
	DefaultScopes    []string `json:"default_scopes"`
	LoginScopes      []string `json:"login_scopes"`
	ScopeSeparator   string   `json:"scope_separator"`
	TokenRequest     struct {
		Method, Format string
		ClientAuth     string `json:"client_auth"`
		Headers        map[string]string
		Params         map[string]string
		Rename         map[string]string
		Omit           []string
	} `json:"token_request"`
	TokenResponse struct {
		Format    string
		WrappedAt string `json:"wrapped_at"`
		Extras    []string
		Expiry    string // how an answer tells the lifetime, where that is not expires_in: "none", "zero"
		Type      string // token_type, where it is not bearer
		ErrorAt   string `json:"error_at"` // where the code of an error stands
		Dead      string // the code of a grant that has ended
	} `json:"token_response"`
	PKCE struct{ Support, Method string }
	API  struct {
		Scheme, Placement string
		Headers           map[string]string
		Learned           *struct{ From, Pointer, Value string } // what API base a token or an account names, and where
	}
	Offline struct {
		How   string
		Value any
	}
	AccessToken struct {
		Lifetime int `json:"lifetime_s"`
	} `json:"access_token"`
	RefreshToken struct {
		Issued   any
		Rotates  string
		Lifetime int `json:"lifetime_s"` // unused
		Params   map[string]string
		Spending
		Upgrade *Spending // of a login's token for one that lives longer
	} `json:"refresh_token"`
	Userinfo *struct {
		Source, URL, Method string
		Query               map[string]string
		Headers             map[string]string
		Body                any
		ID, Name, Email     string
		Picture             string
		EmailLookup         *struct{ URL string } `json:"email_lookup"`
	}
	Revocation *struct {
		URL, Method string
		ClientAuth  string `json:"client_auth"`
		TokenParam  string `json:"token_param"`
		Params      map[string]string
	}
	Callback struct {
		ResponseMode string            `json:"response_mode"`
		MAC          string            // the parameter that signs the others
		Kept         map[string]string // what programs need of it later, and an example
	}
	Quirks []string
}

// Spending is a request whose grant is an access token.
type Spending struct {
	URL, Method string
	TokenParam  string            `json:"token_param"`
	Params      map[string]string // for an upgrade; RefreshToken has its own
}

// All returns what is known, by the names of the presets.
func All() (map[string]Provider, error) {
	var all []Provider
	if err := json.Unmarshal(file, &all); err != nil {
		return nil, fmt.Errorf("facts: %w", err)
	}
	byName := make(map[string]Provider, len(all))
	for _, p := range all {
		byName[strings.ReplaceAll(p.Name, "_", "-")] = p
	}
	return byName, nil
}

// Quirk reports whether p has it.
func (p Provider) Quirk(name string) bool { return slices.Contains(p.Quirks, name) }

// Scopes are what a login asks for that wants to know whose account it is, and for a refresh token.
func (p Provider) Scopes() []string {
	if slices.Contains(p.Authorization.Omit, "scope") || p.Name == "slack" { // what is known of Slack is of its first flow
		return nil
	}
	all := p.LoginScopes
	if all == nil {
		all = p.DefaultScopes
	}
	if s, ok := p.Offline.Value.(string); ok && p.Offline.How == "scope" && !slices.Contains(all, s) {
		all = append(slices.Clone(all), s)
	}
	return all
}

// LoginParams are those that each login must send.
func (p Provider) LoginParams(fill func(string) string) map[string]string {
	all := make(map[string]string)
	for name, value := range p.Authorization.Params {
		all[name] = fill(value)
	}
	if more, ok := p.Offline.Value.(map[string]any); ok && p.Offline.How == "authorization_param" {
		for name, value := range more {
			all[name], _ = value.(string)
		}
	}
	return all
}

// Variable is what stands in an address of the facts where a program names its own server.
var Variable = regexp.MustCompile(`\{[a-z_]+\}`)

// Fill fills in what is known of the variables of text.
func Fill(text string, values map[string]string) string {
	return Variable.ReplaceAllStringFunc(text, func(name string) string {
		if v := values[strings.Trim(name, "{}")]; v != "" {
			return v
		}
		return name
	})
}
