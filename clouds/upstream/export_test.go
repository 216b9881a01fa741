package upstream

import (
	"io"
	"net"
	"net/http"
)

// Exchange sends one request over a connection and reads its answer whole; false = it could not.
func Exchange(over net.Conn, r *http.Request) (status int, text string, ok bool) {
	c := &conn{client: New(Settings{}), host: &host{}, raw: over, rw: over, in: newWire(over, nil)}
	defer c.close()
	resp, _, err := c.exchange(r.Context(), r)
	if err != nil {
		return 0, "", false
	}
	all, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(all), err == nil
}

// Holds reports whether an answer's body has a buffer just now.
func Holds(of io.Reader) bool {
	b, ok := of.(*body)
	return ok && b.conn != nil && b.conn.in.room != nil
}

// Await waits for more of an answer's body.
func Await(of io.Reader) {
	if b, ok := of.(*body); ok {
		b.Await()
	}
}
