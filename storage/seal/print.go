package seal

import (
	"fmt"
	"io"
)

// Format writes what s is, whatever the verb: fmt would go through what s holds, and show keys.
func (s *Storage) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "seal") }

func (fixed) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "keys") }

func (local) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "key") }
