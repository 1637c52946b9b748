package natsbus

import (
	"fmt"
	"io"
)

// Format writes what b is, whatever the verb: fmt would go through what b holds, and show how it connects.
func (b *Bus) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "natsbus") }
