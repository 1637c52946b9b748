package provider

// Facebook is facebook.com. version is that of the Graph API, "24.0"; "" is the oldest that lives. A login's token is
// exchanged at once for one of sixty days, and that for the next: a person who stays away longer logs in again.
func Facebook(version string) Provider {
	api := "https://graph.facebook.com/" + versioned(version)
	return Provider{
		Name: "facebook", DisplayName: "Facebook",
		AuthorizationURL: "https://www.facebook.com/" + versioned(version) + "dialog/oauth",
		Scopes:           []string{"email", "public_profile"},
		ScopeSeparator:   ",",
		TokenURL:         api + "oauth/access_token",
		ClientAuth:       Body,
		ErrorAt:          "/error/code",
		DeadGrant:        "190",
		LongLived:        facebookExchange(),
		Prolong:          facebookExchange(),
		APIBase:          "https://graph.facebook.com/",
		Userinfo:         Userinfo{URL: api + "me?fields=id,name,email", ID: "/id"},
		Revocation:       Revocation{URL: api + "me/permissions", Method: "DELETE", Bearer: true, Param: "access_token"},
	}
}

// versioned is what a path has in it of a version of the Graph API.
func versioned(version string) string {
	if version == "" {
		return ""
	}
	return "v" + part(version) + "/"
}

func facebookExchange() AccessGrant {
	return AccessGrant{
		URL: "https://graph.facebook.com/oauth/access_token", Param: "fb_exchange_token",
		Params: map[string]string{"grant_type": "fb_exchange_token", "client_id": "{client_id}", "client_secret": "{client_secret}"},
	}
}

// Instagram is Instagram, for business and creator accounts. A login's token is exchanged at once for one of sixty
// days, and that for the next.
func Instagram() Provider {
	return Provider{
		Name: "instagram", DisplayName: "Instagram (business login)",
		AuthorizationURL: "https://www.instagram.com/oauth/authorize",
		Scopes:           []string{"instagram_business_basic"},
		ScopeSeparator:   ",",
		TokenURL:         "https://api.instagram.com/oauth/access_token",
		TokenAt:          "/data/0",
		ClientAuth:       Body,
		ErrorAt:          "/error/code",
		DeadGrant:        "190",
		LongLived: AccessGrant{
			URL: "https://graph.instagram.com/access_token", Method: "GET",
			Params: map[string]string{"grant_type": "ig_exchange_token", "client_secret": "{client_secret}"},
		},
		Prolong:  AccessGrant{URL: "https://graph.instagram.com/refresh_access_token", Method: "GET", Params: map[string]string{"grant_type": "ig_refresh_token"}},
		APIBase:  "https://graph.instagram.com/",
		Userinfo: Userinfo{URL: "https://graph.instagram.com/me?fields=user_id,username,name", ID: "/user_id", Name: "/username"},
	}
}

// Threads is threads.net. A login's token is exchanged at once for one of sixty days, and that for the next.
func Threads() Provider {
	return Provider{
		Name: "threads", DisplayName: "Threads",
		AuthorizationURL: "https://threads.net/oauth/authorize",
		Scopes:           []string{"threads_basic"},
		ScopeSeparator:   ",",
		TokenURL:         "https://graph.threads.net/oauth/access_token",
		ClientAuth:       Body,
		ErrorAt:          "/error/code",
		DeadGrant:        "190",
		LongLived: AccessGrant{
			URL: "https://graph.threads.net/access_token", Method: "GET",
			Params: map[string]string{"grant_type": "th_exchange_token", "client_secret": "{client_secret}"},
		},
		Prolong:  AccessGrant{URL: "https://graph.threads.net/refresh_access_token", Method: "GET", Params: map[string]string{"grant_type": "th_refresh_token"}},
		APIBase:  "https://graph.threads.net/",
		Userinfo: Userinfo{URL: "https://graph.threads.net/v1.0/me?fields=id,username", ID: "/id", Name: "/username"},
	}
}
