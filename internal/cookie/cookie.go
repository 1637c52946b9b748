// Package cookie seals values into cookies and opens them again.
package cookie

// Codec seals and opens with keys derived from secrets, newest first.
type Codec struct{}

// New derives the keys. purpose separates keys of different uses of one secret.
func New(purpose string, secrets []string) (*Codec, error) { panic("stub") }

// Seal returns value, encrypted and bound to name, as text that a cookie can hold.
func (c *Codec) Seal(name string, value []byte) (string, error) { panic("stub") }

// Open returns what Seal was given, or false for whatever Seal did not make under this name with one of the secrets.
func (c *Codec) Open(name, text string) ([]byte, bool) { panic("stub") }
