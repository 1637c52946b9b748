package provider

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"sync"

	"github.com/dghubble/oauth1"
)

// signer is what signs in the provider's way. Its errors have nothing of the secret in them.
func (c *Client) signer() (oauth1.Signer, error) {
	switch c.Provider.Signature {
	case HMACSHA1:
		return &oauth1.HMACSigner{ConsumerSecret: c.Secret}, nil
	case HMACSHA256:
		return &oauth1.HMAC256Signer{ConsumerSecret: c.Secret}, nil
	case RSASHA1:
		key, err := c.key.of(c.Secret)
		return &oauth1.RSASigner{PrivateKey: key}, err
	case Plaintext:
		return plaintext(c.Secret), nil
	default:
		return nil, errors.New("the provider's Signature is none")
	}
}

// plaintext is a client's secret that is sent as it is.
type plaintext string

func (plaintext) Name() string { return Plaintext.String() }

func (secret plaintext) Sign(tokenSecret, _ string) (string, error) {
	return oauth1.PercentEncode(string(secret)) + "&" + oauth1.PercentEncode(tokenSecret), nil
}

// CheckSecret returns an error if Secret is not what the provider's requests can be signed with: the private key
// of SecretJWT, or where
// that is by RSASHA1, a private key, PKCS #1 or PKCS #8 in PEM. The error has nothing of it.
func (c *Client) CheckSecret() error {
	if c.Provider.ClientAuth == SecretJWT && !c.Provider.OAuth1() && c.Secret != "" {
		_, err := signingKey(c.Secret)
		return err
	}
	if !c.Provider.OAuth1() {
		return nil
	}
	_, err := c.signer()
	return err
}

// privateKey is one that was read.
type privateKey struct {
	once sync.Once
	key  *rsa.PrivateKey
	err  error
}

func (k *privateKey) of(secret string) (*rsa.PrivateKey, error) {
	k.once.Do(func() { k.key, k.err = readKey(secret) })
	return k.key, k.err
}

func readKey(secret string) (*rsa.PrivateKey, error) {
	no := errors.New("the client's secret is no private RSA key in PEM, which this provider's requests are signed with")
	block, _ := pem.Decode([]byte(secret))
	if block == nil {
		return nil, no
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if rsaKey, ok := key.(*rsa.PrivateKey); ok && err == nil {
		return rsaKey, nil
	}
	return nil, no
}
