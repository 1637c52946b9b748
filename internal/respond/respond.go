// Package respond knows when a response begins.
package respond

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
)

// Writer is a response that calls before, once, just before its first byte: at the header of a
// final status, Write, Flush or Hijack, or when Finish says that the handler wrote nothing. Other
// capabilities of the response are found through Unwrap, by [http.ResponseController].
type Writer struct {
	next   http.ResponseWriter
	before func(http.Header)

	once  sync.Once
	begun atomic.Bool
}

var (
	_ http.Flusher    = (*Writer)(nil)
	_ http.Hijacker   = (*Writer)(nil)
	_ io.ReaderFrom   = (*Writer)(nil)
	_ io.StringWriter = (*Writer)(nil)
)

// New returns w as a Writer that is to call before with w's header, in the goroutine that begins the
// response. A before that is nil is not called.
func New(w http.ResponseWriter, before func(http.Header)) *Writer {
	return &Writer{next: w, before: before}
}

// Begun reports whether the first byte, or a Hijack, has happened or is about to.
func (w *Writer) Begun() bool { return w.begun.Load() }

// Finish is called when the handler has returned or panicked: before is called if it was not.
func (w *Writer) Finish() { w.begin() }

// begin reports whether it was this call that began the response.
func (w *Writer) begin() (first bool) {
	w.once.Do(func() {
		first = true
		w.begun.Store(true)
		if w.before != nil {
			w.before(w.next.Header())
		}
	})
	return first
}

// Header implements [http.ResponseWriter].
func (w *Writer) Header() http.Header { return w.next.Header() }

// WriteHeader implements [http.ResponseWriter].
func (w *Writer) WriteHeader(status int) {
	informational := status >= 100 && status < 200 && status != http.StatusSwitchingProtocols
	if !informational { // RFC 9110 section 15.2: the response is yet to come
		w.begin()
	}
	w.next.WriteHeader(status)
}

// Write implements [http.ResponseWriter].
func (w *Writer) Write(p []byte) (int, error) {
	w.begin()
	return w.next.Write(p)
}

// WriteString implements [io.StringWriter], which saves a copy of s.
func (w *Writer) WriteString(s string) (int, error) {
	w.begin()
	return io.WriteString(w.next, s)
}

// ReadFrom implements [io.ReaderFrom], by which a file is sent without passing through the process.
func (w *Writer) ReadFrom(r io.Reader) (int64, error) {
	w.begin()
	return io.Copy(w.next, r)
}

// Flush implements [http.Flusher].
func (w *Writer) Flush() { _ = w.FlushError() }

// FlushError is what [http.ResponseController.Flush] calls. A header that is sent by a flush has
// status 200, which is said here for those below who wait for a status.
func (w *Writer) FlushError() error {
	if flushes(w.next) && w.begin() {
		w.next.WriteHeader(http.StatusOK)
	}
	return http.NewResponseController(w.next).Flush()
}

// flushes reports whether a flush of w does anything, as [http.ResponseController] has it.
func flushes(w http.ResponseWriter) bool {
	switch w := w.(type) {
	case http.Flusher, interface{ FlushError() error }:
		return true
	case interface{ Unwrap() http.ResponseWriter }:
		return flushes(w.Unwrap())
	default:
		return false
	}
}

// Hijack implements [http.Hijacker]. Nobody sends the header of a hijacked response but the
// handler, which finds it in Header.
func (w *Writer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(w.next).Hijack()
	if err == nil {
		w.begin()
	}
	return conn, rw, err
}

// Unwrap is for [http.ResponseController].
func (w *Writer) Unwrap() http.ResponseWriter { return w.next }
