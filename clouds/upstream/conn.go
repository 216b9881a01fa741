package upstream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// conn is a connection, owned by one request at a time.
type conn struct {
	client    *Client
	host      *host
	raw       net.Conn // under TLS
	rw        net.Conn
	in        *wire
	secure    bool
	idleSince time.Time
	closing   sync.Once
}

func (c *conn) close() { c.closing.Do(func() { _ = c.rw.Close() }) } // nothing of it is wanted any more

// past is a deadline that ends every read and write at once.
var past = time.Unix(1, 0)

// exchange sends a request and reads the header of its answer. unread says that the other side had closed the connection
// before the request came, so that nobody has read it: it may be sent again. A request that was written is never sent
// again here, whatever became of it: it may have been served, and whoever counts attempts must know.
func (c *conn) exchange(ctx context.Context, r *http.Request) (_ *http.Response, unread bool, err error) {
	stop := context.AfterFunc(ctx, func() { _ = c.raw.SetDeadline(past) }) // a connection that cannot be stopped is closed by its user
	fail := func(unread bool, err error) (*http.Response, bool, error) {
		stop()
		c.close()
		return nil, unread, err
	}
	written, err := c.write(r)
	if err != nil {
		return fail(false, err)
	}
	if err := c.in.fill(); err != nil {
		switch {
		case written != nil:
			err = fmt.Errorf("send to %s: %w", r.URL.Host, written)
		case errors.Is(err, io.EOF):
			err = fmt.Errorf("%s closed the connection without an answer: %w", r.URL.Host, io.ErrUnexpectedEOF)
		default:
			err = fmt.Errorf("read from %s: %w", r.URL.Host, err)
		}
		return fail(written != nil && isReset(written), err)
	}
	resp, b, err := c.answer(r)
	if err != nil {
		return fail(false, fmt.Errorf("read from %s: %w", r.URL.Host, err))
	}
	if written != nil {
		b.last = true // the answer came before the request was read whole: nothing can follow on this connection
	}
	closeBody(r)
	b.conn, b.ctx, b.stop = c, ctx, stop
	if b.done() {
		b.release()
	}
	resp.Body = b
	return resp, false, nil
}

// write sends the request in one write. sent is what became of that: an answer may have come all the same. err says that
// there was nothing to send.
func (c *conn) write(r *http.Request) (sent, err error) {
	room := writers.Get().(*[]byte)
	defer func() { writers.Put(room) }()
	b, err := appendHead((*room)[:0], r)
	if err != nil {
		return nil, err
	}
	length := 0
	if r.Body != nil && r.Body != http.NoBody {
		length = int(r.ContentLength)
	}
	head := len(b)
	b = append(b, make([]byte, length)...) // no allocation where the buffer has room
	if length > 0 {
		if _, err := io.ReadFull(r.Body, b[head:]); err != nil {
			return nil, fmt.Errorf("read the request's body: %w", err)
		}
	}
	_, sent = c.rw.Write(b)
	if cap(b) <= 64<<10 {
		*room = b[:0]
	}
	return sent, nil
}

// appendHead writes the request line and header.
func appendHead(b []byte, r *http.Request) ([]byte, error) {
	b = append(b, r.Method...)
	b = append(b, ' ')
	b = append(b, r.URL.RequestURI()...)
	b = append(b, " HTTP/1.1\r\nHost: "...)
	host := r.Host
	if host == "" {
		host = r.URL.Host
	}
	b = append(b, host...)
	b = append(b, "\r\n"...)
	for name, values := range r.Header {
		switch name {
		case "Host", "Content-Length", "Transfer-Encoding", "Connection", "Trailer":
			continue // are this client's to say
		}
		for _, v := range values {
			if strings.ContainsAny(v, "\r\n\x00") || strings.ContainsAny(name, "\r\n\x00: ") || name == "" {
				return nil, fmt.Errorf("header %q has a value that cannot be sent", name)
			}
			b = append(b, name...)
			b = append(b, ": "...)
			b = append(b, v...)
			b = append(b, "\r\n"...)
		}
	}
	if r.Body != nil && r.Body != http.NoBody || r.Method == http.MethodPost || r.Method == http.MethodPut || r.Method == http.MethodPatch {
		b = append(b, "Content-Length: "...)
		b = strconv.AppendInt(b, max(r.ContentLength, 0), 10)
		b = append(b, "\r\n"...)
	}
	return append(b, "\r\n"...), nil
}
