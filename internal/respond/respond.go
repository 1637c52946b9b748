// Package respond knows when a response begins.
package respond

import "net/http"

// Writer is a response that calls before, once, just before its first byte.
type Writer struct{ http.ResponseWriter }

// New …
func New(w http.ResponseWriter, before func(http.Header)) *Writer { panic("stub") }

// Begun reports whether the first byte, or a Hijack, has happened.
func (w *Writer) Begun() bool { panic("stub") }

// Finish is called when the handler has returned: before is called if it was not.
func (w *Writer) Finish() { panic("stub") }
