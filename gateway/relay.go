package gateway

import (
	"bytes"
	"errors"
	"io"

	"concord/clouds"
	"concord/usage"
)

// A sink takes what the client is sent. It is an HTTP response in the gateway; the relay does not know.
type sink interface {
	Write(p []byte) (int, error)
	Flush() error
}

// maxHeld bounds what is held back after the last finish event: usage and [DONE] are small.
const maxHeld = 256 << 10

// Progress is reported to the journal every progressUnits events with content, or when progressEvery has passed.
const (
	progressUnits = 512
	progressEvery = int64(5e9)
)

// ending is how a part of a stream ended.
type ending uint8

const (
	ready    ending = iota + 1 // content is there, or the prelude was held long enough: the client can be sent bytes
	whole                      // all of the answer is there; its terminal bytes are held back
	broken                     // the cloud cut the stream, or let it stall
	rejected                   // the cloud sent an error inside the stream; its data is in failure
	gone                       // the client left, or reads no more
)

// errClient marks an error of writing to the client.
var errClient = errors.New("client does not read")

// A relay passes one stream on. It reads and writes in one goroutine, without a channel; events pass as they came, but for
// what the client did not ask for. What precedes the first content is held back, and so is what ends the answer.
type relay struct {
	// What the relay works with.
	adapter interface {
		Event(*clouds.Call, []byte) clouds.Event
	}
	call     *clouds.Call
	src      io.Reader
	await    interface{ Await() } // of src: returns once it has something; nil = src cannot say
	out      sink
	watch    *watch
	progress func(units, text int64)
	count    func(text []byte) (int64, error) // of tokens; nil = nobody counts
	now      func() int64
	// How.
	hideUsage bool  // the client did not ask for usage
	choices   int64 // finish events that end the answer
	holdBytes int
	holdUntil int64
	firstByte int64 // limit for the first byte of the body
	deadline  int64 // of the whole request
	idle      int64 // between two reads
	tail      int64 // for what comes after the last finish event

	split    clouds.Splitter
	held     []byte
	failure  []byte // data of an error event
	frame    clouds.Frame
	event    clouds.Event
	pending  bool // frame is not dealt with
	open     bool // the client was sent bytes
	dirty    bool // bytes wait for a flush
	bytesIn  int64
	firstAt  int64 // when the first bytes came; 0 = none did
	events   int64 // that came
	finishes int64
	done     bool
	reason   error // why reading ended, where it did not end well

	usage     usage.Usage
	reported  bool
	units     int64        // content events
	text      int64        // bytes of text in them
	said      []byte       // the text that is not counted yet, as written in the JSON
	tokens    int64        // counted of the text before it
	uncounted bool         // some could not be
	tools     usage.Tokens // calls of the cloud's own tools that were shown
	object    string       // id of the response that the stream speaks of; "" = none
	making    bool         // that response is not finished
	toldAt    int64
	told      int64
}

// start begins a stream; the fields above split are set.
func (r *relay) start() {
	r.held, r.failure = r.held[:0], r.failure[:0]
	r.frame, r.event, r.pending, r.dirty, r.open = clouds.Frame{}, clouds.Event{}, false, false, false
	r.bytesIn, r.firstAt, r.finishes, r.done, r.reason = 0, 0, 0, false, nil
	r.usage, r.reported, r.units, r.text, r.told, r.toldAt = usage.Usage{}, false, 0, 0, 0, 0
	r.events, r.object, r.making = 0, "", false
	r.said, r.tokens, r.uncounted, r.tools = r.said[:0], 0, false, usage.Tokens{}
	r.split.Reset(r)
}

// end lets go of what the relay worked with.
func (r *relay) end() {
	r.src, r.await, r.adapter, r.call = nil, nil, nil, nil
	r.frame, r.event = clouds.Frame{}, clouds.Event{}
	r.split.Reset(nil)
	r.split.Release()
}

// more waits for the cloud. Whatever was written goes out before that, so that one flush serves all events that came together.
// Nothing is kept in buffers meanwhile: most of the streams that are open wait here.
func (r *relay) more() error {
	if r.dirty {
		if err := r.flush(); err != nil {
			return err
		}
		r.tell()
	}
	r.watch.set(reading, r.readLimit())
	if r.await != nil && r.split.Release() {
		r.frame, r.event = clouds.Frame{}, clouds.Event{} // their bytes are gone
		r.await.Await()
	}
	r.split.Fill()
	if r.open {
		r.writing()
	}
	return nil
}

// Read gives the splitter more bytes.
func (r *relay) Read(p []byte) (int, error) {
	n, err := r.src.Read(p)
	if r.bytesIn += int64(n); r.firstAt == 0 && n > 0 {
		r.firstAt = r.now()
	}
	return n, err
}

// writing gives the client as long to read as the cloud has to write.
func (r *relay) writing() { r.watch.set(writing, r.now()+r.idle) }

func (r *relay) readLimit() int64 {
	switch {
	case r.bytesIn == 0:
		return min(r.firstByte, r.deadline)
	case r.finished():
		return min(r.now()+r.tail, r.deadline)
	}
	return min(r.now()+r.idle, r.deadline)
}

func (r *relay) finished() bool { return r.finishes > 0 && r.finishes >= r.choices }

func (r *relay) flush() error {
	if err := r.out.Flush(); err != nil {
		return errClient
	}
	r.dirty = false
	return nil
}

// tell reports progress; only what was flushed counts.
func (r *relay) tell() {
	now := r.now()
	if r.toldAt == 0 {
		r.toldAt = now
	}
	if r.units-r.told >= progressUnits || now-r.toldAt >= progressEvery {
		r.told, r.toldAt = r.units, now
		r.progress(r.units, r.text)
	}
}

// prelude reads up to the first content and writes nothing. Until it has returned ready, another cloud may still answer.
func (r *relay) prelude() ending {
	for {
		for !r.split.Held() {
			_ = r.more() // nothing was written yet
		}
		if !r.next() {
			return broken
		}
		switch {
		case r.event.Error:
			return rejected
		case r.event.Content || r.event.Finish || r.event.Done:
			r.pending = true
			return ready
		case r.drop():
			continue
		}
		r.hold()
		if len(r.held) > r.holdBytes || r.now() > r.holdUntil {
			return ready
		}
	}
}

// content sends what was held back and then passes the stream on until its last event. The terminal bytes stay held: finish
// sends them.
func (r *relay) content() ending {
	r.writing()
	r.open = true
	if r.send(r.held) != nil {
		return gone
	}
	r.held = r.held[:0]
	for {
		for !r.pending && !r.split.Held() {
			if r.more() != nil {
				return gone
			}
		}
		if !r.pending && !r.next() {
			if r.finished() {
				return whole
			}
			return broken
		}
		r.pending = false
		if r.event.Error {
			return rejected
		}
		if err := r.pass(); err != nil {
			return gone
		}
		if r.done {
			return whole
		}
		if len(r.held) > maxHeld {
			r.reason = clouds.ErrEventTooLong
			return broken
		}
	}
}

// pass deals with one event of the content.
func (r *relay) pass() error {
	if r.event.Content {
		r.units++
		r.text += int64(r.event.Text)
		r.keep()
	}
	if r.event.Finish {
		r.finishes++
	}
	r.done = r.event.Done
	switch {
	case r.drop():
		return nil
	case r.finished() || r.done:
		r.hold()
		return nil
	}
	return r.send(r.visible())
}

// finish sends the terminal bytes.
func (r *relay) finish() error {
	return r.last(r.held)
}

// last sends an event in place of the stream's end, such as an error.
func (r *relay) last(event []byte) error {
	r.writing()
	if err := r.send(event); err != nil {
		return err
	}
	return r.flush()
}

// exhaust reads what follows [DONE], so that the connection can be used again; it waits for a moment only.
func (r *relay) exhaust(wait int64) {
	if !r.done {
		return
	}
	var rest [64]byte
	r.watch.set(reading, r.now()+wait)
	for range 4 {
		if _, err := r.src.Read(rest[:]); err != nil {
			return
		}
	}
}

// next reads an event and takes in its usage.
func (r *relay) next() bool {
	f, err := r.split.Next()
	if err != nil {
		r.reason = err
		return false
	}
	r.frame, r.event = f, clouds.Event{}
	if f.Data == nil {
		return true // a comment passes
	}
	r.events++
	r.event = r.adapter.Event(r.call, f.Data)
	if r.event.Object != nil {
		r.making = r.event.Pending
		if r.object == "" {
			r.object = string(r.event.Object)
		}
	}
	if r.event.Usage {
		r.usage, r.reported = r.event.Tokens, true
	}
	if r.event.Tool != 0 {
		r.tools[r.event.Tool]++
	}
	if r.event.Error {
		r.failure = append(r.failure[:0], f.Data...)
	}
	return true
}

// drop reports whether the event is not for the client.
func (r *relay) drop() bool {
	return r.event.Drop || r.hideUsage && r.event.UsageOnly
}

func (r *relay) hold() {
	before, after := r.visible()
	r.held = append(append(r.held, before...), after...)
}

func (r *relay) send(parts ...[]byte) error {
	r.dirty = true
	for _, p := range parts {
		if len(p) == 0 {
			continue
		}
		if _, err := r.out.Write(p); err != nil {
			return errClient
		}
	}
	return nil
}

// nullUsage is what stands in every chunk but the last once usage is asked for.
var nullUsage = []byte(`"usage":null`)

// visible returns the event without the empty usage that a client that did not ask for usage does not expect. The text
// cannot stand inside a JSON string: its quotes would be escaped there.
func (r *relay) visible() (before, after []byte) {
	raw := r.frame.Raw
	if !r.hideUsage {
		return raw, nil
	}
	i := bytes.Index(raw, nullUsage)
	if i <= 0 {
		return raw, nil
	}
	end := i + len(nullUsage)
	switch {
	case raw[i-1] == ',':
		return raw[:i-1], raw[end:]
	case raw[i-1] == '{' && end < len(raw) && raw[end] == ',':
		return raw[:i], raw[end+1:]
	}
	return raw, nil
}
