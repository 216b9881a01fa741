//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// What is sent and answered: the sizes of BENCH.md. The request says in its text how the upstream is to pace a stream.
const (
	requestBytes = 959
	replyBytes   = 1013
	chunks       = 50
	paceMark     = "pace-ms:"
)

// payload makes a request's body of the size that is given.
func payload(stream bool, pace time.Duration) []byte {
	head := `{"model":"gpt-5.4","messages":[{"role":"user","content":"` + paceMark + strconv.FormatInt(pace.Milliseconds(), 10) + " "
	tail := `"}],"max_tokens":256}`
	size := requestBytes
	if stream {
		tail = `"}],"max_tokens":256,"stream":true,"stream_options":{"include_usage":true}}`
		size += len(`,"stream":true,"stream_options":{"include_usage":true}`)
	}
	return []byte(head + filler(size-len(head)-len(tail)) + tail)
}

func filler(n int) string { return strings.Repeat("seven words or so fill it up ", n/29+1)[:n] }

// reply is the answer to a request that is not streamed.
func reply() []byte {
	head := `{"id":"chatcmpl-bench","object":"chat.completion","created":1760000000,"model":"gpt-5.4","choices":[{"index":0,"message":{"role":"assistant","content":"`
	tail := `","refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":180,"completion_tokens":120,"total_tokens":300}}`
	return []byte(head + filler(replyBytes-len(head)-len(tail)) + tail)
}

// events are the parts of a stream, each of which is written by itself.
func events() [][]byte {
	const head = `data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1760000000,"model":"gpt-5.4","choices":[`
	var out [][]byte
	for i := range chunks {
		delta, finish := `{"content":" words"}`, "null"
		switch i {
		case 0:
			delta = `{"role":"assistant","content":""}`
		case chunks - 1:
			delta, finish = "{}", `"stop"`
		}
		out = append(out, []byte(head+`{"index":0,"delta":`+delta+`,"finish_reason":`+finish+"}]}\n\n"))
	}
	return append(out,
		[]byte(head+`],"usage":{"prompt_tokens":180,"completion_tokens":48,"total_tokens":228}}`+"\n\n"),
		[]byte("data: [DONE]\n\n"))
}

// streamBytes is the size of a stream without its framing.
func streamBytes() int {
	n := 0
	for _, e := range events() {
		n += len(e)
	}
	return n
}

// An answerer answers without net/http, so that the upstream takes little of the machine.
type answerer struct {
	whole  []byte   // with its header
	header []byte   // of a stream
	parts  [][]byte // of a stream, as HTTP chunks
	end    []byte
}

func newAnswerer() *answerer {
	body := reply()
	a := &answerer{
		whole:  fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Request-Id: req_bench\r\nContent-Length: %d\r\n\r\n%s", len(body), body),
		header: []byte("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-Request-Id: req_bench\r\nTransfer-Encoding: chunked\r\n\r\n"),
		end:    []byte("0\r\n\r\n"),
	}
	for _, e := range events() {
		a.parts = append(a.parts, fmt.Appendf(nil, "%x\r\n%s\r\n", len(e), e))
	}
	return a
}

func serveUpstream(ctx context.Context, address string) error {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, func() { _ = l.Close() })
	a := newAnswerer()
	for {
		c, err := l.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		go func() { // ends with the connection
			defer c.Close()
			in := bufio.NewReaderSize(c, 8<<10)
			for a.answer(c, in) == nil {
			}
		}()
	}
}

// answer serves one request.
func (a *answerer) answer(c net.Conn, in *bufio.Reader) error {
	length := -1
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) <= 2 {
			break
		}
		if name, value, ok := bytes.Cut(line, []byte(":")); ok && bytes.EqualFold(name, []byte("content-length")) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return err
			}
		}
	}
	if length <= 0 { // what probes ask for
		_, err := c.Write([]byte("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"))
		return err
	}
	body, err := in.Peek(length)
	if err != nil {
		return err
	}
	stream, pace := bytes.Contains(body, []byte(`"stream":true`)), paceOf(body)
	if _, err := in.Discard(length); err != nil {
		return err
	}
	if !stream {
		_, err := c.Write(a.whole)
		return err
	}
	return a.stream(c, pace)
}

func paceOf(body []byte) time.Duration {
	_, rest, _ := bytes.Cut(body, []byte(paceMark))
	digits, _, _ := bytes.Cut(rest, []byte(" "))
	ms, err := strconv.Atoi(string(digits))
	if err != nil {
		return 0
	}
	return time.Duration(ms) * time.Millisecond
}

func (a *answerer) stream(w io.Writer, pace time.Duration) error {
	if _, err := w.Write(a.header); err != nil {
		return err
	}
	next := time.Now()
	for i, part := range a.parts {
		if pace > 0 && i < chunks { // usage and the end come with the last chunk
			next = next.Add(pace)
			time.Sleep(time.Until(next))
		}
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
	_, err := w.Write(a.end)
	return err
}
