package provider

import "cmp"

// Figma is figma.com.
func Figma() Provider {
	return Provider{
		Name: "figma", DisplayName: "Figma",
		AuthorizationURL: "https://www.figma.com/oauth",
		Scopes:           []string{"current_user:read"},
		ScopeSeparator:   ",",
		TokenURL:         "https://api.figma.com/v1/oauth/token",
		RefreshURL:       "https://api.figma.com/v1/oauth/refresh",
		APIBase:          "https://api.figma.com/v1/",
		Userinfo:         Userinfo{URL: "https://api.figma.com/v1/me", ID: "/id", Name: "/handle"},
	}
}

// Fitbit is fitbit.com.
func Fitbit() Provider {
	return Provider{
		Name: "fitbit", DisplayName: "Fitbit",
		AuthorizationURL: "https://www.fitbit.com/oauth2/authorize",
		Scopes:           []string{"profile"},
		TokenURL:         "https://api.fitbit.com/oauth2/token",
		ErrorAt:          "/errors/0/errorType",
		APIBase:          "https://api.fitbit.com/",
		Userinfo:         Userinfo{URL: "https://api.fitbit.com/1/user/-/profile.json", ID: "/user/encodedId", Name: "/user/displayName"},
		Revocation:       Revocation{URL: "https://api.fitbit.com/oauth2/revoke"},
	}
}

// Forgejo is the Forgejo at base, "https://git.example.org".
func Forgejo(base string) Provider {
	base = origin(base)
	return Provider{
		Name: "forgejo", DisplayName: "Forgejo",
		AuthorizationURL: base + "/login/oauth/authorize",
		TokenURL:         base + "/login/oauth/access_token",
		ClientAuth:       Body,
		APIBase:          base + "/api/v1/",
		Userinfo:         Userinfo{URL: base + "/api/v1/user", ID: "/id", Name: "/full_name"},
	}
}

// FreshBooks is freshbooks.com.
func FreshBooks() Provider {
	return Provider{
		Name: "freshbooks", DisplayName: "FreshBooks",
		AuthorizationURL: "https://auth.freshbooks.com/oauth/authorize",
		TokenURL:         "https://api.freshbooks.com/auth/oauth/token",
		ClientAuth:       Body,
		APIBase:          "https://api.freshbooks.com/",
		Userinfo:         Userinfo{URL: "https://api.freshbooks.com/auth/api/v1/users/me", ID: "/response/id", Name: "/response/first_name", Email: "/response/email"},
		Revocation:       Revocation{URL: "https://api.freshbooks.com/auth/oauth/revoke"},
	}
}

// Front is frontapp.com.
func Front() Provider {
	return Provider{
		Name: "front", DisplayName: "Front",
		AuthorizationURL: "https://app.frontapp.com/oauth/authorize",
		TokenURL:         "https://app.frontapp.com/oauth/token",
		APIBase:          "https://api2.frontapp.com/",
	}
}

// Garmin is Garmin Connect.
func Garmin() Provider {
	return Provider{
		Name: "garmin", DisplayName: "Garmin Connect",
		AuthorizationURL: "https://connect.garmin.com/oauth2Confirm",
		TokenURL:         "https://diauth.garmin.com/di-oauth2-service/oauth/token",
		ClientAuth:       Body,
		APIBase:          "https://apis.garmin.com/",
	}
}

// Gitea is the Gitea at base, "https://git.example.org"; "" is https://gitea.com.
func Gitea(base string) Provider {
	base = origin(cmp.Or(base, "https://gitea.com"))
	return Provider{
		Name: "gitea", DisplayName: "Gitea",
		AuthorizationURL: base + "/login/oauth/authorize",
		TokenURL:         base + "/login/oauth/access_token",
		APIBase:          base + "/api/v1/",
		Userinfo:         Userinfo{URL: base + "/api/v1/user", ID: "/id", Name: "/full_name"},
	}
}

// Gumroad is gumroad.com.
func Gumroad() Provider {
	return Provider{
		Name: "gumroad", DisplayName: "Gumroad",
		AuthorizationURL: "https://gumroad.com/oauth/authorize",
		Scopes:           []string{"view_profile"},
		TokenURL:         "https://gumroad.com/oauth/token",
		ClientAuth:       Body,
		APIBase:          "https://api.gumroad.com/v2/",
		Userinfo:         Userinfo{URL: "https://api.gumroad.com/v2/user", ID: "/user/user_id", Name: "/user/name", Email: "/user/email"},
	}
}

// Heroku is heroku.com.
func Heroku() Provider {
	return Provider{
		Name: "heroku", DisplayName: "Heroku",
		AuthorizationURL: "https://id.heroku.com/oauth/authorize",
		TokenURL:         "https://id.heroku.com/oauth/token",
		APIBase:          "https://api.heroku.com/",
		APIHeaders:       map[string]string{"Accept": "application/vnd.heroku+json; version=3"},
		Userinfo:         Userinfo{URL: "https://api.heroku.com/account", ID: "/id"},
	}
}

// HubSpot is hubspot.com.
func HubSpot() Provider {
	return Provider{
		Name: "hubspot", DisplayName: "HubSpot",
		AuthorizationURL: "https://app.hubspot.com/oauth/authorize",
		Scopes:           []string{"oauth"},
		TokenURL:         "https://api.hubapi.com/oauth/v1/token",
		ClientAuth:       Body,
		APIBase:          "https://api.hubapi.com/",
	}
}

// HuggingFace is huggingface.co.
func HuggingFace() Provider {
	return Provider{
		Name: "huggingface", DisplayName: "Hugging Face",
		AuthorizationURL: "https://huggingface.co/oauth/authorize",
		Scopes:           []string{"openid", "profile", "email"},
		TokenURL:         "https://huggingface.co/oauth/token",
		APIBase:          "https://huggingface.co/api/",
		Userinfo:         Userinfo{URL: "https://huggingface.co/oauth/userinfo"},
		Issuer:           "https://huggingface.co",
	}
}

// Intercom is intercom.com.
func Intercom() Provider {
	return Provider{
		Name: "intercom", DisplayName: "Intercom",
		AuthorizationURL:   "https://app.intercom.com/oauth",
		AuthorizationNames: map[string]string{"scope": ""},
		TokenURL:           "https://api.intercom.io/auth/eagle/token",
		ClientAuth:         Body,
		APIBase:            "https://api.intercom.io/",
		Userinfo:           Userinfo{URL: "https://api.intercom.io/me", ID: "/id"},
		Revocation:         Revocation{URL: "https://api.intercom.io/auth/uninstall", Bearer: true},
	}
}

// Kakao is kakao.com.
func Kakao() Provider {
	return Provider{
		Name: "kakao", DisplayName: "Kakao",
		AuthorizationURL: "https://kauth.kakao.com/oauth/authorize",
		Scopes:           []string{"profile_nickname", "account_email"},
		TokenURL:         "https://kauth.kakao.com/oauth/token",
		ClientAuth:       Body,
		APIBase:          "https://kapi.kakao.com/v2/",
		Userinfo:         Userinfo{URL: "https://kapi.kakao.com/v2/user/me", ID: "/id", Name: "/kakao_account/profile/nickname", Email: "/kakao_account/email"},
		Revocation:       Revocation{URL: "https://kapi.kakao.com/v1/user/unlink", Bearer: true},
	}
}

// Keycloak is a realm of the Keycloak at base, its address with any path: "https://login.example.org".
func Keycloak(base, realm string) Provider {
	base = origin(base)
	realm = part(realm)
	return Provider{
		Name: "keycloak", DisplayName: "Keycloak",
		AuthorizationURL: base + "/realms/" + realm + "/protocol/openid-connect/auth",
		Scopes:           []string{"openid", "profile", "email"},
		TokenURL:         base + "/realms/" + realm + "/protocol/openid-connect/token",
		APIBase:          base + "/",
		Userinfo:         Userinfo{URL: base + "/realms/" + realm + "/protocol/openid-connect/userinfo"},
		Revocation:       Revocation{URL: base + "/realms/" + realm + "/protocol/openid-connect/revoke"},
		Issuer:           base + "/realms/" + realm,
	}
}

// Kick is kick.com.
func Kick() Provider {
	return Provider{
		Name: "kick", DisplayName: "Kick",
		AuthorizationURL: "https://id.kick.com/oauth/authorize",
		Scopes:           []string{"user:read"},
		TokenURL:         "https://id.kick.com/oauth/token",
		ClientAuth:       Body,
		APIBase:          "https://api.kick.com/public/v1/",
		Userinfo:         Userinfo{URL: "https://api.kick.com/public/v1/users", ID: "/data/0/user_id", Name: "/data/0/name", Email: "/data/0/email"},
		Revocation:       Revocation{URL: "https://id.kick.com/oauth/revoke"},
	}
}

// Klaviyo is klaviyo.com.
func Klaviyo() Provider {
	return Provider{
		Name: "klaviyo", DisplayName: "Klaviyo",
		AuthorizationURL: "https://www.klaviyo.com/oauth/authorize",
		TokenURL:         "https://a.klaviyo.com/oauth/token",
		RefreshIdle:      90 * day,
		APIBase:          "https://a.klaviyo.com/",
		APIHeaders:       map[string]string{"revision": "2024-07-15"},
	}
}
