package demo

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// A replay sends a trace through a gateway over HTTP and measures what comes back.
type replay struct {
	base      string
	rows      []Row
	speed     float64 // 0 = as fast as it goes
	customers [2]customer
	dispatch  func(index int) // called before the request with this index is sent
	ended     func(index int) // called after it ended
}

// A sent is what the client saw of one request.
type sent struct {
	request   string // X-Concord-Request-Id
	cloud     string // X-Concord-Cloud
	status    int
	stream    bool
	whole     bool // the answer came to its proper end
	started   time.Time
	firstByte time.Time
	ended     time.Time
	err       error
	body      string // of an answer that is not 200: its beginning
}

// Requests in flight at once: as many as asked for at full speed; with gaps, as many as the trace needs, up to a bound that
// keeps a gateway in trouble from being buried.
const (
	inFlightFlatOut = 64
	inFlightPaced   = 1024
)

// run sends every row and returns what was seen, by index. It ends early only when ctx does.
func (r *replay) run(ctx context.Context) ([]sent, error) {
	transport := &http.Transport{
		MaxIdleConns: inFlightPaced, MaxIdleConnsPerHost: inFlightPaced, IdleConnTimeout: time.Minute, DisableCompression: true,
	}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	most := 0
	for _, row := range r.rows {
		most = max(most, row.Context)
	}
	words := newPrompts(most)
	bound := inFlightPaced
	if r.speed == 0 {
		bound = inFlightFlatOut
	}

	out := make([]sent, len(r.rows))
	slots := make(chan struct{}, bound)
	buffers := sync.Pool{New: func() any { b := make([]byte, 16<<10); return &b }}
	var open sync.WaitGroup
	defer open.Wait()
	begin := time.Now()
	for i, row := range r.rows {
		if r.speed > 0 {
			if err := sleepUntil(ctx, begin.Add(time.Duration(float64(row.At)/r.speed))); err != nil {
				return out, err
			}
		}
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return out, ctx.Err()
		}
		r.dispatch(i)
		open.Go(func() {
			defer func() { <-slots; r.ended(i) }()
			a := assign(i)
			buffer := buffers.Get().(*[]byte)
			defer buffers.Put(buffer)
			out[i] = r.send(ctx, client, a, words.body(a.model, row.Context, row.Generated, a.stream), *buffer)
		})
	}
	open.Wait()
	return out, ctx.Err()
}

func sleepUntil(ctx context.Context, at time.Time) error {
	wait := time.Until(at)
	if wait <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (r *replay) send(ctx context.Context, client *http.Client, a assignment, body, buffer []byte) (s sent) {
	s.stream = a.stream
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.base+"/chat/completions", bytes.NewReader(body))
	if err != nil {
		s.err = err
		return s
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+r.customers[a.customer].key)
	s.started = time.Now()
	defer func() { s.ended = time.Now() }()
	response, err := client.Do(request)
	if err != nil {
		s.err = err
		return s
	}
	defer response.Body.Close()
	s.status = response.StatusCode
	s.request = response.Header.Get("X-Concord-Request-Id")
	s.cloud = response.Header.Get("X-Concord-Cloud")
	s.err = s.read(response.Body, buffer)
	if s.err == nil && s.status == http.StatusOK && !s.whole {
		s.err = fmt.Errorf("the answer to request %s ended early", s.request)
	}
	return s
}

// read takes the answer to its end and judges whether it is whole: a stream ends with [DONE], anything else with its
// closing brace (its length was checked by net/http).
func (s *sent) read(body io.Reader, buffer []byte) error {
	var tail [16]byte
	kept := 0
	for {
		n, err := body.Read(buffer)
		if n > 0 && s.firstByte.IsZero() {
			s.firstByte = time.Now()
			if s.status != http.StatusOK {
				s.body = string(buffer[:min(n, 400)])
			}
		}
		if n >= len(tail) {
			kept = copy(tail[:], buffer[n-len(tail):n])
		} else if n > 0 {
			drop := max(0, kept+n-len(tail))
			copy(tail[:], tail[drop:kept])
			kept = kept - drop + copy(tail[kept-drop:], buffer[:n])
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
	}
	end := strings.TrimSpace(string(tail[:kept]))
	s.whole = s.stream && strings.HasSuffix(end, "[DONE]") || !s.stream && strings.HasSuffix(end, "}")
	return nil
}
