package filestore_test

import (
	"testing"

	"github.com/waltz-oauth/waltz/storage/filestore"
	"github.com/waltz-oauth/waltz/storage/storagetest"
	"github.com/waltz-oauth/waltz/token"
)

func open(t *testing.T, dir string) *filestore.Storage {
	t.Helper()
	s, err := filestore.New(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestStorageKeepsItsPromises(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T) token.Storage { return open(t, t.TempDir()+"/tokens") })
}
