package provider

import "cmp"

// Webex is webex.com.
func Webex() Provider {
	return Provider{
		Name: "webex", DisplayName: "Webex",
		AuthorizationURL: "https://webexapis.com/v1/authorize",
		Scopes:           []string{"spark:kms", "spark:people_read"},
		TokenURL:         "https://webexapis.com/v1/access_token",
		ClientAuth:       Body,
		APIBase:          "https://webexapis.com/v1/",
		Userinfo:         Userinfo{URL: "https://webexapis.com/v1/people/me", ID: "/id", Name: "/displayName", Email: "/emails/0"},
	}
}

// Webflow is webflow.com.
func Webflow() Provider {
	return Provider{
		Name: "webflow", DisplayName: "Webflow",
		AuthorizationURL: "https://webflow.com/oauth/authorize",
		TokenURL:         "https://api.webflow.com/oauth/access_token",
		ClientAuth:       Body,
		APIBase:          "https://api.webflow.com/v2/",
	}
}

// Wikimedia is wikimedia.org. userAgent names the application and whom to ask about it; requests without are held up.
func Wikimedia(userAgent string) Provider {
	return Provider{
		Name: "wikimedia", DisplayName: "Wikimedia",
		AuthorizationURL: "https://meta.wikimedia.org/w/rest.php/oauth2/authorize",
		TokenURL:         "https://meta.wikimedia.org/w/rest.php/oauth2/access_token",
		TokenHeaders:     map[string]string{"User-Agent": userAgent},
		ClientAuth:       Body,
		APIBase:          "https://meta.wikimedia.org/w/rest.php/",
		APIHeaders:       map[string]string{"User-Agent": userAgent},
		Userinfo:         Userinfo{URL: "https://meta.wikimedia.org/w/rest.php/oauth2/resource/profile", Name: "/username"},
	}
}

// Withings is withings.com.
func Withings() Provider {
	return Provider{
		Name: "withings", DisplayName: "Withings",
		AuthorizationURL: "https://account.withings.com/oauth2_user/authorize2",
		TokenURL:         "https://wbsapi.withings.net/v2/oauth2",
		TokenParams:      map[string]string{"action": "requesttoken"},
		TokenAt:          "/body",
		ClientAuth:       Body,
		RefreshParams:    map[string]string{"action": "requesttoken"},
		APIBase:          "https://wbsapi.withings.net/",
	}
}

// WordPress is public-api.wordpress.com.
func WordPress() Provider {
	return Provider{
		Name: "wordpress", DisplayName: "WordPress.com",
		AuthorizationURL: "https://public-api.wordpress.com/oauth2/authorize",
		Scopes:           []string{"auth"},
		TokenURL:         "https://public-api.wordpress.com/oauth2/token",
		ClientAuth:       Body,
		APIBase:          "https://public-api.wordpress.com/rest/v1.1/",
		Userinfo:         Userinfo{URL: "https://public-api.wordpress.com/rest/v1.1/me", ID: "/ID", Name: "/display_name"},
	}
}

// X is X, once Twitter.
func X() Provider {
	return Provider{
		Name: "x", DisplayName: "X (Twitter), OAuth 2.0",
		AuthorizationURL: "https://x.com/i/oauth2/authorize",
		Scopes:           []string{"users.read", "tweet.read", "offline.access"},
		TokenURL:         "https://api.x.com/2/oauth2/token",
		APIBase:          "https://api.x.com/2/",
		Userinfo:         Userinfo{URL: "https://api.x.com/2/users/me?user.fields=profile_image_url,confirmed_email", ID: "/data/id", Name: "/data/name", Email: "/data/confirmed_email"},
		Revocation:       Revocation{URL: "https://api.x.com/2/oauth2/revoke"},
	}
}

// Xero is xero.com.
func Xero() Provider {
	return Provider{
		Name: "xero", DisplayName: "Xero",
		AuthorizationURL: "https://login.xero.com/identity/connect/authorize",
		Scopes:           []string{"openid", "profile", "email", "offline_access"},
		TokenURL:         "https://identity.xero.com/connect/token",
		APIBase:          "https://api.xero.com/",
		APIHosts:         []string{"identity.xero.com"},
		Userinfo:         Userinfo{URL: "https://identity.xero.com/connect/userinfo"},
		Revocation:       Revocation{URL: "https://identity.xero.com/connect/revocation"},
		Issuer:           "https://identity.xero.com",
	}
}

// Yahoo is login.yahoo.com.
func Yahoo() Provider {
	return Provider{
		Name: "yahoo", DisplayName: "Yahoo",
		AuthorizationURL: "https://api.login.yahoo.com/oauth2/request_auth",
		Scopes:           []string{"openid", "profile", "email"},
		TokenURL:         "https://api.login.yahoo.com/oauth2/get_token",
		RefreshParams:    map[string]string{"redirect_uri": "{redirect_uri}"},
		APIBase:          "https://api.login.yahoo.com/",
		Userinfo:         Userinfo{URL: "https://api.login.yahoo.com/openid/v1/userinfo"},
		Revocation:       Revocation{URL: "https://api.login.yahoo.com/oauth2/revoke"},
		Issuer:           "https://api.login.yahoo.com",
	}
}

// Yandex is yandex.com.
func Yandex() Provider {
	return Provider{
		Name: "yandex", DisplayName: "Yandex",
		AuthorizationURL: "https://oauth.yandex.com/authorize",
		Scopes:           []string{"login:info", "login:email"},
		TokenURL:         "https://oauth.yandex.com/token",
		APIBase:          "https://login.yandex.ru/",
		APICredentials:   "Authorization: OAuth ",
		Userinfo:         Userinfo{URL: "https://login.yandex.ru/info?format=json", ID: "/id", Name: "/real_name", Email: "/default_email"},
		Revocation:       Revocation{URL: "https://oauth.yandex.ru/revoke_token", Param: "access_token", AccessOnly: true},
	}
}

// Zendesk is the Zendesk at SUBDOMAIN.zendesk.com.
func Zendesk(subdomain string) Provider {
	subdomain = part(subdomain)
	return Provider{
		Name: "zendesk", DisplayName: "Zendesk",
		AuthorizationURL: "https://" + subdomain + ".zendesk.com/oauth/authorizations/new",
		Scopes:           []string{"read"},
		TokenURL:         "https://" + subdomain + ".zendesk.com/oauth/tokens",
		TokenParams:      map[string]string{"expires_in": "1800"},
		ClientAuth:       Body,
		RefreshParams:    map[string]string{"expires_in": "1800"},
		APIBase:          "https://" + subdomain + ".zendesk.com/api/v2/",
		Userinfo:         Userinfo{URL: "https://" + subdomain + ".zendesk.com/api/v2/users/me.json", ID: "/user/id", Name: "/user/name", Email: "/user/email"},
	}
}

// Zitadel is the ZITADEL at base, "https://login.example.org", which is its issuer.
func Zitadel(base string) Provider {
	base = origin(base)
	return Provider{
		Name: "zitadel", DisplayName: "ZITADEL",
		AuthorizationURL: base + "/oauth/v2/authorize",
		Scopes:           []string{"openid", "profile", "email"},
		TokenURL:         base + "/oauth/v2/token",
		ClientAuth:       Body,
		APIBase:          base + "/",
		Userinfo:         Userinfo{URL: base + "/oidc/v1/userinfo"},
		Issuer:           base,
	}
}

// Zoho is the data centre of Zoho under that top-level domain, "eu"; "" is "com". Its revocation takes the token in the
// address, so tokens are not revoked.
func Zoho(tld string) Provider {
	tld = part(cmp.Or(tld, "com"))
	return Provider{
		Name: "zoho", DisplayName: "Zoho",
		AuthorizationURL:    "https://accounts.zoho." + tld + "/oauth/v2/auth",
		AuthorizationParams: map[string]string{"access_type": "offline", "prompt": "consent"},
		Scopes:              []string{"AaaServer.profile.Read"},
		ScopeSeparator:      ",",
		TokenURL:            "https://accounts.zoho." + tld + "/oauth/v2/token",
		ClientAuth:          Body,
		APIBase:             "https://www.zohoapis." + tld + "/",
		APIHosts:            []string{"accounts.zoho." + tld},
		APICredentials:      "Authorization: Zoho-oauthtoken ",
		Userinfo:            Userinfo{URL: "https://accounts.zoho." + tld + "/oauth/user/info", ID: "/ZUID", Name: "/First_Name", Email: "/Email"},
	}
}

// Zoom is zoom.us.
func Zoom() Provider {
	return Provider{
		Name: "zoom", DisplayName: "Zoom",
		AuthorizationURL: "https://zoom.us/oauth/authorize",
		Scopes:           []string{"user:read"},
		TokenURL:         "https://zoom.us/oauth/token",
		APIBase:          "https://api.zoom.us/v2/",
		Userinfo:         Userinfo{URL: "https://api.zoom.us/v2/users/me", ID: "/id", Name: "/first_name"},
		Revocation:       Revocation{URL: "https://zoom.us/oauth/revoke"},
	}
}
