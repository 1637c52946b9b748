package provider

import (
	"fmt"
	"io"
)

// Format writes no field whatever the verb, so that no verb shows the code or the verifier.
func (Grant) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "grant") }

// Format writes no field whatever the verb, so that no verb shows the state or the verifier.
func (AuthorizationRequest) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "authorization request")
}
