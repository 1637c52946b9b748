package provider

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// sign makes the client secret that a client shows from then on for five minutes.
func (s SecretClaims) sign(clientID, key string, now time.Time) (string, error) {
	const enough = 5 * time.Minute
	private, err := signingKey(key)
	if err != nil {
		return "", err
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: private, KeyID: s.KeyID}}, nil)
	if err != nil {
		return "", errors.New("the client's key cannot sign")
	}
	return jwt.Signed(signer).Claims(jwt.Claims{
		Issuer: s.Issuer, Subject: clientID, Audience: jwt.Audience{s.Audience},
		IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(enough)),
	}).Serialize()
}

// signingKey reads the key that signs client secrets. Its errors have nothing of it in them.
func signingKey(text string) (*ecdsa.PrivateKey, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, errors.New("the client secret is not the PEM of a private key")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	private, ok := key.(*ecdsa.PrivateKey)
	if err != nil || !ok || private.Curve != elliptic.P256() {
		return nil, errors.New("the client secret is not a private key of P-256 (PKCS #8)")
	}
	return private, nil
}

// hashed is what is shown of the secret where it is never sent.
func hashed(secret string, form map[string]string) string {
	spent := cmp.Or(form["code"], form["refresh_token"], form["token"])
	sum := sha256.Sum256([]byte(secret + "|" + spent))
	return hex.EncodeToString(sum[:])
}
