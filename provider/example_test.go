package provider_test

import (
	"context"
	"fmt"
	"log"

	"github.com/waltz-oauth/waltz/provider"
)

// A provider of your own is a value: what it does as the standards say stays empty.
func ExampleProvider() {
	p := provider.Provider{
		Name: "bakery", DisplayName: "The Bakery",
		AuthorizationURL: "https://bakery.example/oauth/authorize",
		TokenURL:         "https://bakery.example/oauth/token",
		ClientAuth:       provider.Body,
		Scopes:           []string{"orders"},
		APIBase:          "https://api.bakery.example/v1/",
		Userinfo:         provider.Userinfo{URL: "https://api.bakery.example/v1/me", ID: "/customer/number", Email: "/customer/mail"},
		Revocation:       provider.Revocation{URL: "https://bakery.example/oauth/revoke"},
	}
	fmt.Println(p.Validate())
	p.Userinfo.URL = "https://loaves.example/me"
	fmt.Println(p.Validate())
	// Output:
	// <nil>
	// provider "bakery": Userinfo.URL: its host "loaves.example" is not among APIHosts
}

func ExampleDiscover() {
	p, err := provider.Discover(context.Background(), nil, "https://login.example.org/realms/staff")
	if err != nil {
		log.Fatal(err)
	}
	p.Name, p.DisplayName = "staff", "Staff login"
	fmt.Println(p.Scopes)
}
