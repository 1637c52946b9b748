package flaskdance

import (
	"bytes"
	"compress/zlib"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // that is how Flask signs; an HMAC does not need collisions to be hard
	"encoding/base64"
	"encoding/binary"
	"io"
	"strings"
	"time"
)

// signer signs and opens Flask's session cookies,
//
//	payload "." timestamp "." signature
//
// as itsdangerous does: each in base64url, and a payload that is compressed after a dot.
type signer struct{ keys [][]byte } // the first signs

func newSigner(secret string, fallbacks []string) signer {
	var s signer
	for _, key := range append([]string{secret}, fallbacks...) {
		s.keys = append(s.keys, mac([]byte(key), "cookie-session"))
	}
	return s
}

func mac(key []byte, message string) []byte {
	h := hmac.New(sha1.New, key)
	h.Write([]byte(message))
	return h.Sum(nil)
}

// maxSession is how much a cookie may hold once it is decompressed.
const maxSession = 1 << 20

var encoding = base64.RawURLEncoding.Strict() //nolint:gochecknoglobals // a constant, which Go cannot write as one

// open returns the JSON in value if it was signed by one of the keys, not before lifetime ago and not
// in the future.
func (s signer) open(value string, now time.Time, lifetime time.Duration) (payload string, ok bool) {
	signed, signature, ok := cutLast(value)
	if !ok || !s.verify(signed, signature) {
		return "", false
	}
	text, stamp, ok := cutLast(signed)
	if !ok {
		return "", false
	}
	at, ok := readStamp(stamp)
	if age := now.Unix() - at; !ok || age < 0 || age > int64(lifetime/time.Second) {
		return "", false
	}
	text, compressed := strings.CutPrefix(text, ".")
	data, err := encoding.DecodeString(text)
	if err == nil && compressed {
		data, err = inflate(data)
	}
	return string(data), err == nil
}

func (s signer) verify(signed, signature string) bool {
	for _, key := range s.keys {
		if hmac.Equal([]byte(signature), []byte(encoding.EncodeToString(mac(key, signed)))) {
			return true
		}
	}
	return false
}

// sign returns the cookie that holds payload.
func (s signer) sign(payload string, now time.Time) string {
	text := encoding.EncodeToString([]byte(payload))
	if small := deflate(payload); len(small) < len(payload)-1 {
		text = "." + encoding.EncodeToString(small)
	}
	stamp := bytes.TrimLeft(binary.BigEndian.AppendUint64(nil, uint64(max(0, now.Unix()))), "\x00")
	signed := text + "." + encoding.EncodeToString(stamp)
	return signed + "." + encoding.EncodeToString(mac(s.keys[0], signed))
}

func cutLast(s string) (before, after string, ok bool) {
	i := strings.LastIndexByte(s, '.')
	if i < 0 {
		return "", "", false
	}
	return s[:i], s[i+1:], true
}

func readStamp(text string) (int64, bool) {
	b, err := encoding.DecodeString(text)
	if err != nil || len(b) == 0 || len(b) > 6 { // six bytes last for millions of years
		return 0, false
	}
	return int64(binary.BigEndian.Uint64(append(make([]byte, 8-len(b)), b...))), true //nolint:gosec // of six bytes
}

func inflate(data []byte) ([]byte, error) {
	r, err := zlib.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	all, err := io.ReadAll(io.LimitReader(r, maxSession+1))
	if err == nil && len(all) > maxSession {
		err = io.ErrShortBuffer
	}
	return all, err
}

func deflate(payload string) []byte {
	var b bytes.Buffer // which takes it all
	w := zlib.NewWriter(&b)
	_, _ = io.WriteString(w, payload)
	_ = w.Close()
	return b.Bytes()
}
