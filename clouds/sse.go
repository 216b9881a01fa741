package clouds

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"
)

// MaxEvent bounds one event of a stream, in bytes: an event may hold a whole picture.
const MaxEvent = 16 << 20

// ErrEventTooLong ends a stream whose event does not fit in MaxEvent.
var ErrEventTooLong = fmt.Errorf("stream event is longer than %d bytes", MaxEvent)

// A Frame is one event of a server-sent stream. Its slices are valid until the next call of Next.
type Frame struct {
	Raw  []byte // all of its bytes, the blank line included: what is passed on unchanged
	Data []byte // its data lines, joined by newlines; nil for comments
	Name []byte // its event line; nil if it has none
}

// A Splitter cuts a server-sent stream into events. It reads into one buffer, allocates nothing per event and holds no more
// than one event and what the reader gave along with it; between two events it need hold no buffer at all. It is for one
// goroutine.
type Splitter struct {
	r          io.Reader
	buf        []byte // nil = none is held
	start, end int    // the unread bytes of buf
	searched   int    // no blank line ends before it
	whole      int    // where the event ends that begins at start; 0 = not known
	joined     []byte // data of an event with several data lines
	err        error  // what the reader said, kept until the buffer is used up
	begun      bool
}

const (
	smallBuffer = 4 << 10
	emptyReads  = 100 // reads in a row that may return nothing
)

// buffers are those of splitters that hold nothing: of thousands of streams that wait, few have something half read.
var buffers = sync.Pool{New: func() any { return new([smallBuffer]byte) }}

// NewSplitter reads events from r, with buf as its first buffer (nil = one of its own).
func NewSplitter(r io.Reader, buf []byte) *Splitter {
	s := &Splitter{buf: buf[:cap(buf)]}
	s.Reset(r)
	return s
}

// Reset makes the splitter read from r, keeping its buffer unless a long event has made it large.
func (s *Splitter) Reset(r io.Reader) {
	if cap(s.buf) > 16*smallBuffer {
		s.buf = nil
	}
	if cap(s.joined) > 16*smallBuffer {
		s.joined = nil
	}
	s.r, s.start, s.end, s.searched, s.whole, s.err, s.begun = r, 0, 0, 0, 0, nil, false
}

// Release gives the buffer up if nothing is in it that was not read, and reports that. Frames of before are not valid any more:
// other splitters use it.
func (s *Splitter) Release() bool {
	if s.start < s.end {
		return false
	}
	if len(s.buf) == smallBuffer {
		buffers.Put((*[smallBuffer]byte)(s.buf))
	}
	s.buf, s.start, s.end, s.searched = nil, 0, 0, 0
	return true
}

// Held reports whether Next returns without reading: the next event is there, or there is none any more.
func (s *Splitter) Held() bool {
	if s.whole == 0 && s.start < s.end {
		s.whole, s.searched = blankLine(s.buf[:s.end], s.start, max(s.searched, s.start))
	}
	return s.whole > 0 || s.err != nil
}

// Next returns the next event. At the end of a stream that ends between two events the error is io.EOF, at one that ends
// inside an event io.ErrUnexpectedEOF; a last "[DONE]" without its blank line counts as whole, and gets one.
func (s *Splitter) Next() (Frame, error) {
	for !s.Held() {
		s.Fill()
	}
	if s.whole == 0 {
		return s.last()
	}
	f := s.frame(s.buf[s.start:s.whole])
	s.start, s.searched, s.whole = s.whole, s.whole, 0
	return f, nil
}

// Fill reads more, once. What goes wrong is said by Next.
func (s *Splitter) Fill() {
	if s.start > 0 {
		copy(s.buf, s.buf[s.start:s.end])
		s.searched = max(s.searched-s.start, 0)
		s.end -= s.start
		s.start = 0
	}
	if s.end == len(s.buf) && !s.grow() {
		s.err = ErrEventTooLong
		return
	}
	for range emptyReads {
		n, err := s.r.Read(s.buf[s.end:])
		s.end += n
		if s.err = err; n > 0 || err != nil {
			return
		}
	}
	s.err = io.ErrNoProgress
}

// grow makes room in the buffer; false = an event is too long.
func (s *Splitter) grow() bool {
	switch {
	case s.buf == nil:
		room, _ := buffers.Get().(*[smallBuffer]byte)
		s.buf = room[:]
	case len(s.buf) >= MaxEvent:
		return false
	default:
		grown := make([]byte, max(min(2*len(s.buf), MaxEvent), smallBuffer))
		copy(grown, s.buf)
		s.buf = grown
	}
	return true
}

// last deals with what is left when the reader has ended.
func (s *Splitter) last() (Frame, error) {
	rest := s.buf[s.start:s.end]
	switch {
	case !errors.Is(s.err, io.EOF):
		return Frame{}, s.err
	case len(bytes.TrimSpace(rest)) == 0:
		s.start = s.end
		return Frame{}, io.EOF
	}
	f := s.frame(rest)
	if !IsDone(f.Data) {
		return Frame{}, io.ErrUnexpectedEOF
	}
	s.joined = append(append(s.joined[:0], bytes.TrimRight(rest, "\r\n")...), '\n', '\n')
	f.Raw = s.joined
	s.start = s.end
	return f, nil
}

// blankLine finds the end of the event that begins at start: the position after its blank line, or 0 and the line from
// which to look again once there is more. Blank lines in front belong to the event after them.
func blankLine(b []byte, start, from int) (end, resume int) {
	for line := from; ; {
		n := bytes.IndexByte(b[line:], '\n')
		if n < 0 {
			return 0, line
		}
		blank := n == 0 || n == 1 && b[line] == '\r'
		if blank && len(bytes.TrimLeft(b[start:line], "\r\n")) > 0 {
			return line + n + 1, 0
		}
		line += n + 1
	}
}

// frame reads the lines of one event.
func (s *Splitter) frame(raw []byte) Frame {
	f := Frame{Raw: raw}
	rest, several := raw, false
	if !s.begun {
		rest = bytes.TrimPrefix(rest, []byte("\xef\xbb\xbf"))
		s.begun = true
	}
	for len(rest) > 0 {
		line := rest
		if n := bytes.IndexByte(rest, '\n'); n >= 0 {
			line, rest = rest[:n], rest[n+1:]
		} else {
			rest = nil
		}
		if len(line) > 0 && line[len(line)-1] == '\r' {
			line = line[:len(line)-1]
		}
		if data, ok := fieldLine(line, "data"); ok {
			switch {
			case f.Data == nil:
				f.Data = data
				continue
			case !several:
				s.joined = append(s.joined[:0], f.Data...)
				several = true
			}
			s.joined = append(append(s.joined, '\n'), data...)
			f.Data = s.joined
		} else if name, ok := fieldLine(line, "event"); ok {
			f.Name = name
		}
	}
	return f
}

// fieldLine returns the value of a line of that field, not nil even where it is empty.
func fieldLine(line []byte, field string) ([]byte, bool) {
	if len(line) < len(field) || string(line[:len(field)]) != field {
		return nil, false
	}
	line = line[len(field):]
	if len(line) == 0 {
		return line, true
	}
	if line[0] != ':' {
		return nil, false
	}
	if line = line[1:]; len(line) > 0 && line[0] == ' ' {
		line = line[1:]
	}
	return line, true
}

// IsDone reports whether a data line says that the stream is complete.
func IsDone(data []byte) bool { return string(data) == "[DONE]" }
