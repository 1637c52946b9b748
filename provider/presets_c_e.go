package provider

// CalCom is cal.com.
func CalCom() Provider {
	return Provider{
		Name: "calcom", DisplayName: "Cal.com",
		AuthorizationURL: "https://app.cal.com/auth/oauth2/authorize",
		TokenURL:         "https://app.cal.com/api/auth/oauth/token",
		ClientAuth:       Body,
		RefreshURL:       "https://app.cal.com/api/auth/oauth/refreshToken",
		APIBase:          "https://api.cal.com/v2/",
	}
}

// Calendly is calendly.com.
func Calendly() Provider {
	return Provider{
		Name: "calendly", DisplayName: "Calendly",
		AuthorizationURL: "https://auth.calendly.com/oauth/authorize",
		TokenURL:         "https://auth.calendly.com/oauth/token",
		APIBase:          "https://api.calendly.com/",
		Userinfo:         Userinfo{URL: "https://api.calendly.com/users/me", ID: "/resource/uri", Name: "/resource/name", Email: "/resource/email"},
	}
}

// Canva is canva.com.
func Canva() Provider {
	return Provider{
		Name: "canva", DisplayName: "Canva Connect",
		AuthorizationURL: "https://www.canva.com/api/oauth/authorize",
		TokenURL:         "https://api.canva.com/rest/v1/oauth/token",
		APIBase:          "https://api.canva.com/rest/v1/",
		Revocation:       Revocation{URL: "https://api.canva.com/rest/v1/oauth/revoke"},
	}
}

// ClickUp is clickup.com.
func ClickUp() Provider {
	return Provider{
		Name: "clickup", DisplayName: "ClickUp",
		AuthorizationURL:   "https://app.clickup.com/api",
		AuthorizationNames: map[string]string{"scope": ""},
		TokenURL:           "https://api.clickup.com/api/v2/oauth/token",
		ClientAuth:         Body,
		APIBase:            "https://api.clickup.com/api/v2/",
		Userinfo:           Userinfo{URL: "https://api.clickup.com/api/v2/user", ID: "/user/id", Name: "/user/username", Email: "/user/email"},
	}
}

// Close is close.com.
func Close() Provider {
	return Provider{
		Name: "close", DisplayName: "Close",
		AuthorizationURL: "https://app.close.com/oauth2/authorize",
		Scopes:           []string{"offline_access"},
		TokenURL:         "https://api.close.com/oauth2/token/",
		ClientAuth:       Body,
		APIBase:          "https://api.close.com/api/v1/",
		Revocation:       Revocation{URL: "https://api.close.com/oauth2/revoke/"},
	}
}

// Cognito is the user pool with that id in a region of Amazon Cognito, whose login pages are at domain.
func Cognito(domain, region, pool string) Provider {
	domain = part(domain)
	region = part(region)
	pool = part(pool)
	return Provider{
		Name: "cognito", DisplayName: "Amazon Cognito",
		AuthorizationURL: "https://" + domain + "/oauth2/authorize",
		Scopes:           []string{"openid", "profile", "email"},
		TokenURL:         "https://" + domain + "/oauth2/token",
		APIBase:          "https://" + domain + "/",
		Userinfo:         Userinfo{URL: "https://" + domain + "/oauth2/userInfo"},
		Revocation:       Revocation{URL: "https://" + domain + "/oauth2/revoke"},
		Issuer:           "https://cognito-idp." + region + ".amazonaws.com/" + pool,
	}
}

// Coinbase is coinbase.com.
func Coinbase() Provider {
	return Provider{
		Name: "coinbase", DisplayName: "Coinbase",
		AuthorizationURL: "https://login.coinbase.com/oauth2/auth",
		Scopes:           []string{"wallet:user:read", "wallet:user:email"},
		ScopeSeparator:   ",",
		TokenURL:         "https://login.coinbase.com/oauth2/token",
		ClientAuth:       Body,
		APIBase:          "https://api.coinbase.com/v2/",
		APIHeaders:       map[string]string{"CB-VERSION": "2022-01-06"},
		Userinfo:         Userinfo{URL: "https://api.coinbase.com/v2/user", ID: "/data/id", Name: "/data/name", Email: "/data/email"},
		Revocation:       Revocation{URL: "https://login.coinbase.com/oauth2/revoke"},
	}
}

// Dexcom is dexcom.com.
func Dexcom() Provider {
	return Provider{
		Name: "dexcom", DisplayName: "Dexcom",
		AuthorizationURL: "https://api.dexcom.com/v2/oauth2/login",
		Scopes:           []string{"offline_access"},
		TokenURL:         "https://api.dexcom.com/v2/oauth2/token",
		RefreshParams:    map[string]string{"redirect_uri": "{redirect_uri}"},
		APIBase:          "https://api.dexcom.com/",
	}
}

// DigitalOcean is cloud.digitalocean.com.
func DigitalOcean() Provider {
	return Provider{
		Name: "digitalocean", DisplayName: "DigitalOcean",
		AuthorizationURL: "https://cloud.digitalocean.com/v1/oauth/authorize",
		TokenURL:         "https://cloud.digitalocean.com/v1/oauth/token",
		RefreshURL:       "https://cloud.digitalocean.com/v1/oauth/refresh",
		APIBase:          "https://api.digitalocean.com/v2/",
		APIHosts:         []string{"cloud.digitalocean.com"},
		Userinfo:         Userinfo{URL: "https://api.digitalocean.com/v2/account", ID: "/account/uuid", Email: "/account/email"},
		Revocation:       Revocation{URL: "https://cloud.digitalocean.com/v1/oauth/revoke", Bearer: true, Param: "token"},
	}
}

// Discord is discord.com.
func Discord() Provider {
	return Provider{
		Name: "discord", DisplayName: "Discord",
		AuthorizationURL: "https://discord.com/oauth2/authorize",
		Scopes:           []string{"identify", "email"},
		TokenURL:         "https://discord.com/api/oauth2/token",
		APIBase:          "https://discord.com/",
		Userinfo:         Userinfo{URL: "https://discord.com/api/users/@me", ID: "/id", Name: "/username"},
		Revocation:       Revocation{URL: "https://discord.com/api/oauth2/token/revoke"},
	}
}

// DocuSign is docusign.com. Its API is where the first of the person's accounts lives.
func DocuSign() Provider {
	return Provider{
		Name: "docusign", DisplayName: "DocuSign",
		AuthorizationURL: "https://account.docusign.com/oauth/auth",
		Scopes:           []string{"signature", "extended"},
		TokenURL:         "https://account.docusign.com/oauth/token",
		RefreshIdle:      30 * day,
		APIBase:          "{token.userinfo/accounts/0/base_uri}/",
		APIHosts:         []string{"account.docusign.com", "*.docusign.net"},
		Userinfo:         Userinfo{URL: "https://account.docusign.com/oauth/userinfo", Kept: true},
	}
}

// Dropbox is dropbox.com.
func Dropbox() Provider {
	return Provider{
		Name: "dropbox", DisplayName: "Dropbox",
		AuthorizationURL:    "https://www.dropbox.com/oauth2/authorize",
		AuthorizationParams: map[string]string{"token_access_type": "offline"},
		Scopes:              []string{"account_info.read"},
		TokenURL:            "https://api.dropboxapi.com/oauth2/token",
		APIBase:             "https://api.dropboxapi.com/2/",
		Userinfo:            Userinfo{URL: "https://api.dropboxapi.com/2/users/get_current_account", Method: "POST", ID: "/account_id", Name: "/name/display_name"},
		Revocation:          Revocation{URL: "https://api.dropboxapi.com/2/auth/token/revoke", Bearer: true},
	}
}

// EBay is ebay.com. ruName is what eBay calls the redirect URI that is registered there: the address of the
// callback is entered beside it.
func EBay(ruName string) Provider {
	return Provider{
		Name: "ebay", DisplayName: "eBay",
		AuthorizationURL:    "https://auth.ebay.com/oauth2/authorize",
		AuthorizationParams: map[string]string{"redirect_uri": ruName},
		AuthorizationNames:  map[string]string{"redirect_uri": ""},
		Scopes:              []string{"https://api.ebay.com/oauth/api_scope/commerce.identity.readonly"},
		TokenURL:            "https://api.ebay.com/identity/v1/oauth2/token",
		TokenParams:         map[string]string{"redirect_uri": ruName},
		TokenNames:          map[string]string{"redirect_uri": ""},
		TokenType:           "User Access Token",
		APIBase:             "https://api.ebay.com/",
	}
}

// EpicGames is epicgames.com.
func EpicGames() Provider {
	return Provider{
		Name: "epicgames", DisplayName: "Epic Games",
		AuthorizationURL: "https://www.epicgames.com/id/authorize",
		Scopes:           []string{"basic_profile"},
		TokenURL:         "https://api.epicgames.dev/epic/oauth/v2/token",
		APIBase:          "https://api.epicgames.dev/",
		Userinfo:         Userinfo{URL: "https://api.epicgames.dev/epic/oauth/v2/userInfo", Name: "/preferred_username"},
		Revocation:       Revocation{URL: "https://api.epicgames.dev/epic/oauth/v2/revoke"},
	}
}

// Etsy is Etsy. Its token requests take no secret: set Registration.Public.
func Etsy() Provider {
	return Provider{
		Name: "etsy", DisplayName: "Etsy",
		AuthorizationURL: "https://www.etsy.com/oauth/connect",
		Scopes:           []string{"email_r"},
		TokenURL:         "https://api.etsy.com/v3/public/oauth/token",
		APIBase:          "https://openapi.etsy.com/v3/application/",
		APIHeaders:       map[string]string{"x-api-key": "{client_id}"},
	}
}

// Eventbrite is eventbrite.com.
func Eventbrite() Provider {
	return Provider{
		Name: "eventbrite", DisplayName: "Eventbrite",
		AuthorizationURL: "https://www.eventbrite.com/oauth/authorize",
		TokenURL:         "https://www.eventbrite.com/oauth/token",
		ClientAuth:       Body,
		APIBase:          "https://www.eventbriteapi.com/v3/",
		Userinfo:         Userinfo{URL: "https://www.eventbriteapi.com/v3/users/me/", ID: "/id", Email: "/emails/0/email"},
	}
}

// EVEOnline is eveonline.com; an account is a character.
func EVEOnline() Provider {
	return Provider{
		Name: "eveonline", DisplayName: "EVE Online",
		AuthorizationURL: "https://login.eveonline.com/v2/oauth/authorize",
		Scopes:           []string{"publicData"},
		TokenURL:         "https://login.eveonline.com/v2/oauth/token",
		APIHosts:         []string{"login.eveonline.com"},
		Userinfo:         Userinfo{URL: "https://login.eveonline.com/oauth/verify", ID: "/CharacterID", Name: "/CharacterName"},
	}
}
