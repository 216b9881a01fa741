package events_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"concord/journal"
	"concord/journal/events"
)

func TestARecordInCSVIsReadAsTheSameEntry(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := anyEntry(t)
		r, ok := e.Body.(*journal.Record)
		line, err := events.AppendCSV(events.AppendNames(nil), e, chain())
		if !ok || err != nil {
			if ok && !strings.Contains(err.Error(), "line break") && !strings.Contains(err.Error(), "add up") {
				t.Fatal(err)
			}
			return
		}
		got, err := events.NewReader("f.csv", strings.NewReader(string(line)), events.CSV).Next()
		if err != nil {
			t.Fatalf("%v\n%s", err, line)
		}

		want := *e
		if e.Source == "" {
			want.Source, want.ID = chain().String(), r.Request.String()
		}
		if diff := cmp.Diff(bytesOf(t, &want), bytesOf(t, got)); diff != "" {
			t.Errorf("another entry was read:\n%s", line)
		}
		again, err := events.AppendCSV(events.AppendNames(nil), got, journal.ChainID{Gateway: "import", Started: 1})
		if diff := cmp.Diff(string(line), string(again)); diff != "" || err != nil {
			t.Errorf("%v: written again it is another line (-want +got):\n%s", err, diff)
		}
	})
}

const (
	someNames = "id,source,time,outcome,customer,product,tier,evidence,tokens_input,amount,lines,ended_ns"
	someRow   = `a,s,2026-05-04T15:04:05Z,answered,acme,p,standard,reported,4,0.5,"[{""class"":""input"",""quantity"":4,""unit"":""0.125"",""amount"":""0.5""}]",7`
)

func TestColumnsMayBeLeftOutAndMoved(t *testing.T) {
	r := events.NewReader("f.csv", strings.NewReader("\ufeff"+someNames+"\r\n"+someRow+"\r\n"), events.CSV)
	e, err := r.Next()
	if err != nil {
		t.Fatal(err)
	}
	if got := e.Body.(*journal.Record); got.Customer != "acme" || got.Served != -1 || got.Lines[0].Amount.String() != "0.5" || r.Line() != 2 {
		t.Errorf("%+v at line %d", got, r.Line())
	}
	if _, err := r.Next(); err != io.EOF {
		t.Error(err)
	}
}

func TestAMistakeInCSVIsNamedWithItsLineColumnFieldValueAndRemedy(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{",time,", ",when,", "f.csv:1: when: no column has this name"},
		{",time,", ",id,", "f.csv:1: id: two columns have this name"},
		{"answered", "nearly", "f.csv:2:26: outcome: \"nearly\"\n  write answered"},
		{",4,0.5", ",four,0.5", "tokens_input: \"four\"\n  write a whole number"},
		{",4,0.5", ",4,0.6", "amount: \"0.6\"\n  write the sum of the lines, 0.5, or leave it empty"},
		{"standard", "", "tier: \"\"\n  write standard, batch"},
		{`""input""`, `""inputs""`, "lines[0].class: \"inputs\"\n  unknown class"},
		{`""input""`, `input`, "lines: lines: this is not JSON"},
		{`"[`, `["`, "this is not CSV"},
		{",7", "", "it has 11 fields, the first line names 12 columns"},
		{"a,s,", ",s,", "f.csv:2:1: id: \"\"\n  give the event an id"},
	} {
		text := strings.Replace(someNames+"\n"+someRow+"\n", c.old, c.new, 1)
		_, err := events.NewReader("f.csv", strings.NewReader(text), events.CSV).Next()
		if _, ok := errors.AsType[*events.Error](err); !ok || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.new, err, c.want)
		}
	}
}

func FuzzCSV(f *testing.F) {
	f.Add([]byte(someNames + "\n" + someRow + "\n"))
	f.Add(events.AppendNames(nil))
	f.Fuzz(func(t *testing.T, text []byte) {
		r := events.NewReader("f.csv", strings.NewReader(string(text)), events.CSV)
		for {
			e, err := r.Next()
			if err != nil {
				return
			}
			line, err := events.AppendCSV(events.AppendNames(nil), e, chain())
			if err != nil {
				continue // a sum that overflows, bytes that are no text
			}
			again, err := events.NewReader("f.csv", strings.NewReader(string(line)), events.CSV).Next()
			if err != nil {
				t.Fatalf("what was written cannot be read: %v\n%s", err, line)
			}
			twice, err := events.AppendCSV(events.AppendNames(nil), again, chain())
			if err != nil || string(twice) != string(line) {
				t.Fatalf("%v: not stable:\n%s\n%s", err, line, twice)
			}
		}
	})
}
