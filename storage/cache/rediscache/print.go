package rediscache

import (
	"fmt"
	"io"
)

// Format writes what c is, whatever the verb: fmt would go through what c holds, and show how it connects.
func (c *Cache) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "rediscache") }
