package provider_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

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
	issuer := exampleIssuer() // such as "https://login.example.org/realms/staff"
	defer issuer.Close()

	p, err := provider.Discover(context.Background(), nil, issuer.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	p.Name, p.DisplayName = "staff", "Staff login"
	fmt.Println(p.Validate(), p.Scopes)
	// Output:
	// <nil> [openid email profile]
}

func exampleIssuer() *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, `{"issuer":%q,"authorization_endpoint":%[1]q,"token_endpoint":%[1]q,"jwks_uri":%[1]q}`, "http://"+r.Host)
	}))
}
