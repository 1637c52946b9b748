package waltztest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"strings"
	"time"
)

// newKey makes a key that client secrets are signed with, as PEM (RFC 5958).
func newKey() (string, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), err
}

// signedSecret reports whether secret is a JWT that the client's key has signed (RFC 7518 section 3.4),
// and says what it has to.
func (i *Impersonation) signedSecret(secret string) bool {
	parts := strings.Split(secret, ".")
	block, _ := pem.Decode([]byte(i.ClientSecret))
	if len(parts) != 3 || block == nil {
		return false
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	key, ok := parsed.(*ecdsa.PrivateKey)
	signature, errSignature := base64.RawURLEncoding.DecodeString(parts[2])
	const half = 32
	if err != nil || !ok || errSignature != nil || len(signature) != 2*half {
		return false
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if !ecdsa.Verify(&key.PublicKey, sum[:], new(big.Int).SetBytes(signature[:half]), new(big.Int).SetBytes(signature[half:])) {
		return false
	}
	var said struct {
		Alg, Kid, Iss, Sub string
		Aud                any
		Exp                int64
	}
	for _, part := range parts[:2] {
		if b, err := base64.RawURLEncoding.DecodeString(part); err != nil || json.Unmarshal(b, &said) != nil {
			return false
		}
	}
	aud, _ := said.Aud.(string)
	if all, ok := said.Aud.([]any); ok && len(all) == 1 {
		aud, _ = all[0].(string)
	}
	const half1y = 183 * 24 * time.Hour
	left := time.Until(time.Unix(said.Exp, 0))
	return said.Alg == "ES256" && said.Kid == i.params.KeyID && said.Iss == i.params.Issuer && said.Sub == i.ClientID &&
		aud == i.fill(i.known.Issuer) && left > 0 && left < half1y
}
