// Package provider says what an OAuth provider is, and makes the calls of RFC 6749 to it.
//
// A [Provider] is data: addresses, how a client authenticates, what is peculiar. Presets are
// functions that return one, such as [GitHub]; [Discover] makes one from an OpenID Connect issuer.
// A [Client] is a provider and the credentials of one registration there: it makes the calls.
package provider

// Provider is what there is to know of one provider. It is data, copied freely and never changed by
// this package; a preset is a function that returns one, and a provider of your own is a value.
type Provider struct {
	Name        string // lower case letters, digits and dashes: the consumer's name unless it is given another, and the prefix of its variables
	DisplayName string // for people: "GitHub"

	AuthorizationURL string   // RFC 6749 section 3.1
	TokenURL         string   // RFC 6749 section 3.2
	RefreshURL       string   // where refreshes go; "": TokenURL
	APIBase          string   // relative requests are relative to it; ends with a slash
	APIHosts         []string // hosts that may see the token, besides that of APIBase

	Issuer string // OpenID Connect issuer; "": no ID tokens are looked at
	// … to be designed
}
