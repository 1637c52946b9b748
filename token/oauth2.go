package token

import (
	"encoding/json"
	"strings"

	"golang.org/x/oauth2"
)

// OAuth2 returns t as golang.org/x/oauth2 has it. Every member of the answer is an extra there, as
// [json.Unmarshal] gives it, save that a number which a float64 cannot hold is a [json.Number].
func (t *Token) OAuth2() *oauth2.Token {
	o := &oauth2.Token{
		AccessToken:  t.AccessToken,
		TokenType:    t.TokenType,
		RefreshToken: t.RefreshToken,
		Expiry:       t.Expiry,
	}
	extras := make(map[string]any)
	all, err := t.members()
	if err != nil {
		return o
	}
	for _, m := range all {
		d := json.NewDecoder(strings.NewReader(m.value))
		d.UseNumber()
		var v any
		if d.Decode(&v) == nil {
			extras[m.name] = numbers(v)
		}
	}
	return o.WithExtra(extras)
}

// numbers turns each json.Number in v into a float64 where that loses no digit.
func numbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		if f, err := v.Float64(); err == nil && digits(v.String()) <= floatDigits {
			return f
		}
		return v
	case []any:
		for i := range v {
			v[i] = numbers(v[i])
		}
	case map[string]any:
		for name, member := range v {
			v[name] = numbers(member)
		}
	}
	return v
}

// floatDigits is how many decimal digits a float64 gives back whatever they are.
const floatDigits = 15

// digits counts the significant digits of a JSON number.
func digits(number string) int {
	mantissa, _, _ := strings.Cut(strings.ToLower(number), "e")
	return len(strings.Trim(strings.NewReplacer("-", "", ".", "").Replace(mantissa), "0"))
}

// FromOAuth2 returns t as a Token, with those of t's extras that are named. An [oauth2.Token]
// cannot list its extras, so id_token and scope, say, must be asked for.
func FromOAuth2(t *oauth2.Token, extras ...string) (*Token, error) {
	token := &Token{
		AccessToken:  t.AccessToken,
		TokenType:    t.TokenType,
		RefreshToken: t.RefreshToken,
		Expiry:       t.Expiry.UTC().Round(0),
	}
	var err error
	for _, name := range extras {
		v := t.Extra(name)
		if v == nil {
			continue
		}
		if token, err = token.With(name, v); err != nil {
			return nil, err
		}
	}
	return token, nil
}
