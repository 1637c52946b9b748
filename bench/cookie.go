package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"io"
	"net/http"

	"github.com/alexedwards/scs/v2"
	"github.com/gorilla/sessions"

	"github.com/waltz-oauth/waltz/storage/sessionstore"
	"github.com/waltz-oauth/waltz/token"
)

const cookieLimit = "AES-256-GCM, base64 and one pass of JSON"

func cookieWriteRow() row {
	return row{name: "Session cookie write", limit: cookieLimit, most: 1.3, sides: cookieSides(func(j jar) func() error {
		return func() error { return j.write(response{}) }
	})}
}

func cookieReadRow() row {
	return row{name: "Session cookie read", limit: cookieLimit, most: 1.3, sides: cookieSides(func(j jar) func() error {
		w := response{}
		if err := j.write(w); err != nil {
			return func() error { return err }
		}
		var cookies string
		for _, line := range http.Header(w)["Set-Cookie"] {
			c, err := http.ParseSetCookie(line)
			if err != nil {
				return func() error { return err }
			}
			cookies += "; " + c.Name + "=" + c.Value
		}
		return func() error { return j.read(&http.Request{Header: http.Header{"Cookie": {cookies[2:]}}}) }
	})}
}

// jar keeps the token in a browser's session, or a session's worth of it here.
type jar struct {
	name  string
	write func(w http.ResponseWriter) error
	read  func(r *http.Request) error
}

func cookieSides(use func(jar) func() error) func(context.Context, *stage) ([]side, error) {
	return func(context.Context, *stage) ([]side, error) {
		var all []side
		for _, open := range []func() (jar, error){handJar, waltzJar, gorillaJar, gothicJar, scsJar} {
			j, err := open()
			if err != nil {
				return nil, err
			}
			all = append(all, side{j.name, use(j)})
		}
		return all, nil
	}
}

// response keeps nothing but the header.
type response http.Header

func (r response) Header() http.Header         { return http.Header(r) }
func (r response) Write(b []byte) (int, error) { return len(b), nil }
func (r response) WriteHeader(int)             {}

func handJar() (jar, error) {
	block, err := aes.NewCipher([]byte(fakeSecret[:32]))
	if err != nil {
		return jar{}, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return jar{}, err
	}
	record := token.New(benchToken())
	return jar{
		"by hand",
		func(w http.ResponseWriter) error {
			plain, err := record.AppendJSON(make([]byte, 0, 2048))
			if err != nil {
				return err
			}
			sealed := make([]byte, 12, 12+len(plain)+16)
			_, _ = rand.Read(sealed)
			http.SetCookie(w, &http.Cookie{
				Name: "__Host-name", Value: base64.RawURLEncoding.EncodeToString(aead.Seal(sealed, sealed, plain, []byte("name"))),
				Path: "/", HttpOnly: true, Secure: true, SameSite: http.SameSiteLaxMode,
			})
			return nil
		},
		func(r *http.Request) error {
			c, err := r.Cookie("__Host-name")
			if err != nil {
				return err
			}
			sealed, err := base64.RawURLEncoding.DecodeString(c.Value)
			if err != nil {
				return err
			}
			plain, err := aead.Open(nil, sealed[:12], sealed[12:], []byte("name"))
			if err != nil {
				return err
			}
			return new(token.Record).UnmarshalJSON(plain)
		},
	}, nil
}

func waltzJar() (jar, error) {
	s, err := sessionstore.New(sessionstore.Config{Secrets: []string{fakeSecret}})
	if err != nil {
		return jar{}, err
	}
	record := token.New(benchToken())
	within := func(w http.ResponseWriter, r *http.Request, do func(context.Context) error) (err error) {
		s.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { err = do(r.Context()) })).ServeHTTP(w, r)
		return err
	}
	return jar{
		"waltz",
		func(w http.ResponseWriter) error {
			return within(w, &http.Request{Header: http.Header{}}, func(ctx context.Context) error { return s.Set(ctx, benchKey(), record) })
		},
		func(r *http.Request) error {
			return within(response{}, r, func(ctx context.Context) error {
				_, err := s.Get(ctx, benchKey())
				return err
			})
		},
	}, nil
}

// gorillaJar has the token's JSON in a session of gorilla's, encrypted.
func gorillaJar() (jar, error) {
	return gorilla("gorilla/sessions", func(b []byte) (string, error) { return string(b), nil }, func(s string) ([]byte, error) { return []byte(s), nil })
}

// gothicJar has it compressed, as gothic has.
func gothicJar() (jar, error) {
	return gorilla("gorilla/sessions as gothic", func(b []byte) (string, error) {
		var out bytes.Buffer
		z := gzip.NewWriter(&out)
		_, err := z.Write(b)
		err = errors.Join(err, z.Close())
		return out.String(), err
	}, func(s string) ([]byte, error) {
		z, err := gzip.NewReader(bytes.NewReader([]byte(s)))
		if err != nil {
			return nil, err
		}
		return io.ReadAll(z)
	})
}

func gorilla(name string, pack func([]byte) (string, error), unpack func(string) ([]byte, error)) (jar, error) {
	store := sessions.NewCookieStore([]byte(fakeSecret), []byte(fakeSecret[:32]))
	t := benchToken()
	return jar{
		name,
		func(w http.ResponseWriter) error {
			r := &http.Request{Header: http.Header{}}
			s, err := store.New(r, "name")
			if err != nil {
				return err
			}
			b, err := t.MarshalJSON()
			if err != nil {
				return err
			}
			if s.Values["token"], err = pack(b); err != nil {
				return err
			}
			return s.Save(r, w)
		},
		func(r *http.Request) error {
			s, err := store.New(r, "name")
			if err != nil {
				return err
			}
			text, _ := s.Values["token"].(string)
			b, err := unpack(text)
			if err != nil {
				return err
			}
			return new(token.Token).UnmarshalJSON(b)
		},
	}, nil
}

// scsJar has the token in the server's memory, and its session's id in the cookie.
func scsJar() (jar, error) {
	m := scs.New()
	t := benchToken()
	return jar{
		"alexedwards/scs in memory",
		func(w http.ResponseWriter) error {
			ctx, err := m.Load(context.Background(), "")
			if err != nil {
				return err
			}
			b, err := t.MarshalJSON()
			if err != nil {
				return err
			}
			m.Put(ctx, "token", b)
			id, expiry, err := m.Commit(ctx)
			if err != nil {
				return err
			}
			m.WriteSessionCookie(ctx, w, id, expiry)
			return nil
		},
		func(r *http.Request) error {
			c, err := r.Cookie(m.Cookie.Name)
			if err != nil {
				return err
			}
			ctx, err := m.Load(context.Background(), c.Value)
			if err != nil {
				return err
			}
			return new(token.Token).UnmarshalJSON(m.GetBytes(ctx, "token"))
		},
	}, nil
}
