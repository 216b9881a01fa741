package clouds

import (
	"bytes"
	"errors"
	"fmt"
	"io"
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

// A Splitter cuts a server-sent stream into events. It reads into one buffer of its own, allocates nothing per event and
// holds no more than one event and what the reader gave along with it. It is for one goroutine.
type Splitter struct {
	r          io.Reader
	buf        []byte
	start, end int    // the unread bytes of buf
	joined     []byte // data of an event with several data lines
	err        error  // what the reader said, kept until the buffer is used up
	begun      bool
}

const (
	smallBuffer = 4 << 10
	emptyReads  = 100 // reads in a row that may return nothing
)

// NewSplitter reads events from r, with buf as its first buffer (nil = one of its own).
func NewSplitter(r io.Reader, buf []byte) *Splitter {
	s := &Splitter{buf: buf[:cap(buf)]}
	s.Reset(r)
	return s
}

// Reset makes the splitter read from r, keeping its buffer unless a long event has made it large.
func (s *Splitter) Reset(r io.Reader) {
	if cap(s.buf) == 0 || cap(s.buf) > 16*smallBuffer {
		s.buf = make([]byte, smallBuffer)
	}
	if cap(s.joined) > 16*smallBuffer {
		s.joined = nil
	}
	s.r, s.start, s.end, s.err, s.begun = r, 0, 0, nil, false
}

// Buffered reports whether bytes are left that Next can look at without reading.
func (s *Splitter) Buffered() bool { return s.end > s.start }

// Next returns the next event. At the end of a stream that ends between two events the error is io.EOF, at one that ends
// inside an event io.ErrUnexpectedEOF; a last "[DONE]" without its blank line counts as whole, and gets one.
func (s *Splitter) Next() (Frame, error) {
	searched := s.start // no blank line ends before it
	for {
		if end, resume := blankLine(s.buf[:s.end], s.start, searched); end > 0 {
			f := s.frame(s.buf[s.start:end])
			s.start = end
			return f, nil
		} else {
			searched = resume
		}
		if s.err != nil {
			return s.last()
		}
		if s.start > 0 {
			copy(s.buf, s.buf[s.start:s.end])
			searched -= s.start
			s.end -= s.start
			s.start = 0
		}
		if s.end == len(s.buf) {
			if len(s.buf) >= MaxEvent {
				return Frame{}, ErrEventTooLong
			}
			grown := make([]byte, min(2*len(s.buf), MaxEvent))
			copy(grown, s.buf)
			s.buf = grown
		}
		s.fill()
	}
}

func (s *Splitter) fill() {
	for range emptyReads {
		n, err := s.r.Read(s.buf[s.end:])
		s.end += n
		if s.err = err; n > 0 || err != nil {
			return
		}
	}
	s.err = io.ErrNoProgress
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
