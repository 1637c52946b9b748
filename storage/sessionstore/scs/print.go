package scs

import (
	"fmt"
	"io"
)

// Format writes what s is, whatever the verb: fmt would go through what s holds, and show the sessions.
func (s *Storage) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "scs") }
