package provider

// TikTok is tiktok.com.
func TikTok() Provider {
	return Provider{
		Name: "tiktok", DisplayName: "TikTok (Login Kit)",
		AuthorizationURL:   "https://www.tiktok.com/v2/auth/authorize/",
		AuthorizationNames: map[string]string{"client_id": "client_key"},
		Scopes:             []string{"user.info.basic"},
		ScopeSeparator:     ",",
		TokenURL:           "https://open.tiktokapis.com/v2/oauth/token/",
		TokenNames:         map[string]string{"client_id": "client_key"},
		ClientAuth:         Body,
		GrantedSeparator:   ",",
		APIBase:            "https://open.tiktokapis.com/v2/",
		Userinfo:           Userinfo{URL: "https://open.tiktokapis.com/v2/user/info/?fields=open_id,union_id,avatar_url,display_name", ID: "/data/user/open_id", Name: "/data/user/display_name"},
		Revocation:         Revocation{URL: "https://open.tiktokapis.com/v2/oauth/revoke/", Params: map[string]string{"client_key": "{client_id}"}},
	}
}

// Todoist is todoist.com.
func Todoist() Provider {
	return Provider{
		Name: "todoist", DisplayName: "Todoist",
		AuthorizationURL: "https://todoist.com/oauth/authorize",
		Scopes:           []string{"data:read"},
		ScopeSeparator:   ",",
		TokenURL:         "https://todoist.com/oauth/access_token",
		ClientAuth:       Body,
		APIBase:          "https://api.todoist.com/",
	}
}

// Trakt is trakt.tv.
func Trakt() Provider {
	return Provider{
		Name: "trakt", DisplayName: "Trakt",
		AuthorizationURL: "https://trakt.tv/oauth/authorize",
		TokenURL:         "https://api.trakt.tv/oauth/token",
		ClientAuth:       Body,
		APIBase:          "https://api.trakt.tv/",
		APIHeaders:       map[string]string{"trakt-api-version": "2", "trakt-api-key": "{client_id}"},
		Userinfo:         Userinfo{URL: "https://api.trakt.tv/users/me?extended=full", ID: "/ids/slug"},
	}
}

// TumblrOAuth2 is Tumblr by OAuth 2.
func TumblrOAuth2() Provider {
	return Provider{
		Name: "tumblr-oauth2", DisplayName: "Tumblr (OAuth 2.0)",
		AuthorizationURL: "https://www.tumblr.com/oauth2/authorize",
		Scopes:           []string{"offline_access"},
		TokenURL:         "https://api.tumblr.com/v2/oauth2/token",
		APIBase:          "https://api.tumblr.com/v2/",
		Userinfo:         Userinfo{URL: "https://api.tumblr.com/v2/user/info", ID: "/response/user/name", Name: "/response/user/name"},
	}
}

// Twitch is twitch.tv.
func Twitch() Provider {
	return Provider{
		Name: "twitch", DisplayName: "Twitch",
		AuthorizationURL: "https://id.twitch.tv/oauth2/authorize",
		Scopes:           []string{"openid", "user:read:email"},
		TokenURL:         "https://id.twitch.tv/oauth2/token",
		ClientAuth:       Body,
		ErrorAt:          "/message",
		DeadGrant:        "Invalid refresh token",
		APIBase:          "https://api.twitch.tv/helix/",
		APIHeaders:       map[string]string{"Client-Id": "{client_id}"},
		Userinfo:         Userinfo{URL: "https://api.twitch.tv/helix/users", ID: "/data/0/id", Name: "/data/0/display_name", Email: "/data/0/email"},
		Revocation:       Revocation{URL: "https://id.twitch.tv/oauth2/revoke", Anonymous: true, AccessOnly: true, Params: map[string]string{"client_id": "{client_id}"}},
		Issuer:           "https://id.twitch.tv/oauth2",
	}
}

// Typeform is typeform.com.
func Typeform() Provider {
	return Provider{
		Name: "typeform", DisplayName: "Typeform",
		AuthorizationURL: "https://api.typeform.com/oauth/authorize",
		Scopes:           []string{"offline"},
		PKCE:             NoPKCE,
		TokenURL:         "https://api.typeform.com/oauth/token",
		ClientAuth:       Body,
		APIBase:          "https://api.typeform.com/",
	}
}

// Uber is uber.com.
func Uber() Provider {
	return Provider{
		Name: "uber", DisplayName: "Uber",
		AuthorizationURL: "https://login.uber.com/oauth/v2/authorize",
		Scopes:           []string{"profile"},
		TokenURL:         "https://login.uber.com/oauth/v2/token",
		ClientAuth:       Body,
		APIBase:          "https://api.uber.com/",
		Userinfo:         Userinfo{URL: "https://api.uber.com/v1/me", ID: "/uuid", Name: "/first_name"},
	}
}

// Vimeo is vimeo.com.
func Vimeo() Provider {
	return Provider{
		Name: "vimeo", DisplayName: "Vimeo",
		AuthorizationURL: "https://api.vimeo.com/oauth/authorize",
		Scopes:           []string{"public"},
		TokenURL:         "https://api.vimeo.com/oauth/access_token",
		TokenHeaders:     map[string]string{"Accept": "application/vnd.vimeo.*+json;version=3.0"},
		APIBase:          "https://api.vimeo.com/",
		Userinfo:         Userinfo{URL: "https://api.vimeo.com/me", ID: "/uri"},
	}
}
