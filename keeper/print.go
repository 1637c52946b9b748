package keeper

import (
	"fmt"
	"io"
)

// Format writes what k is, whatever the verb: fmt would go through what k holds, and show tokens.
func (k *Keeper) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "keeper") }
