package upstream_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"concord/clouds/upstream"
)

// pieces is a server of one connection after another that answers with the pieces that it is given, each in a write of its own.
func pieces(t *testing.T, answers <-chan []string) (address string) {
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() { // ends with the listener
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { // ends with the connection
				defer c.Close()
				request := make([]byte, 4<<10)
				for {
					if _, err := c.Read(request); err != nil {
						return
					}
					for _, p := range <-answers {
						if _, err := io.WriteString(c, p); err != nil {
							return
						}
					}
				}
			}()
		}
	}()
	return "http://" + l.Addr().String()
}

func TestABodyIsTheSameHoweverItComesAndHoweverItIsRead(t *testing.T) {
	t.Parallel()
	answers := make(chan []string, 1)
	address := pieces(t, answers)
	client := upstream.New(upstream.Settings{Fallback: refuse{t}})
	defer client.CloseIdleConnections()
	rapid.Check(t, func(r *rapid.T) {
		want, text := strings.Builder{}, strings.Builder{}
		text.WriteString("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Long: " + strings.Repeat("x", rapid.IntRange(0, 9000).Draw(r, "header")) + "\r\n\r\n")
		for i := range rapid.IntRange(0, 6).Draw(r, "chunks") {
			chunk := strings.Repeat(string(rune('a'+i)), rapid.IntRange(1, 9000).Draw(r, "size"))
			want.WriteString(chunk)
			fmt.Fprintf(&text, "%x\r\n%s\r\n", len(chunk), chunk)
		}
		text.WriteString("0\r\n\r\n")
		var parts []string
		for rest := text.String(); rest != ""; {
			n := min(rapid.IntRange(1, 6000).Draw(r, "piece"), len(rest))
			parts, rest = append(parts, rest[:n]), rest[n:]
		}
		answers <- parts
		resp, err := client.RoundTrip(post(t, t.Context(), address, "x"))
		if err != nil {
			r.Fatal(err)
		}
		defer resp.Body.Close()
		var got strings.Builder
		room, awaits := make([]byte, rapid.IntRange(1, 9000).Draw(r, "room")), rapid.Bool().Draw(r, "awaits")
		for err == nil {
			if awaits {
				upstream.Await(resp.Body)
			}
			var n int
			n, err = resp.Body.Read(room)
			got.Write(room[:n])
		}
		if err != io.EOF || got.String() != want.String() { //nolint:errorlint // Read says io.EOF itself
			r.Errorf("%d bytes and %v, want %d", got.Len(), err, want.Len())
		}
	})
}

func TestABodyThatWaitsHoldsNoBuffer(t *testing.T) {
	t.Parallel()
	answers := make(chan []string, 1)
	answers <- []string{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"}
	ctx, cancel := context.WithCancel(t.Context())
	client := upstream.New(upstream.Settings{Fallback: refuse{t}})
	resp, err := client.RoundTrip(post(t, ctx, pieces(t, answers), "x"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	room := make([]byte, 100)
	n, err := io.ReadFull(resp.Body, room[:5])
	if err != nil || string(room[:n]) != "hello" {
		t.Fatalf("%q, %v", room[:n], err)
	}
	cancel()
	upstream.Await(resp.Body) // nothing comes any more: it ends with ctx
	if upstream.Holds(resp.Body) {
		t.Error("a body that waited for nothing holds a buffer")
	}
	if _, err := resp.Body.Read(room); err == nil || ctx.Err() == nil {
		t.Error("a read after the context's end reports nothing")
	}
}
