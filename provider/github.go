package provider

import "net/url"

// GitHub is github.com. A refresh token comes only where the app has expiring tokens switched on.
func GitHub() Provider { return gitHub("github.com", "https://api.github.com/") }

// GitHubEnterprise is a GitHub Enterprise Server of your own at host, such as "git.example.org".
func GitHubEnterprise(host string) Provider {
	host = url.PathEscape(host) // so that what is no host makes no address
	return gitHub(host, "https://"+host+"/api/v3/")
}

func gitHub(host, api string) Provider {
	return Provider{
		Name: "github", DisplayName: "GitHub",
		AuthorizationURL: "https://" + host + "/login/oauth/authorize",
		Scopes:           []string{"read:user", "user:email"},
		DeviceURL:        "https://" + host + "/login/device/code",
		TokenURL:         "https://" + host + "/login/oauth/access_token",
		TokenHeaders:     map[string]string{"Accept": "application/json"}, // else it answers with a form
		GrantedSeparator: ",",
		APIBase:          api,
		APIHeaders:       map[string]string{"User-Agent": "waltz"}, // calls without one are refused
		Userinfo:         Userinfo{URL: api + "user", EmailsURL: api + "user/emails", ID: "/id", Picture: "/avatar_url"},
		Revocation:       Revocation{URL: api + "applications/{client_id}/token", Method: "DELETE", Param: "access_token", JSON: true, AccessOnly: true},
	}
}
