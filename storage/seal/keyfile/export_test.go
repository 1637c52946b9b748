package keyfile

import (
	"context"

	"github.com/tink-crypto/tink-go/v2/keyset"
)

// Write replaces the keys of a file.
func (f *File) Write(ctx context.Context, h *keyset.Handle) error {
	return f.replace(func() ([]byte, error) { return f.wrap.encode(ctx, h) })
}
