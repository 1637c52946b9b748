package gormstore

import (
	"fmt"
	"io"
)

// Format writes what s is, whatever the verb: fmt would go through what s holds, and show how it connects.
func (s *Storage[M]) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "gormstore") }
