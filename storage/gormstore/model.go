package gormstore

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"
)

// columns are those of a model that the storage has to do with.
type columns struct {
	provider, owner, account               *schema.Field // the key
	token, record, version, subject, dueAt *schema.Field
	updated                                []*schema.Field // set by GORM to the time of each write
	deleted                                []*schema.Field // mark a row that was deleted softly
	user                                   *schema.Field   // UserID; nil: none, or the model sets it by itself
}

// columnsOf returns those of M, or says what is wrong with it.
func columnsOf[M any](db *gorm.DB) (c columns, err error) {
	path, err := pathToToken[M]()
	if err != nil {
		return c, err
	}
	stmt := &gorm.Statement{DB: db}
	if err := stmt.Parse(new(M)); err != nil {
		return c, err
	}
	for _, want := range []struct {
		field *(*schema.Field)
		name  string
	}{
		{&c.provider, "Provider"},
		{&c.owner, "Owner"},
		{&c.account, "Account"},
		{&c.token, "Token"},
		{&c.record, "Record"},
		{&c.version, "Version"},
		{&c.subject, "Subject"},
		{&c.dueAt, "DueAt"},
	} {
		name := path + "." + want.name
		f := find(stmt.Schema, name)
		if f == nil {
			return c, fmt.Errorf("%s has no column", name)
		}
		if other := stmt.Schema.FieldsByDBName[f.DBName]; other != f {
			return c, fmt.Errorf("column %s is that of two fields, %s and %s", f.DBName, name, other.BindName())
		}
		*want.field = f
	}
	for _, f := range stmt.Schema.Fields {
		if f.DBName == "" {
			continue
		}
		if f.AutoUpdateTime > 0 {
			c.updated = append(c.updated, f)
		}
		if _, ok := reflect.New(f.IndirectFieldType).Interface().(schema.DeleteClausesInterface); ok {
			c.deleted = append(c.deleted, f)
		}
	}
	c.user, err = userField[M](stmt.Schema)
	return c, err
}

// pathToToken returns the names of the fields, joined by dots, by which M embeds a Token.
func pathToToken[M any]() (string, error) {
	t := reflect.TypeFor[M]()
	if t.Kind() != reflect.Struct {
		return "", errors.New("it is no struct")
	}
	if h, ok := any(new(M)).(holder); !ok || t == reflect.TypeFor[Token]() {
		return "", errors.New("it does not embed gormstore.Token, once")
	} else if h.part() == nil {
		return "", errors.New("it embeds a pointer to gormstore.Token: want it by value")
	}
	for _, f := range reflect.VisibleFields(t) {
		if f.Type != reflect.TypeFor[Token]() || !f.Anonymous {
			continue
		}
		var path []string
		for i := range f.Index {
			path = append(path, t.FieldByIndex(f.Index[:i+1]).Name)
		}
		return strings.Join(path, "."), nil
	}
	return "", errors.New("it hides its gormstore.Token behind another field")
}

// find returns the field with a column that is at path.
func find(s *schema.Schema, path string) *schema.Field {
	for _, f := range s.Fields {
		if f.DBName != "" && f.BindName() == path {
			return f
		}
	}
	return nil
}

// written are the columns that each write sets.
func (c columns) written() []*schema.Field {
	return append([]*schema.Field{c.token, c.record, c.version, c.subject, c.dueAt}, c.updated...)
}

// softly reports whether rows are deleted in GORM's own way: NULL in the one column where they are not.
func (c columns) softly() bool {
	return len(c.deleted) == 1 && c.deleted[0].FieldType == reflect.TypeFor[gorm.DeletedAt]() &&
		c.deleted[0].TagSettings["ZEROVALUE"] == ""
}
