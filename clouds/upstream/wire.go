package upstream

import (
	"bytes"
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
)

// A wire reads from a connection. While it waits and nothing is held, it has no buffer: thousands of streams wait at any
// instant, and few read. Under TLS that cannot be done, since only the connection itself knows what a read would bring; there
// the buffer is small and stays. It is for one goroutine.
type wire struct {
	from net.Conn
	raw  syscall.RawConn    // nil = a read waits with a buffer
	try  func(uintptr) bool // of wire.attempt, made once

	room       []byte // nil = none
	start, end int    // what was read and not taken
	err        error  // what ended the reading, kept until all was taken
}

// A room is what a wire without TLS reads into.
type room [bufSize]byte

var rooms = sync.Pool{New: func() any { return new(room) }}

// securedRoom is what a wire under TLS reads into. A record of it stays with the TLS connection until all was taken, so that a
// small buffer costs no more reads.
const securedRoom = 2 << 10

// errLineTooLong says that a line does not fit the buffer.
var errLineTooLong = errors.New("line longer than the buffer")

// newWire reads from a connection; raw is set where it is the network's own and can say when there is something to read.
func newWire(from net.Conn, raw syscall.RawConn) *wire {
	w := &wire{from: from, raw: raw}
	if raw != nil {
		w.try = w.attempt
	}
	return w
}

// held is what was read and not taken; valid until the next fill or release.
func (w *wire) held() []byte { return w.room[w.start:w.end] }

// take removes bytes that are held.
func (w *wire) take(n int) { w.start += n }

// release gives the buffer back if nothing is in it.
func (w *wire) release() {
	if w.room == nil || w.start < w.end || w.raw == nil {
		return
	}
	rooms.Put((*room)(w.room))
	w.room, w.start, w.end = nil, 0, 0
}

// fill waits until there is more than is held; it fails with errLineTooLong where no more fits.
func (w *wire) fill() error {
	if w.err != nil {
		return w.err
	}
	switch {
	case w.start < w.end && w.start > 0:
		w.start, w.end = 0, copy(w.room, w.held())
	case w.start < w.end:
	case w.raw != nil:
		w.release()
		if err := w.raw.Read(w.try); err != nil && w.err == nil {
			w.err = err
		}
		if w.start < w.end {
			return nil
		}
		return w.err
	default:
		w.start, w.end = 0, 0
		if w.room == nil {
			w.room = make([]byte, securedRoom)
		}
	}
	if w.end == len(w.room) {
		return errLineTooLong
	}
	n, err := w.from.Read(w.room[w.end:])
	w.end += n
	if w.err = err; n > 0 {
		return nil
	}
	if err == nil {
		w.err = io.ErrNoProgress
	}
	return w.err
}

// line returns a line with its end, and takes it; valid until the next fill. Beyond the buffer's size it returns a part of the
// line with errLineTooLong; at the connection's end what is left, with io.EOF.
func (w *wire) line() ([]byte, error) {
	for searched := 0; ; {
		held := w.held()
		if i := bytes.IndexByte(held[searched:], '\n'); i >= 0 {
			w.take(searched + i + 1)
			return held[:searched+i+1], nil
		}
		searched = len(held)
		if err := w.fill(); err != nil {
			rest := w.held()
			w.take(len(rest))
			return rest, err
		}
	}
}

// Read gives what is held, or waits for more.
func (w *wire) Read(p []byte) (int, error) {
	if w.start == w.end {
		if w.err == nil && len(p) >= bufSize { // no need for a buffer of its own
			w.release()
			n, err := w.from.Read(p)
			if w.err = err; n > 0 {
				err = nil
			}
			return n, err
		}
		if err := w.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, w.held())
	w.take(n)
	return n, nil
}
