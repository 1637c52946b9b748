package provider

import "github.com/coreos/go-oidc/v3/oidc"

// asymmetric lists the algorithms an ID token may be signed with: those with a public key. With
// "none" there is no signature, and one that a shared secret makes is not the issuer's alone.
func asymmetric() []string {
	return []string{
		oidc.RS256, oidc.RS384, oidc.RS512, oidc.ES256, oidc.ES384, oidc.ES512,
		oidc.PS256, oidc.PS384, oidc.PS512, oidc.EdDSA,
	}
}
