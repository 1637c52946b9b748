package natsstore

import (
	"crypto/rand"
	"errors"

	"github.com/nats-io/nats.go"

	"github.com/waltz-oauth/waltz/token"
)

// ErrDamaged says that what is at a key is not what this package wrote. It stays as it is until the key
// is set or deleted.
var ErrDamaged = errors.New("entry is damaged")

// A record is a message: its body is the token, as the provider's JSON, and its headers have the rest,
// so that a list need not read tokens.
const (
	recordHeader  = "Waltz-Record"  // JSON
	versionHeader = "Waltz-Version" // a text that never comes again

	// What NATS writes into the headers of a message that stands for a key that was deleted.
	deletedHeader = "KV-Operation"
	expiredHeader = "Nats-Marker-Reason"
	deleted       = "DEL"
)

// message returns what stores r at subject.
func message(subject string, r token.Record) (*nats.Msg, token.Version, error) {
	m := nats.NewMsg(subject)
	if r.Token != nil {
		var err error
		if m.Data, err = r.Token.MarshalJSON(); err != nil {
			return nil, "", err
		}
	}
	r.Token = nil
	record, err := r.AppendJSON(nil)
	if err != nil {
		return nil, "", err
	}
	version := rand.Text()
	m.Header[recordHeader] = []string{string(record)}
	m.Header[versionHeader] = []string{version}
	return m, token.Version(version), nil
}

// gone reports whether a message with header h says that its key was deleted.
func gone(h nats.Header) bool { return h.Get(deletedHeader) != "" || h.Get(expiredHeader) != "" }

// decode returns the record of a message.
func decode(h nats.Header, data []byte) (r token.Record, err error) {
	version, record := h.Get(versionHeader), h.Get(recordHeader)
	if version == "" || r.UnmarshalJSON([]byte(record)) != nil {
		return token.Record{}, ErrDamaged
	}
	if len(data) > 0 {
		r.Token = new(token.Token)
		if r.Token.UnmarshalJSON(data) != nil {
			return token.Record{}, ErrDamaged
		}
	}
	r.Version = token.Version(version)
	return r, nil
}
