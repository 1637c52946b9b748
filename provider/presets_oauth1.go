package provider

// Presets of providers that speak OAuth 1.

// Discogs is discogs.com. It wants to know which application asks: "App/1.0 +https://app.example".
func Discogs(userAgent string) Provider {
	return Provider{
		Name: "discogs", DisplayName: "Discogs",
		RequestTokenURL:  "https://api.discogs.com/oauth/request_token",
		AuthorizationURL: "https://www.discogs.com/oauth/authorize",
		TokenURL:         "https://api.discogs.com/oauth/access_token",
		TokenHeaders:     map[string]string{"User-Agent": userAgent},
		APIBase:          "https://api.discogs.com/",
		APIHeaders:       map[string]string{"User-Agent": userAgent},
		Userinfo:         Userinfo{URL: "https://api.discogs.com/oauth/identity", ID: "/id", Name: "/username"},
	}
}

// Flickr is flickr.com. It asks for leave to read; Registration.Params may ask for more, as perms.
func Flickr() Provider {
	return Provider{
		Name: "flickr", DisplayName: "Flickr",
		RequestTokenURL:     "https://www.flickr.com/services/oauth/request_token",
		AuthorizationURL:    "https://www.flickr.com/services/oauth/authorize",
		AuthorizationParams: map[string]string{"perms": "read"},
		TokenURL:            "https://www.flickr.com/services/oauth/access_token",
		APIBase:             "https://api.flickr.com/services/rest/",
		Userinfo:            Userinfo{FromToken: true, ID: "/user_nsid", Name: "/fullname"},
	}
}

// Jira is Jira Server or Data Center at base, "https://jira.example.org", with an application link whose
// public key belongs to the private key that is the client's secret. Jira Cloud is [Atlassian].
func Jira(base string) Provider {
	base = origin(base)
	return Provider{
		Name: "jira", DisplayName: "Jira",
		RequestTokenURL:  base + "/plugins/servlet/oauth/request-token",
		Signature:        RSASHA1,
		AuthorizationURL: base + "/plugins/servlet/oauth/authorize",
		TokenURL:         base + "/plugins/servlet/oauth/access-token",
		APIBase:          base + "/",
		APIHeaders:       map[string]string{"Content-Type": "application/json"},
		Userinfo:         Userinfo{URL: base + "/rest/api/2/myself", ID: "/key", Name: "/displayName", Email: "/emailAddress"},
	}
}

// SmugMug is smugmug.com.
func SmugMug() Provider {
	return Provider{
		Name: "smugmug", DisplayName: "SmugMug",
		RequestTokenURL:  "https://api.smugmug.com/services/oauth/1.0a/getRequestToken",
		Signature:        Plaintext,
		AuthorizationURL: "https://api.smugmug.com/services/oauth/1.0a/authorize",
		TokenURL:         "https://api.smugmug.com/services/oauth/1.0a/getAccessToken",
		APIBase:          "https://api.smugmug.com/api/v2/",
	}
}

// Trello is trello.com. Its consent page shows appName. How long a token lives is asked for as expiration, in
// Registration.Params: "never" is for ever.
func Trello(appName string) Provider {
	return Provider{
		Name: "trello", DisplayName: "Trello",
		RequestTokenURL:     "https://trello.com/1/OAuthGetRequestToken",
		AuthorizationURL:    "https://trello.com/1/OAuthAuthorizeToken",
		AuthorizationParams: map[string]string{"name": appName},
		Scopes:              []string{"read"},
		ScopeSeparator:      ",",
		TokenURL:            "https://trello.com/1/OAuthGetAccessToken",
		APIBase:             "https://api.trello.com/1/",
		Userinfo:            Userinfo{URL: "https://api.trello.com/1/members/me", ID: "/id", Name: "/fullName"},
	}
}

// Tumblr is tumblr.com. A blog's name is all that tells its accounts apart. See also [TumblrOAuth2].
func Tumblr() Provider {
	return Provider{
		Name: "tumblr", DisplayName: "Tumblr",
		RequestTokenURL:  "https://www.tumblr.com/oauth/request_token",
		AuthorizationURL: "https://www.tumblr.com/oauth/authorize",
		TokenURL:         "https://www.tumblr.com/oauth/access_token",
		APIBase:          "https://api.tumblr.com/v2/",
		Userinfo:         Userinfo{URL: "https://api.tumblr.com/v2/user/info", ID: "/response/user/name", Name: "/response/user/name"},
	}
}

// Twitter is X as it still answers those who speak OAuth 1. See also [X].
func Twitter() Provider {
	return Provider{
		Name: "twitter", DisplayName: "Twitter",
		RequestTokenURL:  "https://api.twitter.com/oauth/request_token",
		AuthorizationURL: "https://api.twitter.com/oauth/authenticate",
		TokenURL:         "https://api.twitter.com/oauth/access_token",
		APIBase:          "https://api.twitter.com/1.1/",
		Userinfo:         Userinfo{URL: "https://api.twitter.com/1.1/account/verify_credentials.json?include_email=true", ID: "/id_str"},
	}
}

// XING is xing.com. Whether its API is still open is not known.
func XING() Provider {
	return Provider{
		Name: "xing", DisplayName: "XING",
		RequestTokenURL:  "https://api.xing.com/v1/request_token",
		AuthorizationURL: "https://api.xing.com/v1/authorize",
		TokenURL:         "https://api.xing.com/v1/access_token",
		APIBase:          "https://api.xing.com/v1/",
		Userinfo:         Userinfo{URL: "https://api.xing.com/v1/users/me.json", ID: "/users/0/id", Email: "/users/0/active_email"},
	}
}
