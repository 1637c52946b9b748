// Package oauth1 has the client of OAuth 1 dance with oauthlib's server.
package oauth1
