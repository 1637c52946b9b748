package gormstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"gorm.io/gorm/schema"

	"github.com/waltz-oauth/waltz/token"
)

// KeySetter is a model that fills in by itself what belongs to a key, such as a foreign key that is not
// called UserID, or is of two columns. SetKey is called on a new model before [Storage.Set] stores it; with
// it, UserID is left alone. An error is reported as [token.ErrKey].
type KeySetter interface {
	SetKey(key token.Key) error
}

// userField returns UserID, which may be an integer, a string, a type that scans text and has a value, such as
// a UUID or a sql.Null, or a pointer to one of these.
func userField[M any](s *schema.Schema) (*schema.Field, error) {
	if _, ok := any(new(M)).(KeySetter); ok {
		return nil, nil //nolint:nilnil // none is no error
	}
	f := s.FieldsByName["UserID"]
	if f == nil || f.DBName == "" {
		return nil, nil //nolint:nilnil // none is no error
	}
	v := reflect.New(f.IndirectFieldType)
	_, scans := v.Interface().(sql.Scanner)
	_, valued := v.Interface().(driver.Valuer)
	if scans && valued || v.Elem().CanInt() || v.Elem().CanUint() || v.Elem().Kind() == reflect.String {
		return f, nil
	}
	return nil, fmt.Errorf("UserID is a %v: want an integer, a string or a type that scans text, or the method SetKey", f.FieldType)
}

// setUser fills in what says whose row m is.
func (s *Storage[M]) setUser(ctx context.Context, m *M, key token.Key) error {
	var err error
	if k, ok := any(m).(KeySetter); ok {
		err = k.SetKey(key)
	} else if s.columns.user != nil {
		err = setID(s.columns.user.ReflectValueOf(ctx, reflect.ValueOf(m)), key.User)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", token.ErrKey, err)
	}
	return nil
}

// setID sets v to what text says, or for "" to what is stored as NULL. It must read as it is spelled: 7
// and 007 are two users to a key, and would be one here.
func setID(v reflect.Value, text string) error {
	if v.Kind() == reflect.Pointer {
		if text == "" {
			return nil
		}
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	scanner, scans := v.Addr().Interface().(sql.Scanner)
	var err error
	switch {
	case text == "" && (v.Kind() == reflect.String || isNull(v)):
		return nil
	case text == "":
		return fmt.Errorf("it names no user, and UserID is a %v, which is never NULL", v.Type())
	case scans:
		err = scanner.Scan(text)
	case v.CanInt():
		var n int64
		n, err = strconv.ParseInt(text, 10, v.Type().Bits())
		v.SetInt(n)
	case v.CanUint():
		var n uint64
		n, err = strconv.ParseUint(text, 10, v.Type().Bits())
		v.SetUint(n)
	case !utf8.ValidString(text) || strings.ContainsRune(text, 0):
		return errors.New("its user is no text, which UserID is") // and PostgreSQL would say so
	default:
		v.SetString(text)
	}
	if err != nil || spelled(v) != text {
		return fmt.Errorf("its user is no %v", v.Type())
	}
	return nil
}

func isNull(v reflect.Value) bool {
	if valuer, ok := v.Interface().(driver.Valuer); ok {
		value, err := valuer.Value()
		return value == nil && err == nil
	}
	return false
}

// spelled returns an id as text.
func spelled(v reflect.Value) string {
	if s, ok := v.Interface().(fmt.Stringer); ok {
		return s.String()
	}
	if valuer, ok := v.Interface().(driver.Valuer); ok {
		value, err := valuer.Value()
		if err != nil {
			return ""
		}
		return fmt.Sprint(value)
	}
	return fmt.Sprint(v.Interface())
}
