package natsstore_test

import "github.com/waltz-oauth/waltz/token"

func alice() token.Key { return token.Key{Provider: "github", User: "alice"} }
