package waltz

import (
	"errors"
	"strings"
)

// hide returns err without secret in its text: net/http quotes what an API sent that is no HTTP, and that
// may be what it was sent.
func hide(err error, secret string) error {
	if err == nil || secret == "" || !strings.Contains(err.Error(), secret) {
		return err
	}
	return &hidden{strings.ReplaceAll(err.Error(), secret, "…"), func() error { return err }}
}

// hidden answers for an error without handing it to those who print a chain, or every field.
type hidden struct {
	text   string
	behind func() error
}

func (e *hidden) Error() string        { return e.text }
func (e *hidden) Is(target error) bool { return errors.Is(e.behind(), target) }
func (e *hidden) As(target any) bool   { return errors.As(e.behind(), target) }
