package upstream

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"syscall"
)

// errClosed says that a body was closed before.
var errClosed = errors.New("read of a closed body")

// Read returns what has come, and waits only for the first byte of it.
func (b *body) Read(p []byte) (int, error) {
	switch {
	case b.err != nil:
		return 0, b.err
	case b.ended:
		return 0, io.EOF
	case b.conn == nil:
		return 0, errClosed
	case len(p) == 0:
		return 0, nil
	}
	n, err := b.read(p)
	if err != nil && !b.ended {
		if ctx := b.ctx.Err(); ctx != nil {
			err = ctx
		}
		b.err = err
		b.drop()
		return n, err
	}
	if b.ended {
		b.release()
		if n == 0 {
			return 0, io.EOF
		}
	}
	return n, nil
}

// Await returns once something of the body has come, or its end, or an error that Read reports then: whoever reads need hold no
// buffer before that.
func (b *body) Await() {
	if b.err == nil && !b.ended && b.conn != nil && len(b.conn.in.held()) == 0 {
		_ = b.conn.in.fill() // it says the same to Read
	}
}

func (b *body) read(p []byte) (int, error) {
	if b.chunked {
		return b.readChunks(p)
	}
	if b.left >= 0 && int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.conn.in.Read(p)
	if b.left < 0 {
		b.ended = err == io.EOF
		return n, err
	}
	b.left -= int64(n)
	b.ended = b.left == 0
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// readChunks reads across chunks as long as what it needs has come.
func (b *body) readChunks(p []byte) (n int, err error) {
	for n < len(p) {
		if b.left == 0 {
			if n > 0 && !b.headHeld() {
				return n, nil
			}
			if err := b.chunk(); err != nil || b.ended {
				return n, err
			}
		}
		if n > 0 && len(b.conn.in.held()) == 0 {
			return n, nil
		}
		m, err := b.conn.in.Read(p[n:min(len(p), n+int(min(b.left, int64(len(p)))))])
		n += m
		if b.left -= int64(m); b.left == 0 && bytes.HasPrefix(b.conn.in.held(), lineEnd) {
			b.conn.in.take(len(lineEnd)) // so that nothing is held while the next chunk is waited for
			b.begun = false
		}
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

var lineEnd = []byte("\r\n")

// headHeld reports whether the next chunk's head has come, with the line end of this one.
func (b *body) headHeld() bool {
	held := b.conn.in.held()
	if b.begun {
		end := bytes.IndexByte(held, '\n')
		if end < 0 {
			return false
		}
		held = held[end+1:]
	}
	end := bytes.IndexByte(held, '\n')
	if end < 0 {
		return false
	}
	return held[0] != '0' || bytes.HasPrefix(held[end+1:], []byte("\r\n")) // the last one with the empty line behind it
}

// maxChunkLine bounds a chunk's head and a trailer's line.
const maxChunkLine = 2 << 10

// chunk reads the head of the next chunk; after the last one, what trails.
func (b *body) chunk() error {
	if b.begun {
		line, err := b.line()
		if err != nil {
			return err
		}
		if len(line) > 0 {
			return fmt.Errorf("%w: a chunk is longer than it says", errMalformed)
		}
	}
	line, err := b.line()
	if err != nil {
		return err
	}
	if end := bytes.IndexByte(line, ';'); end >= 0 {
		line = line[:end]
	}
	line = bytes.TrimRight(line, " \t")
	size, err := strconv.ParseUint(string(line), 16, 63)
	if err != nil || line[0] == '+' {
		return fmt.Errorf("%w: chunk size %.20q", errMalformed, line)
	}
	b.left, b.begun = int64(size), true
	if size > 0 {
		return nil
	}
	for range 64 {
		trailer, err := b.line()
		if err != nil {
			return err
		}
		if len(trailer) == 0 {
			b.ended = true
			return nil
		}
	}
	return fmt.Errorf("%w: trailers without end", errMalformed)
}

// line reads a line without its end.
func (b *body) line() ([]byte, error) {
	line, err := b.conn.in.line()
	switch {
	case err == io.EOF:
		return nil, io.ErrUnexpectedEOF
	case errors.Is(err, errLineTooLong), err == nil && len(line) > maxChunkLine:
		return nil, fmt.Errorf("%w: a chunk's line is longer than %d bytes", errMalformed, maxChunkLine)
	case err != nil:
		return nil, err
	}
	return bytes.TrimSuffix(line[:len(line)-1], []byte("\r")), nil
}

// Close ends the body; what was not read of it costs its connection.
func (b *body) Close() error {
	if b.conn != nil {
		b.drop()
	}
	return nil
}

// drop closes the connection.
func (b *body) drop() {
	b.stop()
	b.conn.close()
	b.conn = nil
}

// release gives the connection back, unless it is at its end or somebody has begun to stop it.
func (b *body) release() {
	c := b.conn
	b.conn = nil
	if !b.stop() || b.last || len(c.in.held()) > 0 {
		c.close()
		return
	}
	c.client.put(c)
}

// isReset reports whether the other side had closed the connection when a request came.
func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, net.ErrClosed)
}
