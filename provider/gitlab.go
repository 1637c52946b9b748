package provider

import (
	"cmp"
	"net/url"
)

// GitLab is the GitLab at host, such as "git.example.org"; "" is gitlab.com.
func GitLab(host string) Provider {
	site := "https://" + url.PathEscape(cmp.Or(host, "gitlab.com")) // escaped so that what is no host makes no address
	return Provider{
		Name: "gitlab", DisplayName: "GitLab",
		AuthorizationURL: site + "/oauth/authorize",
		Scopes:           []string{"read_user"},
		DeviceURL:        site + "/oauth/authorize_device",
		TokenURL:         site + "/oauth/token",
		RefreshParams:    map[string]string{"redirect_uri": "{redirect_uri}"},
		APIBase:          site + "/api/v4/",
		Userinfo:         Userinfo{URL: site + "/api/v4/user", ID: "/id", Picture: "/avatar_url"},
		Revocation:       Revocation{URL: site + "/oauth/revoke"},
	}
}
