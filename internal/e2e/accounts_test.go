package e2e

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// accounts is the example storage, with access tokens that live as long as a test wants.
type accounts struct {
	*storage.Storage

	mu   sync.Mutex
	life time.Duration
	ends map[string]time.Time // by the access token's id
}

var _ op.Storage = (*accounts)(nil)

// live sets how long the access tokens live that are issued from now on.
func (a *accounts) live(d time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.life = d
}

func (a *accounts) CreateAccessAndRefreshTokens(ctx context.Context, r op.TokenRequest, current string) (id, refresh string, end time.Time, err error) {
	id, refresh, _, err = a.Storage.CreateAccessAndRefreshTokens(ctx, r, current)
	if err != nil {
		return "", "", time.Time{}, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	end = time.Now().Add(a.life)
	a.ends[id] = end
	return id, refresh, end, nil
}

func (a *accounts) SetUserinfoFromToken(ctx context.Context, info *oidc.UserInfo, id, subject, origin string) error {
	a.mu.Lock()
	end := a.ends[id]
	a.mu.Unlock()
	if time.Now().After(end) {
		return errors.New("token is expired")
	}
	return a.Storage.SetUserinfoFromToken(ctx, info, id, subject, origin)
}
