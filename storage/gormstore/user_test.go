package gormstore

import (
	"database/sql"
	"fmt"
	"reflect"
	"testing"

	"github.com/google/uuid"
)

func TestUserIDIsWhatItsTextSays(t *testing.T) {
	t.Parallel()
	type name string
	const refused = "refused"
	const id = "f47ac10b-58cc-4372-a567-0e02b2c3d479"
	for _, c := range []struct {
		into any // a pointer to the UserID
		text string
		want string // as fmt has it
	}{
		{new(uint), "7", "7"},
		{new(uint8), "255", "255"},
		{new(uint8), "256", refused},
		{new(uint), "-1", refused},
		{new(uint), "", refused},
		{new(*uint), "", "<nil>"},
		{new(int64), "-9223372036854775808", "-9223372036854775808"},
		{new(int64), "9223372036854775808", refused},
		{new(int), "-0", refused},
		{new(int), "1_000", refused},
		{new(string), "Zoë ", "Zoë "},
		{new(string), "", ""},
		{new(string), "a\x00", refused},
		{new(string), "\xff", refused},
		{new(name), "alice", "alice"},
		{new(uuid.UUID), id, id},
		{new(uuid.UUID), "", refused},
		{new(uuid.UUID), "urn:uuid:" + id, refused},
		{new(uuid.NullUUID), id, "{" + id + " true}"},
		{new(uuid.NullUUID), "", "{00000000-0000-0000-0000-000000000000 false}"},
		{new(sql.NullInt64), "7", "{7 true}"},
		{new(sql.NullInt64), "7.0", refused},
		{new(sql.NullInt64), "", "{0 false}"},
		{new(sql.NullString), "alice", "{alice true}"},
		{new(sql.Null[uint32]), "7", "{7 true}"},
	} {
		v := reflect.ValueOf(c.into).Elem()
		err := setID(v, c.text)
		if v.Kind() == reflect.Pointer && !v.IsNil() {
			v = v.Elem()
		}
		got := fmt.Sprint(v.Interface())
		if err != nil {
			got = refused
		}
		if got != c.want {
			t.Errorf("%T from %q: got %s, want %s", c.into, c.text, got, c.want)
		}
	}
}
