package provider

import "cmp"

// Okta is an authorization server of the Okta at domain, "dev-12345.okta.com"; "" is the one called "default".
func Okta(domain, server string) Provider {
	domain = part(domain)
	server = part(cmp.Or(server, "default"))
	return Provider{
		Name: "okta", DisplayName: "Okta",
		AuthorizationURL: "https://" + domain + "/oauth2/" + server + "/v1/authorize",
		Scopes:           []string{"openid", "profile", "email", "offline_access"},
		TokenURL:         "https://" + domain + "/oauth2/" + server + "/v1/token",
		APIBase:          "https://" + domain + "/",
		Userinfo:         Userinfo{URL: "https://" + domain + "/oauth2/" + server + "/v1/userinfo"},
		Revocation:       Revocation{URL: "https://" + domain + "/oauth2/" + server + "/v1/revoke"},
		Issuer:           "https://" + domain + "/oauth2/" + server,
	}
}

// OneLogin is the OneLogin at SUBDOMAIN.onelogin.com.
func OneLogin(subdomain string) Provider {
	base := "https://" + part(subdomain) + ".onelogin.com/oidc/2"
	return Provider{
		Name: "onelogin", DisplayName: "OneLogin",
		AuthorizationURL: base + "/auth",
		Scopes:           []string{"openid", "profile", "email"},
		TokenURL:         base + "/token",
		APIBase:          base + "/",
		Userinfo:         Userinfo{URL: base + "/me"},
		Issuer:           base,
	}
}

// OpenStreetMap is openstreetmap.org.
func OpenStreetMap() Provider {
	return Provider{
		Name: "osm", DisplayName: "OpenStreetMap",
		AuthorizationURL: "https://www.openstreetmap.org/oauth2/authorize",
		Scopes:           []string{"read_prefs"},
		TokenURL:         "https://www.openstreetmap.org/oauth2/token",
		APIBase:          "https://www.openstreetmap.org/api/0.6/",
		APIHosts:         []string{"api.openstreetmap.org"},
		Userinfo:         Userinfo{URL: "https://api.openstreetmap.org/api/0.6/user/details.json", ID: "/user/id", Name: "/user/display_name"},
	}
}

// ORCID is orcid.org.
func ORCID() Provider {
	return Provider{
		Name: "orcid", DisplayName: "ORCID",
		AuthorizationURL: "https://orcid.org/oauth/authorize",
		Scopes:           []string{"/authenticate"},
		TokenURL:         "https://orcid.org/oauth/token",
		TokenHeaders:     map[string]string{"Accept": "application/json"},
		ClientAuth:       Body,
		APIBase:          "https://api.orcid.org/",
		APIHosts:         []string{"orcid.org"},
		Userinfo:         Userinfo{URL: "https://orcid.org/oauth/userinfo"},
		Revocation:       Revocation{URL: "https://orcid.org/oauth/revoke"},
	}
}

// Oura is ouraring.com.
func Oura() Provider {
	return Provider{
		Name: "oura", DisplayName: "Oura",
		AuthorizationURL: "https://cloud.ouraring.com/oauth/authorize",
		Scopes:           []string{"personal", "email"},
		TokenURL:         "https://api.ouraring.com/oauth/token",
		ClientAuth:       Body,
		APIBase:          "https://api.ouraring.com/",
		Userinfo:         Userinfo{URL: "https://api.ouraring.com/v1/userinfo", ID: "/user_id"},
	}
}

// Outreach is outreach.io.
func Outreach() Provider {
	return Provider{
		Name: "outreach", DisplayName: "Outreach",
		AuthorizationURL: "https://api.outreach.io/oauth/authorize",
		TokenURL:         "https://api.outreach.io/oauth/token",
		ClientAuth:       Body,
		APIBase:          "https://api.outreach.io/api/v2/",
	}
}

// Patreon is patreon.com.
func Patreon() Provider {
	return Provider{
		Name: "patreon", DisplayName: "Patreon",
		AuthorizationURL: "https://www.patreon.com/oauth2/authorize",
		Scopes:           []string{"identity", "identity[email]"},
		TokenURL:         "https://www.patreon.com/api/oauth2/token",
		ClientAuth:       Body,
		APIBase:          "https://www.patreon.com/api/oauth2/v2/",
		Userinfo:         Userinfo{URL: "https://www.patreon.com/api/oauth2/v2/identity?fields%5Buser%5D=email,full_name,image_url", ID: "/data/id", Name: "/data/attributes/full_name", Email: "/data/attributes/email"},
		Revocation:       Revocation{URL: "https://www.patreon.com/oauth2/revoke"},
	}
}

// PayPal is paypal.com.
func PayPal() Provider {
	return Provider{
		Name: "paypal", DisplayName: "PayPal",
		AuthorizationURL: "https://www.paypal.com/signin/authorize",
		Scopes:           []string{"openid", "profile", "email"},
		TokenURL:         "https://api-m.paypal.com/v1/oauth2/token",
		APIBase:          "https://api-m.paypal.com/",
		Userinfo:         Userinfo{URL: "https://api-m.paypal.com/v1/identity/oauth2/userinfo?schema=paypalv1.1", ID: "/user_id", Email: "/emails/0/value"},
	}
}

// PingOne is an environment of PingOne, in the region under that top-level domain, "eu"; "" is "com". The application there
// authenticates by Client Secret Post.
func PingOne(tld, environment string) Provider {
	tld = part(cmp.Or(tld, "com"))
	environment = part(environment)
	return Provider{
		Name: "pingone", DisplayName: "PingOne",
		AuthorizationURL: "https://auth.pingone." + tld + "/" + environment + "/as/authorize",
		Scopes:           []string{"openid", "profile", "email"},
		TokenURL:         "https://auth.pingone." + tld + "/" + environment + "/as/token",
		ClientAuth:       Body,
		APIBase:          "https://api.pingone." + tld + "/",
	}
}

// Pinterest is pinterest.com.
func Pinterest() Provider {
	return Provider{
		Name: "pinterest", DisplayName: "Pinterest",
		AuthorizationURL: "https://www.pinterest.com/oauth/",
		Scopes:           []string{"user_accounts:read"},
		ScopeSeparator:   ",",
		TokenURL:         "https://api.pinterest.com/v5/oauth/token",
		APIBase:          "https://api.pinterest.com/v5/",
		Userinfo:         Userinfo{URL: "https://api.pinterest.com/v5/user_account", ID: "/username", Name: "/username"},
	}
}

// Pipedrive is pipedrive.com. Its API is at the company's own host.
func Pipedrive() Provider {
	return Provider{
		Name: "pipedrive", DisplayName: "Pipedrive",
		AuthorizationURL:   "https://oauth.pipedrive.com/oauth/authorize",
		AuthorizationNames: map[string]string{"scope": ""},
		PKCE:               NoPKCE,
		TokenURL:           "https://oauth.pipedrive.com/oauth/token",
		RefreshIdle:        60 * day,
		APIBase:            "{token.api_domain}/api/",
		APIHosts:           []string{"*.pipedrive.com"},
		Userinfo:           Userinfo{URL: "{token.api_domain}/api/v1/users/me", ID: "/data/id", Name: "/data/name", Email: "/data/email"},
	}
}

// QuickBooks is appcenter.intuit.com.
func QuickBooks() Provider {
	return Provider{
		Name: "quickbooks", DisplayName: "QuickBooks Online (Intuit)",
		AuthorizationURL: "https://appcenter.intuit.com/connect/oauth2",
		Scopes:           []string{"openid", "profile", "email"},
		TokenURL:         "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer",
		CallbackKept:     []string{"realmId"},
		APIBase:          "https://quickbooks.api.intuit.com/v3/company/{token.realmId}/",
		APIHosts:         []string{"quickbooks.api.intuit.com", "accounts.platform.intuit.com"},
		Userinfo:         Userinfo{URL: "https://accounts.platform.intuit.com/v1/openid_connect/userinfo", Name: "/givenName"},
		Revocation:       Revocation{URL: "https://developer.api.intuit.com/v2/oauth2/tokens/revoke"},
	}
}
