package clouds_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"concord/clouds"
)

type event struct{ Raw, Data, Name string }

func split(r io.Reader) ([]event, error) {
	s := clouds.NewSplitter(r, nil)
	var got []event
	for {
		f, err := s.Next()
		if err != nil {
			return got, err
		}
		got = append(got, event{string(f.Raw), string(f.Data), string(f.Name)})
	}
}

func TestSplitterCutsAStreamIntoEvents(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		in   string
		want []event
		err  error
	}{
		"lines end with LF":           {"data: a\n\ndata: b\n\n", []event{{"data: a\n\n", "a", ""}, {"data: b\n\n", "b", ""}}, io.EOF},
		"lines end with CRLF":         {"data: a\r\n\r\ndata:b\r\n\r\n", []event{{"data: a\r\n\r\n", "a", ""}, {"data:b\r\n\r\n", "b", ""}}, io.EOF},
		"a comment":                   {": keep-alive\n\ndata: a\n\n", []event{{": keep-alive\n\n", "", ""}, {"data: a\n\n", "a", ""}}, io.EOF},
		"a name":                      {"event: error\ndata: {}\n\n", []event{{"event: error\ndata: {}\n\n", "{}", "error"}}, io.EOF},
		"data on several lines":       {"data: a\ndata:  b\ndata\n\n", []event{{"data: a\ndata:  b\ndata\n\n", "a\n b\n", ""}}, io.EOF},
		"more blank lines":            {"\n\ndata: a\n\n\n\ndata: b\n\n\n", []event{{"\n\ndata: a\n\n", "a", ""}, {"\n\ndata: b\n\n", "b", ""}}, io.EOF},
		"a byte order mark":           {"\xef\xbb\xbfdata: a\n\n", []event{{"\xef\xbb\xbfdata: a\n\n", "a", ""}}, io.EOF},
		"fields that look alike":      {"database: x\ndata: a\n\n", []event{{"database: x\ndata: a\n\n", "a", ""}}, io.EOF},
		"a cut inside an event":       {"data: a\n\ndata: {\"x\":", []event{{"data: a\n\n", "a", ""}}, io.ErrUnexpectedEOF},
		"DONE without its blank line": {"data: [DONE]\n", []event{{"data: [DONE]\n\n", "[DONE]", ""}}, io.EOF},
		"nothing":                     {"", nil, io.EOF},
	} {
		t.Run(name, func(t *testing.T) {
			for reader, r := range map[string]io.Reader{
				"whole":         strings.NewReader(row.in),
				"byte by byte":  iotest.OneByteReader(strings.NewReader(row.in)),
				"data with EOF": iotest.DataErrReader(strings.NewReader(row.in)),
			} {
				got, err := split(r)
				if d := cmp.Diff(row.want, got); d != "" || !errors.Is(err, row.err) {
					t.Errorf("%s: %v\n%s", reader, err, d)
				}
			}
		})
	}
}

func TestSplitterBoundsAnEvent(t *testing.T) {
	t.Parallel()
	long := "data: " + strings.Repeat("x", clouds.MaxEvent/2) + "\n\n"
	if got, err := split(strings.NewReader(long)); !errors.Is(err, io.EOF) || len(got) != 1 {
		t.Errorf("%d events of half the bound, %v", len(got), err)
	}
	if _, err := split(strings.NewReader("data: " + strings.Repeat("x", clouds.MaxEvent))); !errors.Is(err, clouds.ErrEventTooLong) {
		t.Errorf("an event above the bound: %v", err)
	}
}

func TestSplitterReportsWhatTheReaderSaid(t *testing.T) {
	t.Parallel()
	reset := errors.New("connection reset")
	got, err := split(io.MultiReader(strings.NewReader("data: a\n\nda"), iotest.ErrReader(reset)))
	if !errors.Is(err, reset) || len(got) != 1 {
		t.Errorf("%d events, then %v", len(got), err)
	}
}

func TestSplitterAllocatesNothingPerEvent(t *testing.T) {
	stream := []byte(strings.Repeat("data: {\"a\":1}\n\n", 50))
	r := bytes.NewReader(stream)
	s := clouds.NewSplitter(r, make([]byte, 4096))
	if n := testing.AllocsPerRun(20, func() {
		r.Reset(stream)
		s.Reset(r)
		for {
			if _, err := s.Next(); err != nil {
				return
			}
		}
	}); n != 0 {
		t.Errorf("%v allocations for 50 events", n)
	}
}

// reference splits by the book: whole text in memory, line by line.
func reference(in string) []event {
	var got []event
	rest := strings.TrimPrefix(in, "\xef\xbb\xbf")
	mark := in[:len(in)-len(rest)]
	var raw, data, name strings.Builder
	lines, filled := 0, false
	raw.WriteString(mark)
	for {
		line, after, ok := strings.Cut(rest, "\n")
		if !ok {
			return got
		}
		rest = after
		raw.WriteString(line + "\n")
		line = strings.TrimSuffix(line, "\r")
		if line == "" && filled {
			got = append(got, event{raw.String(), data.String(), name.String()})
			raw.Reset()
			data.Reset()
			name.Reset()
			lines, filled = 0, false
			continue
		}
		filled = filled || strings.Trim(line, "\r") != "" || mark != "" && len(got) == 0
		field, value, colon := strings.Cut(line, ":")
		if colon {
			value = strings.TrimPrefix(value, " ")
		}
		switch field {
		case "data":
			if lines++; lines > 1 {
				data.WriteString("\n")
			}
			data.WriteString(value)
		case "event":
			name.Reset()
			name.WriteString(value)
		}
	}
}

func FuzzSplitter(f *testing.F) {
	for _, s := range []string{"data: a\n\n", "data: a\r\n\r\n: c\n\n", "event: x\ndata: a\ndata: b\n\n", "\n\r\n\r\r\n", "data: [DONE]\n", "\xef\xbb\xbf\n\ndata\n\n"} {
		f.Add([]byte(s), uint8(1))
	}
	f.Fuzz(func(t *testing.T, in []byte, step uint8) {
		got, err := split(&steps{in, int(step)%7 + 1})
		if err == nil {
			t.Fatal("no end")
		}
		want := reference(string(in))
		if len(got) == len(want)+1 && got[len(want)].Data == "[DONE]" {
			got = got[:len(want)] // the one that is completed at the end
		}
		if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
			t.Fatal(d)
		}
	})
}

// steps reads n bytes at a time.
type steps struct {
	rest []byte
	n    int
}

func (s *steps) Read(p []byte) (int, error) {
	if len(s.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p, s.rest[:min(s.n, len(s.rest))])
	s.rest = s.rest[n:]
	return n, nil
}

func TestSplitterThatGivesItsBufferUpBetweenEventsLosesNothing(t *testing.T) {
	t.Parallel()
	const stream = "data: a\n\n: note\n\ndata: b\ndata: c\n\nevent: e\ndata: d\n\n"
	want, _ := split(strings.NewReader(stream))
	for reader, r := range map[string]io.Reader{
		"whole":        strings.NewReader(stream),
		"byte by byte": iotest.OneByteReader(strings.NewReader(stream)),
		"in two":       io.MultiReader(strings.NewReader(stream[:20]), strings.NewReader(stream[20:])),
	} {
		var s clouds.Splitter
		s.Reset(r)
		var got []event
		for released := 0; ; {
			for !s.Held() {
				if s.Release() {
					released++
				}
				s.Fill()
			}
			f, err := s.Next()
			if err != nil {
				if d := cmp.Diff(want, got); d != "" || !errors.Is(err, io.EOF) || released == 0 {
					t.Errorf("%s: %v, released %d times\n%s", reader, err, released, d)
				}
				break
			}
			got = append(got, event{string(f.Raw), string(f.Data), string(f.Name)})
		}
	}
}
