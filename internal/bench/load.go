//go:build linux

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// A result is what one load brought.
type result struct {
	Done      int           `json:"done"`
	Failed    int           `json:"failed"`
	Failure   string        `json:"failure,omitempty"` // the first one
	Took      time.Duration `json:"took_ns"`
	CPU       time.Duration `json:"cpu_ns"`
	latencies []time.Duration
	firsts    []time.Duration
}

type tally struct {
	mu sync.Mutex
	result
}

func (t *tally) add(latency, first time.Duration, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err != nil {
		t.Failed++
		if t.Failure == "" {
			t.Failure = err.Error()
		}
		return
	}
	t.Done++
	t.latencies = append(t.latencies, latency)
	t.firsts = append(t.firsts, first)
}

// saturate keeps a number of connections busy for a while: the closed loop.
func saturate(ctx context.Context, address string, connections int, d time.Duration, raw []byte, want int) result {
	t := &tally{}
	var all sync.WaitGroup
	var stop atomic.Bool
	began := time.Now()
	for range connections {
		all.Go(func() {
			var latencies []time.Duration
			defer func() {
				t.mu.Lock()
				defer t.mu.Unlock()
				t.Done += len(latencies)
				t.latencies = append(t.latencies, latencies...)
			}()
			c, err := connect(address)
			if err != nil {
				t.add(0, 0, err)
				return
			}
			defer func() { c.close() }()
			for !stop.Load() {
				at := time.Now()
				if _, err := c.ask(raw, want); err != nil {
					t.add(0, 0, err)
					c.close()
					if c, err = connect(address); err != nil {
						return
					}
					continue
				}
				latencies = append(latencies, time.Since(at))
			}
		})
	}
	pause(ctx, d)
	stop.Store(true)
	all.Wait()
	t.Took = time.Since(began)
	return t.result
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// senders are the threads of the open loop. Each has its own part of the schedule, so that one slow answer delays only what
// follows in its part, and a latency counts from the instant at which its request was due: nothing is omitted.
const senders = 32

// steady sends requests at a fixed rate, whatever the answers take: the open loop.
func steady(ctx context.Context, address string, rate int, d time.Duration, raw []byte, want int) result {
	t := &tally{}
	var all sync.WaitGroup
	total := int(d.Seconds() * float64(rate))
	gap := time.Second / time.Duration(rate)
	began := time.Now().Add(20 * time.Millisecond)
	for s := range senders {
		all.Go(func() {
			runtime.LockOSThread() // not given back: the thread's timers are exact, and it ends with this goroutine
			if err := unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0); err != nil {
				t.add(0, 0, err)
				return
			}
			c, err := connectBlocking(address)
			if err != nil {
				t.add(0, 0, err)
				return
			}
			defer func() { c.close() }()
			for i := s; i < total && ctx.Err() == nil; i += senders {
				due := began.Add(time.Duration(i) * gap)
				sleepUntil(due)
				err := c.ask(raw, want)
				t.add(time.Since(due), 0, err)
				if err != nil {
					c.close()
					if c, err = connectBlocking(address); err != nil {
						return
					}
				}
			}
		})
	}
	all.Wait()
	t.Took = time.Since(began)
	return t.result
}

func sleepUntil(at time.Time) {
	for {
		left := time.Until(at)
		if left <= 0 {
			return
		}
		pause := unix.NsecToTimespec(int64(left))
		if err := unix.Nanosleep(&pause, nil); err != nil && !errors.Is(err, unix.EINTR) {
			return
		}
	}
}

// A blocking client's reads and writes block its thread: nothing of Go's scheduler stands between the network and the clock
// that reads latencies.
type blocking struct {
	client
	file *os.File
	fd   int
}

func connectBlocking(address string) (*blocking, error) {
	c, err := dial(address)
	if err != nil {
		return nil, err
	}
	defer c.Close() // the file below is the connection
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		return nil, fmt.Errorf("%s is no TCP address", address)
	}
	file, err := tcp.File()
	if err != nil {
		return nil, err
	}
	b := &blocking{file: file, fd: int(file.Fd())} // Fd makes it block
	limit := unix.NsecToTimeval(int64(patience))
	if err := unix.SetsockoptTimeval(b.fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &limit); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	b.in = bufio.NewReaderSize(b, 8<<10)
	return b, nil
}

func (b *blocking) close() { _ = b.file.Close() } // nothing of it is wanted any more

// Read waits in the kernel.
func (b *blocking) Read(p []byte) (int, error) {
	for {
		n, err := unix.Read(b.fd, p)
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return 0, err
		case n == 0:
			return 0, errClosed
		default:
			return n, nil
		}
	}
}

var errClosed = errors.New("the connection was closed")

func (b *blocking) ask(raw []byte, want int) error {
	for sent := 0; sent < len(raw); {
		n, err := unix.Write(b.fd, raw[sent:])
		if err != nil {
			return err
		}
		sent += n
	}
	length, chunked, err := b.header()
	if err != nil {
		return err
	}
	if chunked || length != want {
		return fmt.Errorf("an answer of %d bytes, want %d", length, want)
	}
	_, err = b.in.Discard(length)
	return err
}

// paced begins streams at a fixed rate; each is open for as long as its upstream takes.
func paced(ctx context.Context, address string, rate int, d time.Duration, raw []byte, want int) result {
	t := &tally{}
	pool := &clients{address: address}
	defer pool.close()
	var all sync.WaitGroup
	gap := time.Second / time.Duration(rate)
	began := time.Now()
	for i := range int(d.Seconds() * float64(rate)) {
		due := began.Add(time.Duration(i) * gap)
		pause(ctx, time.Until(due))
		if ctx.Err() != nil {
			break
		}
		all.Go(func() {
			c, err := pool.take()
			if err != nil {
				t.add(0, 0, err)
				return
			}
			first, err := c.ask(raw, want)
			t.add(time.Since(due), first.Sub(due), err)
			if err != nil {
				c.close()
				return
			}
			pool.give(c)
		})
	}
	all.Wait()
	t.Took = time.Since(began)
	return t.result
}

// percentile returns the latency that a part of all stayed below; 0 = there are none.
func percentile(l []time.Duration, part float64) time.Duration {
	if len(l) == 0 {
		return 0
	}
	slices.Sort(l)
	return l[min(int(part*float64(len(l))), len(l)-1)]
}
