package upstream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// answer reads the status line and header of an answer, past interim answers.
func (c *conn) answer(r *http.Request) (*http.Response, *body, error) {
	for range 8 {
		resp, b, err := c.header(r)
		if err != nil || resp.StatusCode >= 200 {
			return resp, b, err
		}
		if resp.StatusCode == http.StatusSwitchingProtocols {
			return nil, nil, fmt.Errorf("%w: it upgrades, and nobody asked for it", errMalformed)
		}
	}
	return nil, nil, fmt.Errorf("%w: interim answers without end", errMalformed)
}

// header reads one header. Its text becomes one string that all names and values are parts of.
func (c *conn) header(r *http.Request) (*http.Response, *body, error) {
	text, err := c.block()
	if err != nil {
		return nil, nil, err
	}
	line, rest, _ := strings.Cut(text, "\n")
	line = strings.TrimSuffix(line, "\r")
	proto, status, ok := strings.Cut(line, " ")
	code := status
	if len(status) > 3 {
		code = status[:3]
	}
	number, err := strconv.Atoi(code)
	if !ok || err != nil || len(code) != 3 || number < 100 || len(status) > 3 && status[3] != ' ' || proto != "HTTP/1.1" && proto != "HTTP/1.0" {
		return nil, nil, fmt.Errorf("%w: it begins with %.40q", errMalformed, line)
	}
	lines := strings.Count(rest, "\n")
	resp := &http.Response{
		Status: status, StatusCode: number, Proto: proto, ProtoMajor: 1, ProtoMinor: int(proto[7] - '0'), Header: make(http.Header, lines), Request: r,
	}
	if err := fields(resp.Header, rest, lines); err != nil {
		return nil, nil, err
	}
	b := &body{}
	if err := b.frame(r, resp); err != nil {
		return nil, nil, err
	}
	return resp, b, nil
}

// block reads up to the empty line that ends a header.
func (c *conn) block() (string, error) {
	// What was read is often the whole header already.
	held := c.in.held()
	if n := endOf(held); n > 0 {
		c.in.take(n)
		return string(held[:n]), nil
	}
	var text []byte
	for {
		line, err := c.in.line()
		text = append(text, line...)
		switch {
		case len(text) > maxHeader:
			return "", fmt.Errorf("%w: its header is longer than %d bytes", errMalformed, maxHeader)
		case errors.Is(err, errLineTooLong):
			continue
		case err == io.EOF:
			return "", io.ErrUnexpectedEOF
		case err != nil:
			return "", err
		case endOf(text) == len(text):
			return string(text), nil
		}
	}
}

// endOf returns how long a header is, with the empty line at its end; 0 = it does not end there.
func endOf(b []byte) int {
	crlf, lf := bytes.Index(b, []byte("\n\r\n")), bytes.Index(b, []byte("\n\n"))
	switch {
	case crlf >= 0 && (lf < 0 || crlf < lf):
		return crlf + 3
	case lf >= 0:
		return lf + 2
	}
	return 0
}

// fields reads the lines of a header, so many at most. The lists of values share one array, since most names have one value.
func fields(h http.Header, text string, lines int) error {
	values := make([]string, 0, lines)
	for {
		line, rest, more := strings.Cut(text, "\n")
		line = strings.TrimSuffix(line, "\r")
		if line == "" {
			return nil
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok || !token(name) {
			return fmt.Errorf("%w: header line %.60q", errMalformed, line)
		}
		value = strings.Trim(value, " \t")
		for i := range len(value) {
			if value[i] < ' ' && value[i] != '\t' || value[i] == 0x7f {
				return fmt.Errorf("%w: header %s has a control character", errMalformed, name)
			}
		}
		key := http.CanonicalHeaderKey(name)
		if had, again := h[key]; again {
			h[key] = append(had, value)
		} else {
			values = append(values, value)
			h[key] = values[len(values)-1 : len(values) : len(values)]
		}
		if !more {
			return nil
		}
		text = rest
	}
}

// token reports whether a name may stand in a header.
func token(name string) bool {
	for i := range len(name) {
		if c := name[i]; c <= ' ' || c >= 0x7f || strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) >= 0 {
			return false
		}
	}
	return name != ""
}

// body is an answer's body. It is read by one goroutine.
type body struct {
	conn *conn // nil = given back or closed
	ctx  context.Context
	stop func() bool

	left    int64 // of the body, or of the chunk; -1 = until the connection ends
	chunked bool
	begun   bool // a chunk was read: its line end is due before the next
	ended   bool // all was read
	last    bool // no request may follow on the connection
	err     error
}

// frame says how long the body is.
func (b *body) frame(r *http.Request, resp *http.Response) error {
	b.last = resp.ProtoMinor == 0
	for _, v := range resp.Header["Connection"] {
		if strings.EqualFold(v, "close") {
			b.last = true
		}
	}
	resp.Close = b.last
	encoding, length := resp.Header["Transfer-Encoding"], resp.Header["Content-Length"]
	switch {
	case r.Method == http.MethodHead || resp.StatusCode == http.StatusNoContent || resp.StatusCode == http.StatusNotModified || resp.StatusCode < 200:
		b.ended = true
	case len(encoding) > 0 && resp.ProtoMinor == 0:
		return fmt.Errorf("%w: HTTP/1.0 with a transfer encoding", errMalformed)
	case len(encoding) == 1 && strings.EqualFold(encoding[0], "chunked"):
		b.chunked, b.last = true, b.last || len(length) > 0
		resp.TransferEncoding, resp.ContentLength = encoding, -1
		delete(resp.Header, "Transfer-Encoding")
		delete(resp.Header, "Content-Length")
	case len(encoding) > 0:
		return fmt.Errorf("%w: transfer encoding %.40q", errMalformed, encoding)
	case len(length) > 0:
		for _, l := range length {
			n, err := strconv.ParseInt(l, 10, 64)
			if err != nil || n < 0 || l[0] == '+' || l != length[0] {
				return fmt.Errorf("%w: content length %.40q", errMalformed, length)
			}
			b.left = n
		}
		b.ended = b.left == 0
		resp.ContentLength = b.left
	default:
		b.left, b.last = -1, true
		resp.ContentLength = -1
	}
	return nil
}

func (b *body) done() bool { return b.ended }
