package gormstore

import (
	"errors"
	"fmt"
	"strings"

	"gorm.io/gorm"

	"github.com/waltz-oauth/waltz/token"
)

// dialect is where engines differ and GORM does not know.
type dialect struct {
	clock     string // an expression for the engine's time in microseconds since 1970; "": this host's clock is the engine's
	reach     token.Reach
	oneWriter bool // writers of this process wait here for each other, because the engine would have them poll

	// unindexed is a column in such a form that the engine looks for no index on it.
	unindexed string

	guesses    bool // it may take it that deleted_at leads to few rows, where nearly all have NULL
	spellOut   bool // it finds no place in an index by a comparison of rows
	wantsRange bool // it takes no index for the sake of the order alone
}

func dialectOf(db *gorm.DB) (dialect, error) {
	switch name := db.Name(); name {
	case "sqlite":
		return dialect{reach: token.Host, oneWriter: true, unindexed: "+?", guesses: true}, nil
	case "postgres":
		return dialect{clock: "(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::bigint", reach: token.Network, unindexed: "(? || '')"}, nil
	case "mysql":
		return dialect{clock: "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))", reach: token.Network, unindexed: "COALESCE(?)", guesses: true, spellOut: true, wantsRange: true}, nil
	default:
		return dialect{}, fmt.Errorf("gormstore: engine %q: want sqlite, postgres or mysql", name)
	}
}

// deadlock reports whether a transaction changed nothing because another was in its way. No driver is
// imported to know its errors: that of PostgreSQL tells its SQLSTATE by a method, that of MySQL has its
// number in the text.
func deadlock(err error) bool {
	if state, ok := errors.AsType[interface {
		error
		SQLState() string
	}](err); ok {
		return state.SQLState() == "40001" || state.SQLState() == "40P01"
	}
	return strings.Contains(err.Error(), "Error 1213 ")
}
