package provider

import "cmp"

// LINE is access.line.me.
func LINE() Provider {
	return Provider{
		Name: "line", DisplayName: "LINE",
		AuthorizationURL: "https://access.line.me/oauth2/v2.1/authorize",
		Scopes:           []string{"openid", "profile", "email"},
		TokenURL:         "https://api.line.me/oauth2/v2.1/token",
		ClientAuth:       Body,
		APIBase:          "https://api.line.me/v2/",
		Userinfo:         Userinfo{URL: "https://api.line.me/v2/profile", ID: "/userId", Name: "/displayName"},
		Revocation:       Revocation{URL: "https://api.line.me/oauth2/v2.1/revoke", Param: "access_token", AccessOnly: true},
	}
}

// Linear is linear.app.
func Linear() Provider {
	return Provider{
		Name: "linear", DisplayName: "Linear",
		AuthorizationURL: "https://linear.app/oauth/authorize",
		Scopes:           []string{"read"},
		ScopeSeparator:   ",",
		TokenURL:         "https://api.linear.app/oauth/token",
		APIBase:          "https://api.linear.app/",
		Userinfo:         Userinfo{URL: "https://api.linear.app/graphql", Body: `{"query": "query { viewer { id name email } }"}`, ID: "/data/viewer/id", Name: "/data/viewer/name", Email: "/data/viewer/email"},
		Revocation:       Revocation{URL: "https://api.linear.app/oauth/revoke", Bearer: true, Param: "token"},
	}
}

// LinkedIn is linkedin.com.
func LinkedIn() Provider {
	return Provider{
		Name: "linkedin", DisplayName: "LinkedIn",
		AuthorizationURL: "https://www.linkedin.com/oauth/v2/authorization",
		Scopes:           []string{"openid", "profile", "email"},
		PKCE:             NoPKCE,
		TokenURL:         "https://www.linkedin.com/oauth/v2/accessToken",
		ClientAuth:       Body,
		APIBase:          "https://api.linkedin.com/v2/",
		Userinfo:         Userinfo{URL: "https://api.linkedin.com/v2/userinfo"},
		Revocation:       Revocation{URL: "https://www.linkedin.com/oauth/v2/revoke"},
	}
}

// Mailchimp is mailchimp.com. Its API is in the data centre of the account.
func Mailchimp() Provider {
	return Provider{
		Name: "mailchimp", DisplayName: "Mailchimp",
		AuthorizationURL:   "https://login.mailchimp.com/oauth2/authorize",
		AuthorizationNames: map[string]string{"scope": ""},
		TokenURL:           "https://login.mailchimp.com/oauth2/token",
		ClientAuth:         Body,
		APIBase:            "https://{token.userinfo/dc}.api.mailchimp.com/3.0/",
		APIHosts:           []string{"login.mailchimp.com", "*.api.mailchimp.com"},
		Userinfo:           Userinfo{URL: "https://login.mailchimp.com/oauth2/metadata", Kept: true, Credentials: "Authorization: OAuth ", ID: "/user_id", Name: "/accountname", Email: "/login/email"},
	}
}

// Mastodon is the instance at base, "https://mastodon.example"; "" is https://mastodon.social. Each wants a registration of its own.
func Mastodon(base string) Provider {
	base = origin(cmp.Or(base, "https://mastodon.social"))
	return Provider{
		Name: "mastodon", DisplayName: "Mastodon",
		AuthorizationURL: base + "/oauth/authorize",
		Scopes:           []string{"read"},
		TokenURL:         base + "/oauth/token",
		APIBase:          base + "/api/v1/",
		Userinfo:         Userinfo{URL: base + "/api/v1/accounts/verify_credentials", ID: "/id", Name: "/username"},
		Revocation:       Revocation{URL: base + "/oauth/revoke"},
	}
}

// Meetup is secure.meetup.com.
func Meetup() Provider {
	return Provider{
		Name: "meetup", DisplayName: "Meetup",
		AuthorizationURL: "https://secure.meetup.com/oauth2/authorize",
		Scopes:           []string{"basic"},
		TokenURL:         "https://secure.meetup.com/oauth2/access",
		ClientAuth:       Body,
		APIBase:          "https://api.meetup.com/gql-ext/",
		Userinfo:         Userinfo{URL: "https://api.meetup.com/gql-ext", Body: `{"query": "query { self { id name } }"}`, ID: "/data/self/id", Name: "/data/self/name"},
	}
}

// Microsoft is [Azure] under the name that people look for.
func Microsoft(tenant string) Provider {
	p := Azure(tenant)
	p.Name, p.DisplayName = "microsoft", "Microsoft (personal and work accounts)"
	return p
}

// Miro is miro.com.
func Miro() Provider {
	return Provider{
		Name: "miro", DisplayName: "Miro",
		AuthorizationURL: "https://miro.com/oauth/authorize",
		Scopes:           []string{"identity:read"},
		TokenURL:         "https://api.miro.com/v1/oauth/token",
		ClientAuth:       Body,
		APIBase:          "https://api.miro.com/v2/",
		Userinfo:         Userinfo{URL: "https://api.miro.com/v1/users/me", ID: "/id"},
	}
}

// Monday is monday.com.
func Monday() Provider {
	return Provider{
		Name: "monday", DisplayName: "monday.com",
		AuthorizationURL:    "https://auth.monday.com/oauth2/authorize",
		AuthorizationParams: map[string]string{"force_install_if_needed": "true"},
		AuthorizationNames:  map[string]string{"response_type": ""},
		Scopes:              []string{"me:read"},
		PKCE:                NoPKCE,
		TokenURL:            "https://auth.monday.com/oauth2/token",
		ClientAuth:          Body,
		APIBase:             "https://api.monday.com/v2/",
		APICredentials:      "Authorization: ",
		Userinfo:            Userinfo{URL: "https://api.monday.com/v2", Body: `{"query": "query { me { id name email } }"}`, ID: "/data/me/id", Name: "/data/me/name", Email: "/data/me/email"},
	}
}

// MyAnimeList is MyAnimeList, which takes PKCE's plain method alone.
func MyAnimeList() Provider {
	return Provider{
		Name: "myanimelist", DisplayName: "MyAnimeList",
		AuthorizationURL: "https://myanimelist.net/v1/oauth2/authorize",
		PKCE:             Plain,
		TokenURL:         "https://myanimelist.net/v1/oauth2/token",
	}
}

// Naver is naver.com.
func Naver() Provider {
	return Provider{
		Name: "naver", DisplayName: "Naver",
		AuthorizationURL: "https://nid.naver.com/oauth2.0/authorize",
		TokenURL:         "https://nid.naver.com/oauth2.0/token",
		ClientAuth:       Body,
		APIBase:          "https://openapi.naver.com/v1/",
		Userinfo:         Userinfo{URL: "https://openapi.naver.com/v1/nid/me", ID: "/response/id", Name: "/response/name", Email: "/response/email"},
		Revocation:       Revocation{URL: "https://nid.naver.com/oauth2.0/token", Param: "access_token", AccessOnly: true, Params: map[string]string{"grant_type": "delete", "service_provider": "NAVER"}},
	}
}

// Netlify is netlify.com.
func Netlify() Provider {
	return Provider{
		Name: "netlify", DisplayName: "Netlify",
		AuthorizationURL: "https://app.netlify.com/authorize",
		TokenURL:         "https://api.netlify.com/oauth/token",
		ClientAuth:       Body,
		APIBase:          "https://api.netlify.com/api/v1/",
		Userinfo:         Userinfo{URL: "https://api.netlify.com/api/v1/user", ID: "/id", Name: "/full_name"},
	}
}

// NetSuite is the account with that id at Oracle NetSuite.
func NetSuite(account string) Provider {
	account = part(account)
	return Provider{
		Name: "netsuite", DisplayName: "NetSuite",
		AuthorizationURL: "https://" + account + ".app.netsuite.com/app/login/oauth2/authorize.nl",
		Scopes:           []string{"rest_webservices"},
		TokenURL:         "https://" + account + ".suitetalk.api.netsuite.com/services/rest/auth/oauth2/v1/token",
		APIBase:          "https://" + account + ".suitetalk.api.netsuite.com/services/rest/",
	}
}

// Nextcloud is the Nextcloud at base, "https://cloud.example.org".
func Nextcloud(base string) Provider {
	base = origin(base)
	return Provider{
		Name: "nextcloud", DisplayName: "Nextcloud",
		AuthorizationURL: base + "/apps/oauth2/authorize",
		TokenURL:         base + "/apps/oauth2/api/v1/token",
		ClientAuth:       Body,
		APIBase:          base + "/",
		APIHeaders:       map[string]string{"OCS-APIRequest": "true"},
		Userinfo:         Userinfo{URL: base + "/ocs/v2.php/cloud/user?format=json", ID: "/ocs/data/id", Name: "/ocs/data/displayname", Email: "/ocs/data/email"},
	}
}

// Notion is notion.com.
func Notion() Provider {
	return Provider{
		Name: "notion", DisplayName: "Notion",
		AuthorizationURL:    "https://api.notion.com/v1/oauth/authorize",
		AuthorizationParams: map[string]string{"owner": "user"},
		AuthorizationNames:  map[string]string{"scope": ""},
		TokenURL:            "https://api.notion.com/v1/oauth/token",
		TokenJSON:           true,
		APIBase:             "https://api.notion.com/v1/",
		APIHeaders:          map[string]string{"Notion-Version": "2022-06-28"},
		Userinfo:            Userinfo{URL: "https://api.notion.com/v1/users/me", ID: "/bot/owner/user/id", Name: "/bot/owner/user/name", Email: "/bot/owner/user/person/email"},
		Revocation:          Revocation{URL: "https://api.notion.com/v1/oauth/revoke", JSON: true},
	}
}

// Nylas is nylas.com.
func Nylas() Provider {
	return Provider{
		Name: "nylas", DisplayName: "Nylas (API v2)",
		AuthorizationURL: "https://api.nylas.com/oauth/authorize",
		Scopes:           []string{"email"},
		TokenURL:         "https://api.nylas.com/oauth/token",
		ClientAuth:       Body,
		APIBase:          "https://api.nylas.com/",
	}
}
