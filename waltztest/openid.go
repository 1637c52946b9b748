package waltztest

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"time"
)

// metadata describes the server (OpenID Connect Discovery 1.0 section 3, RFC 8414 section 2).
func (s *Server) metadata(w http.ResponseWriter, _ *http.Request) {
	auth := []string{"client_secret_basic", "client_secret_post"}
	if one := s.settings().ClientAuth; one != "" {
		auth = []string{one}
	}
	if s.config.Public {
		auth = []string{"none"}
	}
	scopes := s.config.Scopes
	if len(scopes) == 0 {
		scopes = []string{"openid", "profile", "email"}
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"issuer":                                         s.URL,
		"authorization_endpoint":                         s.URL + "/authorize",
		"token_endpoint":                                 s.URL + "/token",
		"userinfo_endpoint":                              s.URL + "/userinfo",
		"revocation_endpoint":                            s.URL + "/revoke",
		"pushed_authorization_request_endpoint":          s.URL + "/push", // RFC 9126 section 5
		"require_pushed_authorization_requests":          s.settings().PushOnly,
		"device_authorization_endpoint":                  s.URL + "/device", // RFC 8628 section 4
		"jwks_uri":                                       s.URL + "/jwks",
		"scopes_supported":                               scopes,
		"response_types_supported":                       []string{"code"},
		"response_modes_supported":                       []string{"query"},
		"grant_types_supported":                          []string{"authorization_code", "refresh_token", "client_credentials", "urn:ietf:params:oauth:grant-type:device_code"},
		"subject_types_supported":                        []string{"public"},
		"id_token_signing_alg_values_supported":          []string{"RS256"},
		"token_endpoint_auth_methods_supported":          auth,
		"code_challenge_methods_supported":               []string{"S256"},
		"authorization_response_iss_parameter_supported": true, // RFC 9207 section 3
	})
}

// userInfo answers with the claims of the person (OpenID Connect Core 1.0 section 5.3).
func (s *Server) userInfo(w http.ResponseWriter, _ *http.Request, p Person) {
	writeJSON(w, http.StatusOK, claims(p))
}

func claims(p Person) map[string]any {
	return map[string]any{"sub": p.Subject, "name": p.Name, "email": p.Email, "email_verified": true}
}

// idToken is a signed ID token (OpenID Connect Core 1.0 section 2). One from a refresh has no nonce
// (section 12.2).
func (s *Server) idToken(i issued, b Behaviour) (string, error) {
	now := time.Now().Add(b.Skew)
	c := claims(i.grant.person)
	c["iss"] = s.URL
	c["aud"] = s.ClientID
	c["iat"] = now.Unix()
	c["exp"] = now.Add(b.accessLifetime()).Unix()
	if i.first && i.grant.nonce != "" {
		c["nonce"] = i.grant.nonce
	}
	overlay(c, b.Claims)
	return s.sign(c)
}

func (s *Server) sign(c map[string]any) (string, error) {
	key, err := s.signing()
	if err != nil {
		return "", fmt.Errorf("waltztest: %w", err)
	}
	return signed(key, c)
}

// signed returns c as a JSON Web Signature with RS256 (RFC 7515 section 3.1, RFC 7518 section 3.3).
func signed(key *rsa.PrivateKey, c map[string]any) (string, error) {
	payload, err := json.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("waltztest: Behaviour.Claims: %w", err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	text := encode([]byte(`{"alg":"RS256","kid":"1","typ":"JWT"}`)) + "." + encode(payload)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		return "", fmt.Errorf("waltztest: %w", err)
	}
	return text + "." + encode(signature), nil
}

// jwks answers with the key that checks the ID tokens (RFC 7517 section 5, RFC 7518 section 6.3.1).
func (s *Server) jwks(w http.ResponseWriter, _ *http.Request) {
	key, err := s.signing()
	if err != nil {
		http.Error(w, "no key could be made", http.StatusInternalServerError)
		return
	}
	writeJSON(w, http.StatusOK, keySet(key))
}

func keySet(key *rsa.PrivateKey) map[string]any {
	encode := base64.RawURLEncoding.EncodeToString
	return map[string]any{"keys": []map[string]string{{
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "1",
		"n": encode(key.N.Bytes()),
		"e": encode(big.NewInt(int64(key.E)).Bytes()),
	}}}
}
