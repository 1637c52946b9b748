package provider

// Google is Google's OpenID Connect provider. A login asks for consent each time, since only that brings
// a refresh token; a program that needs none sets AuthorizationParams to nil.
func Google() Provider {
	return Provider{
		Name: "google", DisplayName: "Google",
		AuthorizationURL:    "https://accounts.google.com/o/oauth2/v2/auth",
		AuthorizationParams: map[string]string{"access_type": "offline", "prompt": "consent"},
		Scopes:              []string{"openid", "email", "profile"},
		DeviceURL:           "https://oauth2.googleapis.com/device/code",
		TokenURL:            "https://oauth2.googleapis.com/token",
		APIBase:             "https://www.googleapis.com/",
		APIHosts:            []string{"openidconnect.googleapis.com"},
		Userinfo:            Userinfo{URL: "https://openidconnect.googleapis.com/v1/userinfo"},
		Revocation:          Revocation{URL: "https://oauth2.googleapis.com/revoke", Anonymous: true},
		Issuer:              "https://accounts.google.com",
	}
}
