package provider

import (
	"cmp"
	"time"
)

// Reddit is Reddit. userAgent names the application, "PLATFORM:ID:VERSION (by /u/NAME)"; others are held up.
func Reddit(userAgent string) Provider {
	return Provider{
		Name: "reddit", DisplayName: "Reddit",
		AuthorizationURL:    "https://www.reddit.com/api/v1/authorize",
		AuthorizationParams: map[string]string{"duration": "permanent"},
		Scopes:              []string{"identity"},
		TokenURL:            "https://www.reddit.com/api/v1/access_token",
		TokenHeaders:        map[string]string{"User-Agent": userAgent},
		APIBase:             "https://oauth.reddit.com/",
		APIHeaders:          map[string]string{"User-Agent": userAgent},
		Userinfo:            Userinfo{URL: "https://oauth.reddit.com/api/v1/me", ID: "/id"},
		Revocation:          Revocation{URL: "https://www.reddit.com/api/v1/revoke_token"},
	}
}

// Roblox is apis.roblox.com.
func Roblox() Provider {
	return Provider{
		Name: "roblox", DisplayName: "Roblox",
		AuthorizationURL: "https://apis.roblox.com/oauth/v1/authorize",
		Scopes:           []string{"openid", "profile"},
		TokenURL:         "https://apis.roblox.com/oauth/v1/token",
		APIBase:          "https://apis.roblox.com/",
		Userinfo:         Userinfo{URL: "https://apis.roblox.com/oauth/v1/userinfo", Name: "/preferred_username"},
		Revocation:       Revocation{URL: "https://apis.roblox.com/oauth/v1/token/revoke"},
		Issuer:           "https://apis.roblox.com/oauth/",
	}
}

// Salesforce is Salesforce. host is where people log in: "test.salesforce.com" for sandboxes, or a My Domain; "" is
// "login.salesforce.com". Tokens name no end: they are refreshed when the API refuses them.
func Salesforce(host string) Provider {
	host = part(cmp.Or(host, "login.salesforce.com"))
	return Provider{
		Name: "salesforce", DisplayName: "Salesforce",
		AuthorizationURL: "https://" + host + "/services/oauth2/authorize",
		Scopes:           []string{"openid", "profile", "email", "refresh_token"},
		TokenURL:         "https://" + host + "/services/oauth2/token",
		APIBase:          "{token.instance_url}/",
		APIHosts:         []string{host, "*.salesforce.com"},
		Userinfo:         Userinfo{URL: "https://" + host + "/services/oauth2/userinfo", ID: "/user_id"},
		Revocation:       Revocation{URL: "https://" + host + "/services/oauth2/revoke", Anonymous: true},
	}
}

// ServiceNow is the instance at host, "NAME.service-now.com".
func ServiceNow(host string) Provider {
	host = part(host)
	return Provider{
		Name: "servicenow", DisplayName: "ServiceNow",
		AuthorizationURL: "https://" + host + "/oauth_auth.do",
		TokenURL:         "https://" + host + "/oauth_token.do",
		ClientAuth:       Body,
		APIBase:          "https://" + host + "/",
	}
}

// Shopify is the shop at SHOP.myshopify.com, whose callbacks are signed. A registration names its scopes.
func Shopify(shop string) Provider {
	site := "https://" + part(shop) + ".myshopify.com/admin/"
	return Provider{
		Name: "shopify", DisplayName: "Shopify",
		AuthorizationURL: site + "oauth/authorize",
		ScopeSeparator:   ",",
		CallbackMAC:      "hmac",
		TokenURL:         site + "oauth/access_token",
		TokenParams:      map[string]string{"expiring": "1"},
		TokenNames:       map[string]string{"redirect_uri": ""},
		ClientAuth:       Body,
		GrantedSeparator: ",",
		RefreshIdle:      90 * day,
		APIBase:          site + "api/",
		APICredentials:   "X-Shopify-Access-Token: ",
		Userinfo:         Userinfo{URL: site + "shop.json", ID: "/shop/id", Name: "/shop/name", Email: "/shop/email"},
	}
}

// Slack is Slack's second flow, with the token that Slack gives the application. Where only scopes of a person are asked for
// (the parameter user_scope), it is the token of that person. A registration names its scopes. For a login there is
// [SlackOIDC].
func Slack() Provider {
	return Provider{
		Name: "slack", DisplayName: "Slack (apps, OAuth v2)",
		AuthorizationURL: "https://slack.com/oauth/v2/authorize",
		ScopeSeparator:   ",",
		PKCE:             NoPKCE,
		TokenURL:         "https://slack.com/api/oauth.v2.access",
		TokenAt:          "/authed_user",
		GrantedSeparator: ",",
		APIBase:          "https://slack.com/api/",
		Userinfo:         Userinfo{URL: "https://slack.com/api/auth.test", ID: "/user_id", Name: "/user"},
		Revocation:       Revocation{URL: "https://slack.com/api/auth.revoke", Bearer: true},
	}
}

// SlackOIDC is Slack's OpenID Connect login.
func SlackOIDC() Provider {
	return Provider{
		Name: "slack-oidc", DisplayName: "Sign in with Slack",
		AuthorizationURL: "https://slack.com/openid/connect/authorize",
		Scopes:           []string{"openid", "profile", "email"},
		TokenURL:         "https://slack.com/api/openid.connect.token",
		APIBase:          "https://slack.com/api/",
		Userinfo:         Userinfo{URL: "https://slack.com/api/openid.connect.userInfo", ID: "/https:~1~1slack.com~1user_id"},
		Issuer:           "https://slack.com",
	}
}

// Smartsheet is smartsheet.com, which is shown a hash of the client secret. A registration names its scopes.
func Smartsheet() Provider {
	return Provider{
		Name: "smartsheet", DisplayName: "Smartsheet",
		AuthorizationURL: "https://app.smartsheet.com/b/authorize",
		TokenURL:         "https://api.smartsheet.com/2.0/token",
		ClientAuth:       SecretHash,
		APIBase:          "https://api.smartsheet.com/2.0/",
	}
}

// Snapchat is Snapchat's Login Kit.
func Snapchat() Provider {
	return Provider{
		Name: "snapchat", DisplayName: "Snapchat",
		AuthorizationURL: "https://accounts.snapchat.com/accounts/oauth2/auth",
		Scopes:           []string{"https://auth.snapchat.com/oauth2/api/user.external_id", "https://auth.snapchat.com/oauth2/api/user.display_name"},
		PKCE:             NoPKCE,
		TokenURL:         "https://accounts.snapchat.com/accounts/oauth2/token",
		ClientAuth:       Body,
		APIBase:          "https://kit.snapchat.com/v1/",
		Userinfo:         Userinfo{URL: "https://kit.snapchat.com/v1/me?query=%7Bme%7BexternalId%20displayName%7D%7D", ID: "/data/me/externalId", Name: "/data/me/displayName"},
	}
}

// SoundCloud is secure.soundcloud.com.
func SoundCloud() Provider {
	return Provider{
		Name: "soundcloud", DisplayName: "SoundCloud",
		AuthorizationURL: "https://secure.soundcloud.com/authorize",
		TokenURL:         "https://secure.soundcloud.com/oauth/token",
		ClientAuth:       Body,
		APIBase:          "https://api.soundcloud.com/",
		Userinfo:         Userinfo{URL: "https://api.soundcloud.com/me", ID: "/id", Name: "/username"},
	}
}

// Spotify is spotify.com.
func Spotify() Provider {
	return Provider{
		Name: "spotify", DisplayName: "Spotify",
		AuthorizationURL: "https://accounts.spotify.com/authorize",
		Scopes:           []string{"user-read-email"},
		TokenURL:         "https://accounts.spotify.com/api/token",
		APIBase:          "https://api.spotify.com/",
		Userinfo:         Userinfo{URL: "https://api.spotify.com/v1/me", ID: "/id", Name: "/display_name"},
	}
}

// Square is squareup.com.
func Square() Provider {
	return Provider{
		Name: "square", DisplayName: "Square",
		AuthorizationURL: "https://connect.squareup.com/oauth2/authorize",
		PKCE:             NoPKCE,
		TokenURL:         "https://connect.squareup.com/oauth2/token",
		TokenJSON:        true,
		ClientAuth:       Body,
		APIBase:          "https://connect.squareup.com/v2/",
		Userinfo:         Userinfo{FromToken: true, ID: "/merchant_id"},
	}
}

// StackExchange is Stack Exchange, with the accounts of Stack Overflow: each of its sites has its own. A login asks for a token
// without an end, since none can be refreshed.
func StackExchange() Provider {
	return Provider{
		Name: "stackexchange", DisplayName: "Stack Exchange",
		AuthorizationURL: "https://stackoverflow.com/oauth",
		Scopes:           []string{"no_expiry"},
		ScopeSeparator:   ",",
		TokenURL:         "https://stackoverflow.com/oauth/access_token/json",
		ClientAuth:       Body,
		APIBase:          "https://api.stackexchange.com/2.3/",
		Userinfo:         Userinfo{URL: "https://api.stackexchange.com/2.3/me?site=stackoverflow", ID: "/items/0/user_id", Name: "/items/0/display_name"},
	}
}

// Strava is strava.com.
func Strava() Provider {
	return Provider{
		Name: "strava", DisplayName: "Strava",
		AuthorizationURL: "https://www.strava.com/oauth/authorize",
		Scopes:           []string{"read"},
		ScopeSeparator:   ",",
		TokenURL:         "https://www.strava.com/oauth/token",
		ClientAuth:       Body,
		APIBase:          "https://www.strava.com/api/v3/",
		Userinfo:         Userinfo{URL: "https://www.strava.com/api/v3/athlete", ID: "/id", Name: "/username"},
		Revocation:       Revocation{URL: "https://www.strava.com/oauth/deauthorize", Bearer: true, Param: "access_token"},
	}
}

// Stripe is Stripe Connect, whose client secret is the platform's own API key.
func Stripe() Provider {
	return Provider{
		Name: "stripe", DisplayName: "Stripe Connect (standard accounts)",
		AuthorizationURL: "https://connect.stripe.com/oauth/authorize",
		Scopes:           []string{"read_write"},
		TokenURL:         "https://connect.stripe.com/oauth/token",
		ClientAuth:       SecretAsBearer,
		APIBase:          "https://api.stripe.com/",
	}
}

// StripeApps is an app of Stripe's marketplace, whose client secret is its own API key.
func StripeApps() Provider {
	return Provider{
		Name: "stripe-apps", DisplayName: "Stripe Apps",
		AuthorizationURL:   "https://marketplace.stripe.com/oauth/v2/authorize",
		AuthorizationNames: map[string]string{"scope": ""},
		PKCE:               NoPKCE,
		TokenURL:           "https://api.stripe.com/v1/oauth/token",
		TokenNames:         map[string]string{"redirect_uri": ""},
		ClientAuth:         SecretAsUser,
		Lifetime:           time.Hour,
		APIBase:            "https://api.stripe.com/",
		Userinfo:           Userinfo{FromToken: true, ID: "/stripe_user_id"},
	}
}

// SurveyMonkey is surveymonkey.com.
func SurveyMonkey() Provider {
	return Provider{
		Name: "surveymonkey", DisplayName: "SurveyMonkey",
		AuthorizationURL: "https://api.surveymonkey.com/oauth/authorize",
		PKCE:             NoPKCE,
		TokenURL:         "https://api.surveymonkey.com/oauth/token",
		ClientAuth:       Body,
		APIBase:          "https://api.surveymonkey.com/v3/",
	}
}
