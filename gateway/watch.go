package gateway

import (
	"context"
	"sync"
	"time"
)

// phase is what a request is waiting for, and so what to do when its time is up.
type phase uint8

const (
	idle      phase = iota // nothing
	receiving              // the client's body: unblock the read
	reading                // a cloud: cancel the attempt
	writing                // the client to read: unblock the write
	sleeping               // the next move: wake up
	storing                // the journal: wake up
)

// writeGrace is what a write gets that is under way when the request is stopped: time for the last words.
const writeGrace = 2 * time.Second

// A watch is the one timer of a request. Moving its limit costs no timer operation while the new limit is later than the
// instant at which the timer fires anyway: it then finds out that it came too early and goes on. Safe for concurrent use.
type watch struct {
	now     func() int64        // monotonic, ns
	unblock func(time.Duration) // makes a blocked write to the client, or a read from it, return after that time
	wake    chan struct{}       // for sleeping and storing

	mu      sync.Mutex
	timer   *time.Timer
	fires   int64 // when the timer fires; 0 = it is not set
	phase   phase
	limit   int64
	cancel  context.CancelFunc // of the attempt under way
	late    bool               // the limit passed while reading or writing
	stopped error              // why the gateway ended the request; nil = it did not
}

// begin makes the watch ready for a request.
func (w *watch) begin() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.phase, w.limit, w.cancel, w.late, w.stopped = idle, 0, nil, false, nil
	select {
	case <-w.wake:
	default:
	}
}

// end stops the timer.
func (w *watch) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.phase, w.cancel = idle, nil
	if w.fires != 0 && w.timer.Stop() {
		w.fires = 0
	}
}

// attempt names the attempt to cancel; it reports false, and cancels, if the request was stopped.
func (w *watch) attempt(cancel context.CancelFunc) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cancel, w.late = cancel, false
	if w.stopped != nil {
		cancel()
	}
	return w.stopped == nil
}

// set says what the request waits for from now on, and until when.
func (w *watch) set(p phase, limit int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.phase, w.limit = p, limit
	if p == sleeping || p == storing {
		select {
		case <-w.wake:
		default:
		}
		if p == sleeping && w.stopped != nil {
			w.wakeUp()
		}
	}
	switch {
	case p == idle:
	case w.fires == 0:
		w.arm(min(limit, w.now()+int64(lookIn)))
	case limit < w.fires:
		w.arm(limit)
	}
	if p == receiving && w.stopped != nil {
		w.unblock(0)
	}
}

// lookIn is how often the timer looks in at least, so that the limits that follow one another in a request cost no timer
// operation each.
const lookIn = 30 * time.Second

func (w *watch) arm(at int64) {
	w.fires = at
	d := time.Duration(at - w.now())
	if w.timer == nil {
		w.timer = time.AfterFunc(d, w.fire)
		return
	}
	w.timer.Reset(d)
}

func (w *watch) fire() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fires = 0
	if w.phase == idle {
		return
	}
	if now := w.now(); now < w.limit {
		w.arm(min(w.limit, now+int64(lookIn)))
		return
	}
	switch w.phase {
	case reading:
		w.late = true
		if w.cancel != nil {
			w.cancel()
		}
	case writing, receiving:
		w.late = true
		w.unblock(0)
	case sleeping, storing:
		w.wakeUp()
	case idle:
	}
	w.phase = idle
}

func (w *watch) wakeUp() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// stop ends the request from outside: its attempt is cancelled, its sleep is over, and a blocked write gets a little time.
// Waiting for the journal goes on: a record is written all the same.
func (w *watch) stop(why error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped != nil {
		return
	}
	w.stopped = why
	if w.cancel != nil {
		w.cancel()
	}
	if w.phase == sleeping {
		w.wakeUp()
	}
	if w.phase == receiving {
		w.unblock(0)
		return
	}
	w.unblock(writeGrace)
}

// verdict tells why a wait ended: late if the limit passed, stopped if the gateway ended the request.
func (w *watch) verdict() (late bool, stopped error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.late, w.stopped
}
