package cache

import (
	"fmt"
	"io"
)

// Format writes what s is, whatever the verb: fmt would go through what s holds, and show tokens.
func (s *Storage) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "cache") }
