//go:build linux

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"
)

// request is what clients send, whole.
func request(body []byte) []byte {
	return fmt.Appendf(nil, "POST /v1/chat/completions HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nUser-Agent: bench\r\nContent-Length: %d\r\n\r\n%s",
		key, len(body), body)
}

func dial(address string) (net.Conn, error) {
	return net.DialTimeout("tcp", address, 5*time.Second)
}

// A client is one connection that is used again. It reads HTTP with its own few lines, so that the load costs little.
type client struct {
	conn net.Conn
	in   *bufio.Reader
}

func connect(address string) (*client, error) {
	c, err := dial(address)
	if err != nil {
		return nil, err
	}
	return &client{c, bufio.NewReaderSize(c, 16<<10)}, nil
}

func (c *client) close() { _ = c.conn.Close() } // nothing of it is wanted any more

// patience bounds one exchange: a front that hangs is an error, not a pause.
const patience = 30 * time.Second

// ask sends a request and reads its answer to the end. It checks that the answer's body has the size that is wanted, and
// returns when its first byte came.
func (c *client) ask(raw []byte, want int) (first time.Time, err error) {
	if err := c.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return first, err
	}
	if _, err := c.conn.Write(raw); err != nil {
		return first, err
	}
	length, chunked, err := c.header()
	if err != nil {
		return first, err
	}
	n := length
	if chunked {
		n, first, err = c.chunks()
	} else {
		first = time.Now()
		_, err = c.in.Discard(length)
	}
	if err == nil && n != want {
		err = fmt.Errorf("an answer of %d bytes, want %d", n, want)
	}
	return first, err
}

var (
	contentLength = []byte("content-length")
	transfer      = []byte("transfer-encoding")
)

func (c *client) header() (length int, chunked bool, err error) {
	status, err := c.in.ReadSlice('\n')
	if err != nil {
		return 0, false, err
	}
	if !bytes.HasPrefix(status, []byte("HTTP/1.1 200 ")) {
		return 0, false, fmt.Errorf("answered %q", status)
	}
	length = -1
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return 0, false, err
		}
		if len(line) <= 2 {
			break
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		switch {
		case len(name) == len(contentLength) && bytes.EqualFold(name, contentLength):
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return 0, false, err
			}
		case len(name) == len(transfer) && bytes.EqualFold(name, transfer):
			chunked = true
		}
	}
	if length < 0 && !chunked {
		return 0, false, fmt.Errorf("an answer without a length")
	}
	return length, chunked, nil
}

// chunks reads a chunked body and returns its size.
func (c *client) chunks() (total int, first time.Time, err error) {
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return total, first, err
		}
		if total == 0 {
			first = time.Now()
		}
		size, err := strconv.ParseUint(string(bytes.TrimSpace(line)), 16, 31)
		if err != nil {
			return total, first, fmt.Errorf("chunk size %q", line)
		}
		if _, err := c.in.Discard(int(size) + 2); err != nil {
			return total, first, err
		}
		if size == 0 {
			return total, first, nil
		}
		total += int(size)
	}
}

// clients are connections to one address that nobody uses just now.
type clients struct {
	address string
	mu      sync.Mutex
	idle    []*client
}

func (p *clients) take() (*client, error) {
	p.mu.Lock()
	if n := len(p.idle); n > 0 {
		c := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		return c, nil
	}
	p.mu.Unlock()
	return connect(p.address)
}

func (p *clients) give(c *client) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = append(p.idle, c)
}

func (p *clients) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.idle {
		c.close()
	}
	p.idle = nil
}
