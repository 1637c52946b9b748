package waltz

import (
	"context"
	"errors"
	"fmt"

	"github.com/waltz-oauth/waltz/provider"
)

// LogoutURL is where ctx's user's browser goes to be logged out at the provider too, by which other
// applications may lose the session (OpenID Connect RP-Initiated Logout 1.0 section 2). The provider sends
// the person to back, a path on this site, whose whole address (Config.BaseURL and the path) is registered
// there; "" leaves them at the provider. state, if it is not empty, comes back with them as a parameter.
//
// It changes nothing here. It names the session by the ID token that is stored, so it is asked before
// [Consumer.Disconnect] deletes that; where none is stored the provider asks the person. It fails with
// an error that matches [errors.ErrUnsupported] where the provider has no such address, and with
// ErrBaseURL where back is given and Config.BaseURL is not.
func (c *Consumer) LogoutURL(ctx context.Context, back, state string) (string, error) {
	l := provider.Logout{State: state}
	if back != "" {
		path, ok := localPath(back)
		if !ok {
			return "", fmt.Errorf("waltz: log out: %q must be a path on this site", back)
		}
		if c.app.base == nil {
			return "", fmt.Errorf("waltz: log out: %w", ErrBaseURL)
		}
		l.Back = c.app.base.String() + path
	}
	r, err := c.Record(ctx)
	if err != nil && !errors.Is(err, ErrNoToken) && !errors.Is(err, ErrNoUser) {
		return "", err
	}
	l.Token = r.Token
	return c.client.LogoutURL(ctx, l)
}
