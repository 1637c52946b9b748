package provider

import "cmp"

// Airtable is airtable.com.
func Airtable() Provider {
	return Provider{
		Name: "airtable", DisplayName: "Airtable",
		AuthorizationURL: "https://airtable.com/oauth2/v1/authorize",
		Scopes:           []string{"user.email:read"},
		TokenURL:         "https://airtable.com/oauth2/v1/token",
		APIBase:          "https://api.airtable.com/v0/",
		Userinfo:         Userinfo{URL: "https://api.airtable.com/v0/meta/whoami", ID: "/id"},
	}
}

// Amazon is amazon.com.
func Amazon() Provider {
	return Provider{
		Name: "amazon", DisplayName: "Login with Amazon",
		AuthorizationURL: "https://www.amazon.com/ap/oa",
		Scopes:           []string{"profile"},
		TokenURL:         "https://api.amazon.com/auth/o2/token",
		ClientAuth:       Body,
		APIBase:          "https://api.amazon.com/",
		Userinfo:         Userinfo{URL: "https://api.amazon.com/user/profile", ID: "/user_id"},
	}
}

// Apple is Sign in with Apple, for the team with that id and the key with that id there. The client secret of the registration is that
// key as it was downloaded (PEM): from it the secret that Apple is shown is made each time. Apple sends the name of a person once,
// with the first login, and to the browser: it is not in the identity.
func Apple(team, key string) Provider {
	return Provider{
		Name: "apple", DisplayName: "Sign in with Apple",
		AuthorizationURL:    "https://appleid.apple.com/auth/authorize",
		AuthorizationParams: map[string]string{"response_mode": "form_post"},
		Scopes:              []string{"name", "email"},
		TokenURL:            "https://appleid.apple.com/auth/token",
		ClientAuth:          SecretJWT,
		SecretClaims:        SecretClaims{Issuer: team, Audience: "https://appleid.apple.com", KeyID: key},
		Revocation:          Revocation{URL: "https://appleid.apple.com/auth/revoke"},
		Issuer:              "https://appleid.apple.com",
	}
}

// Asana is asana.com.
func Asana() Provider {
	return Provider{
		Name: "asana", DisplayName: "Asana",
		AuthorizationURL: "https://app.asana.com/-/oauth_authorize",
		Scopes:           []string{"default"},
		TokenURL:         "https://app.asana.com/-/oauth_token",
		ClientAuth:       Body,
		APIBase:          "https://app.asana.com/api/1.0/",
		Userinfo:         Userinfo{URL: "https://app.asana.com/api/1.0/users/me", ID: "/data/gid", Name: "/data/name", Email: "/data/email"},
		Revocation:       Revocation{URL: "https://app.asana.com/-/oauth_revoke"},
	}
}

// Atlassian is atlassian.com.
func Atlassian() Provider {
	return Provider{
		Name: "atlassian", DisplayName: "Atlassian Cloud",
		AuthorizationURL:    "https://auth.atlassian.com/authorize",
		AuthorizationParams: map[string]string{"audience": "api.atlassian.com"},
		Scopes:              []string{"read:me", "offline_access"},
		TokenURL:            "https://auth.atlassian.com/oauth/token",
		RefreshIdle:         90 * day,
		APIBase:             "https://api.atlassian.com/",
		Userinfo:            Userinfo{URL: "https://api.atlassian.com/me", ID: "/account_id"},
	}
}

// Attio is attio.com.
func Attio() Provider {
	return Provider{
		Name: "attio", DisplayName: "Attio",
		AuthorizationURL: "https://app.attio.com/authorize",
		TokenURL:         "https://app.attio.com/oauth/token",
		ClientAuth:       Body,
		APIBase:          "https://api.attio.com/v2/",
		Userinfo:         Userinfo{URL: "https://api.attio.com/v2/self", ID: "/authorized_by_workspace_member_id"},
	}
}

// Auth0 is the tenant of Auth0 at domain: "NAME.REGION.auth0.com", or one of your own.
func Auth0(domain string) Provider {
	domain = part(domain)
	return Provider{
		Name: "auth0", DisplayName: "Auth0",
		AuthorizationURL: "https://" + domain + "/authorize",
		Scopes:           []string{"openid", "profile", "email", "offline_access"},
		TokenURL:         "https://" + domain + "/oauth/token",
		APIBase:          "https://" + domain + "/",
		Userinfo:         Userinfo{URL: "https://" + domain + "/userinfo"},
		Revocation:       Revocation{URL: "https://" + domain + "/oauth/revoke"},
		Issuer:           "https://" + domain + "/",
	}
}

// Authentik is the authentik at base, "https://login.example.org".
func Authentik(base string) Provider {
	base = origin(base)
	return Provider{
		Name: "authentik", DisplayName: "authentik",
		AuthorizationURL: base + "/application/o/authorize/",
		Scopes:           []string{"openid", "profile", "email", "offline_access"},
		TokenURL:         base + "/application/o/token/",
		APIBase:          base + "/",
		Userinfo:         Userinfo{URL: base + "/application/o/userinfo/"},
		Revocation:       Revocation{URL: base + "/application/o/revoke/"},
	}
}

// Azure is Microsoft Entra ID. tenant is "common", "organizations", "consumers", the id of a tenant or a domain of it; "" is
// "common". Accounts are those of Microsoft Graph, and ID tokens are not looked at: those of shared tenants have an issuer each.
func Azure(tenant string) Provider {
	tenant = part(cmp.Or(tenant, "common"))
	return Provider{
		Name: "azure", DisplayName: "Microsoft Entra ID (Azure AD v2)",
		AuthorizationURL: "https://login.microsoftonline.com/" + tenant + "/oauth2/v2.0/authorize",
		Scopes:           []string{"openid", "email", "profile", "User.Read", "offline_access"},
		DeviceURL:        "https://login.microsoftonline.com/" + tenant + "/oauth2/v2.0/devicecode",
		TokenURL:         "https://login.microsoftonline.com/" + tenant + "/oauth2/v2.0/token",
		APIBase:          "https://graph.microsoft.com/",
		Userinfo:         Userinfo{URL: "https://graph.microsoft.com/v1.0/me", ID: "/id", Name: "/displayName", Email: "/mail"},
	}
}

// Basecamp is the account with that number at Basecamp. userAgent names the application and whom to ask about it.
func Basecamp(account, userAgent string) Provider {
	account = part(account)
	return Provider{
		Name: "basecamp", DisplayName: "Basecamp (37signals)",
		AuthorizationURL:    "https://launchpad.37signals.com/authorization/new",
		AuthorizationParams: map[string]string{"type": "web_server"},
		AuthorizationNames:  map[string]string{"scope": ""},
		TokenURL:            "https://launchpad.37signals.com/authorization/token",
		TokenParams:         map[string]string{"type": "web_server"},
		ClientAuth:          Body,
		RefreshParams:       map[string]string{"type": "refresh"},
		APIBase:             "https://3.basecampapi.com/" + account + "/",
		APIHosts:            []string{"launchpad.37signals.com"},
		APIHeaders:          map[string]string{"User-Agent": userAgent},
		Userinfo:            Userinfo{URL: "https://launchpad.37signals.com/authorization.json", ID: "/identity/id", Name: "/identity/first_name", Email: "/identity/email_address"},
	}
}

// BattleNet is battle.net.
func BattleNet() Provider {
	return Provider{
		Name: "battlenet", DisplayName: "Battle.net",
		AuthorizationURL: "https://oauth.battle.net/authorize",
		Scopes:           []string{"openid"},
		TokenURL:         "https://oauth.battle.net/token",
		APIHosts:         []string{"oauth.battle.net"},
		Userinfo:         Userinfo{URL: "https://oauth.battle.net/userinfo", Name: "/battle_tag"},
		Issuer:           "https://oauth.battle.net",
	}
}

// BigCommerce is the shop with that store hash at BigCommerce.
func BigCommerce(store string) Provider {
	store = part(store)
	return Provider{
		Name: "bigcommerce", DisplayName: "BigCommerce",
		AuthorizationURL:    "https://login.bigcommerce.com/oauth2/authorize",
		AuthorizationParams: map[string]string{"context": "stores/" + store},
		TokenURL:            "https://login.bigcommerce.com/oauth2/token",
		TokenParams:         map[string]string{"context": "stores/" + store},
		ClientAuth:          Body,
		APIBase:             "https://api.bigcommerce.com/stores/" + store + "/",
		APICredentials:      "X-Auth-Token: ",
	}
}

// Bitbucket is bitbucket.org.
func Bitbucket() Provider {
	return Provider{
		Name: "bitbucket", DisplayName: "Bitbucket Cloud",
		AuthorizationURL: "https://bitbucket.org/site/oauth2/authorize",
		Scopes:           []string{"account", "email"},
		TokenURL:         "https://bitbucket.org/site/oauth2/access_token",
		APIBase:          "https://api.bitbucket.org/2.0/",
		Userinfo:         Userinfo{URL: "https://api.bitbucket.org/2.0/user", ID: "/uuid", Name: "/display_name"},
	}
}

// Bitly is bitly.com.
func Bitly() Provider {
	return Provider{
		Name: "bitly", DisplayName: "Bitly",
		AuthorizationURL: "https://bitly.com/oauth/authorize",
		TokenURL:         "https://api-ssl.bitly.com/oauth/access_token",
		TokenHeaders:     map[string]string{"Accept": "application/json"},
		ClientAuth:       Body,
		APIBase:          "https://api-ssl.bitly.com/v4/",
		Userinfo:         Userinfo{URL: "https://api-ssl.bitly.com/v4/user", ID: "/login", Email: "/emails/0/email"},
	}
}

// Box is box.com.
func Box() Provider {
	return Provider{
		Name: "box", DisplayName: "Box",
		AuthorizationURL: "https://account.box.com/api/oauth2/authorize",
		TokenURL:         "https://api.box.com/oauth2/token",
		ClientAuth:       Body,
		APIBase:          "https://api.box.com/2.0/",
		Userinfo:         Userinfo{URL: "https://api.box.com/2.0/users/me", ID: "/id", Email: "/login"},
		Revocation:       Revocation{URL: "https://api.box.com/oauth2/revoke"},
	}
}
