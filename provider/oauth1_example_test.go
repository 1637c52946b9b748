package provider_test

import (
	"fmt"

	"github.com/waltz-oauth/waltz/provider"
)

// One that speaks OAuth 1 has a third address. All else is as it is in OAuth 2.
func ExampleProvider_oauth1() {
	p := provider.Provider{
		Name: "mill", DisplayName: "The Mill",
		RequestTokenURL:  "https://mill.example/oauth/request_token",
		AuthorizationURL: "https://mill.example/oauth/authorize",
		TokenURL:         "https://mill.example/oauth/access_token",
		Signature:        provider.HMACSHA256,
		APIBase:          "https://api.mill.example/2/",
		Userinfo:         provider.Userinfo{URL: "https://api.mill.example/2/miller.json", ID: "/id_str"},
	}
	fmt.Println(p.Validate(), p.OAuth1(), p.Signature)
	p.Issuer = "https://mill.example"
	fmt.Println(p.Validate())
	// Output:
	// <nil> true HMAC-SHA256
	// provider "mill": RequestTokenURL: want nothing beside it that only OAuth 2 has
}
