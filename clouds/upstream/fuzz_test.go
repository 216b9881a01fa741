package upstream_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"concord/clouds/upstream"
)

// FuzzAnswer holds what is read to what net/http reads of the same bytes: where both take an answer whole, they agree.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "HTTP/1.0 200 OK\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 429 Too Many\r\nRetry-After: 1\r\n\r\n", "HTTP/1.1 200 OK\nA:b\n\nx",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, answer string) {
		near, far := net.Pipe()
		go func() { // ends with the pipe
			r, err := http.ReadRequest(bufio.NewReader(far))
			if err == nil {
				_, _ = io.Copy(io.Discard, r.Body) // what the client sends is no matter here
				_, _ = io.WriteString(far, answer)
			}
			_ = far.Close()
		}()
		r, err := http.NewRequest(http.MethodPost, "http://cloud/", strings.NewReader("x"))
		if err != nil {
			t.Fatal(err)
		}
		status, body, ok := upstream.Exchange(near, r)
		theirs, err := http.ReadResponse(bufio.NewReader(strings.NewReader(answer)), r)
		for err == nil && theirs.StatusCode < 200 {
			return // net/http leaves interim answers to its transport
		}
		if err != nil || !ok {
			return
		}
		want, err := io.ReadAll(theirs.Body)
		if err == nil && (status != theirs.StatusCode || body != string(want)) {
			t.Errorf("%q: %d %q, net/http has %d %q", answer, status, body, theirs.StatusCode, want)
		}
	})
}
