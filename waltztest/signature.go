package waltztest

import (
	"crypto"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // RFC 5849 has no other
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"hash"
	"net/http"
	"net/url"
	"sort"
	"strings"
)

// CheckSignature verifies the OAuth 1 signature of r (RFC 5849 section 3.2), which was sent to address,
// and returns the protocol parameters of its Authorization header. The secrets are those that the
// client and the token that r names have; for RSA-SHA1 the client's is its private key in PEM. A body
// that is a form must have been parsed. The error has no secret in it, and neither times nor nonces are
// looked at.
func CheckSignature(r *http.Request, address *url.URL, clientSecret, tokenSecret string) (map[string]string, error) {
	header, err := signatureHeader(r)
	if err != nil {
		return nil, err
	}
	signature := header["oauth_signature"]
	if header["oauth_signature_method"] == "PLAINTEXT" {
		if !hmac.Equal([]byte(signature), []byte(escape(clientSecret)+"&"+escape(tokenSecret))) {
			return nil, errSignature()
		}
		return header, nil
	}
	raw, err := base64.StdEncoding.DecodeString(signature)
	if err != nil {
		return nil, errSignature()
	}
	text := signedText(r, address, header)
	keyed := func(of func() hash.Hash) []byte {
		mac := hmac.New(of, []byte(escape(clientSecret)+"&"+escape(tokenSecret)))
		_, _ = mac.Write([]byte(text))
		return mac.Sum(nil)
	}
	good := false
	switch header["oauth_signature_method"] {
	case "HMAC-SHA1":
		good = hmac.Equal(raw, keyed(sha1.New))
	case "HMAC-SHA256":
		good = hmac.Equal(raw, keyed(sha256.New))
	case "RSA-SHA1":
		key, err := publicKey(clientSecret)
		if err != nil {
			return nil, err
		}
		sum := sha1.Sum([]byte(text)) //nolint:gosec // as above
		good = rsa.VerifyPKCS1v15(key, crypto.SHA1, sum[:], raw) == nil
	}
	if !good {
		return nil, errSignature()
	}
	return header, nil
}

func errSignature() error { return errors.New("waltztest: the signature is wrong") }

// signatureHeader reads the Authorization header (section 3.5.1).
func signatureHeader(r *http.Request) (map[string]string, error) {
	list, ok := strings.CutPrefix(r.Header.Get("Authorization"), "OAuth ")
	if !ok {
		return nil, errors.New("waltztest: the request is not signed")
	}
	all := make(map[string]string)
	for member := range strings.SplitSeq(list, ",") {
		name, quoted, _ := strings.Cut(strings.TrimSpace(member), "=")
		value, err := url.PathUnescape(strings.Trim(quoted, `"`))
		if _, twice := all[name]; err != nil || twice || len(quoted) < 2 {
			return nil, fmt.Errorf("waltztest: the parameter %q of the header is broken, or comes twice", name)
		}
		all[name] = value
	}
	return all, nil
}

// signedText is the signature base string (section 3.4.1).
func signedText(r *http.Request, address *url.URL, header map[string]string) string {
	var lines []string // name and value with a separator that sorts before all that an encoded one has
	add := func(name, value string) { lines = append(lines, escape(name)+" "+escape(value)) }
	for name, value := range header {
		if name != "realm" && name != "oauth_signature" {
			add(name, value)
		}
	}
	for _, form := range []url.Values{address.Query(), r.PostForm} {
		for name, values := range form {
			for _, value := range values {
				add(name, value)
			}
		}
	}
	sort.Strings(lines)
	for i, line := range lines {
		lines[i] = strings.Replace(line, " ", "=", 1)
	}
	host := strings.ToLower(address.Host)
	if port := map[string]string{"http": ":80", "https": ":443"}[address.Scheme]; port != "" {
		host = strings.TrimSuffix(host, port)
	}
	path := address.EscapedPath()
	if path == "" {
		path = "/"
	}
	return r.Method + "&" + escape(address.Scheme+"://"+host+path) + "&" + escape(strings.Join(lines, "&"))
}

// escape is the encoding of section 3.6.
func escape(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// publicKey is the public half of a private key in PEM.
func publicKey(private string) (*rsa.PublicKey, error) {
	no := errors.New("waltztest: ClientSecret is no private RSA key in PEM")
	block, _ := pem.Decode([]byte(private))
	if block == nil {
		return nil, no
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return &key.PublicKey, nil
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if rsaKey, ok := key.(*rsa.PrivateKey); ok && err == nil {
		return &rsaKey.PublicKey, nil
	}
	return nil, no
}
