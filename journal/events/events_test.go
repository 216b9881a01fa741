package events_test

import (
	"crypto/sha256"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"concord/agreement"
	"concord/delivery"
	"concord/journal"
	"concord/journal/events"
	"concord/journal/journaltest"
	"concord/money"
	"concord/pricing"
	"concord/usage"
)

func chain() journal.ChainID {
	return journal.ChainID{Gateway: "local", Started: time.Date(2026, 5, 4, 10, 11, 12, 0, time.UTC).UnixNano(), Random: 0x0123456789abcdef}
}

// texts are what customers and others may be called.
func texts() *rapid.Generator[string] {
	return rapid.OneOf(rapid.StringMatching(`[a-z/.-]{1,12}`), rapid.StringN(1, 8, -1).Filter(func(s string) bool { return !strings.Contains(s, ":") }))
}

func anyUsage(t *rapid.T) (u usage.Usage) {
	for _, c := range rapid.SliceOfDistinct(rapid.Uint8Range(1, uint8(usage.NumClasses-1)), rapid.ID[uint8]).Draw(t, "classes") {
		u.Tokens[c] = rapid.Int64Range(1, 1<<62).Draw(t, "tokens")
	}
	u.Tier = usage.Tier(rapid.Uint8Range(0, uint8(usage.Priority)).Draw(t, "tier"))
	u.Evidence = usage.Evidence(rapid.Uint8Range(0, uint8(usage.Estimated)).Draw(t, "evidence"))
	return u
}

func anyLines(t *rapid.T) (all []pricing.Line) {
	for range rapid.IntRange(0, 3).Draw(t, "lines") {
		all = append(all, pricing.Line{Class: usage.Class(rapid.Uint8Range(1, uint8(usage.NumClasses-1)).Draw(t, "class")),
			Quantity: rapid.Int64Min(0).Draw(t, "quantity"), Unit: money.FromPico(rapid.Int64().Draw(t, "unit")),
			Amount: money.FromPico(rapid.Int64().Draw(t, "amount"))})
	}
	return all
}

func anyHash(t *rapid.T, label string) journal.Hash {
	if rapid.Bool().Draw(t, label+" missing") {
		return journal.Hash{}
	}
	return sha256.Sum256([]byte(rapid.String().Draw(t, label)))
}

// anyEntry draws a record of a live chain or of another source, or a document.
func anyEntry(t *rapid.T) *journal.Entry {
	e := &journal.Entry{Time: rapid.Int64().Draw(t, "time"), Part: rapid.Uint32().Draw(t, "part")}
	if rapid.Bool().Draw(t, "imported") {
		e.Source, e.ID = texts().Draw(t, "source"), texts().Draw(t, "id")
	}
	if rapid.IntRange(0, 4).Draw(t, "kind") == 0 {
		raw := []byte(rapid.String().Draw(t, "content"))
		if e.ID == "" {
			e.ID = "document"
		}
		e.Body = &journal.Document{Doc: journal.DocKind(rapid.Uint8Range(1, 5).Draw(t, "doc")), Name: texts().Draw(t, "name"), Hash: sha256.Sum256(raw), Bytes: raw}
		return e
	}
	r := &journal.Record{Request: journal.NewRequestID(rapid.Int64Range(0, 1<<47).Draw(t, "ms"), 7, rapid.Uint64().Draw(t, "random")),
		Outcome:  journal.Outcome(rapid.Uint8Range(1, uint8(journal.Void)).Draw(t, "outcome")),
		Customer: texts().Draw(t, "customer"), Key: texts().Draw(t, "key"), Product: texts().Draw(t, "product"), API: agreement.API("chat"),
		Stream: rapid.Bool().Draw(t, "stream"), Terms: anyHash(t, "terms"), Set: anyHash(t, "set"), Currency: "USD", Usage: anyUsage(t), Lines: anyLines(t),
		Refusal: rapid.SampledFrom([]string{"", `no clause "x" <permits> it & more`}).Draw(t, "refusal"), Delivered: rapid.Int64().Draw(t, "delivered"), Ended: rapid.Int64().Draw(t, "ended")}
	for range rapid.IntRange(0, 3).Draw(t, "attempts") {
		r.Attempts = append(r.Attempts, journal.Tried{Deployment: texts().Draw(t, "deployment"), Cloud: "aws", Seller: "openai", Holder: texts().Draw(t, "holder"),
			Outcome: delivery.Outcome(rapid.Uint8Range(0, uint8(delivery.Superseded)).Draw(t, "outcome")), Status: rapid.IntRange(0, 599).Draw(t, "status"),
			Started: rapid.Int64().Draw(t, "started"), FirstByte: rapid.Int64().Draw(t, "first"), Ended: rapid.Int64().Draw(t, "ended"),
			Usage: anyUsage(t), Cost: anyLines(t), CostUnsure: rapid.Bool().Draw(t, "unsure")})
	}
	r.Served = rapid.IntRange(-1, len(r.Attempts)-1).Draw(t, "served")
	r.Object, r.Pending = rapid.SampledFrom([]string{"", "resp_1"}).Draw(t, "object"), rapid.Bool().Draw(t, "pending")
	if rapid.Bool().Draw(t, "unpriced") {
		r.Unpriced = []usage.Class{usage.OutputAudio, usage.Rejected}
	}
	switch {
	case e.Source == "":
		e.ID = string(r.Request[:])
	default:
		e.ID = r.Request.String()
	}
	e.Body = r
	return e
}

func TestWhatIsWrittenIsReadAsTheSameEntry(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := anyEntry(t)
		line, err := events.Append(nil, e, chain())
		if err != nil {
			t.Fatal(err)
		}
		got, err := events.Parse(line)
		if err != nil {
			t.Fatalf("%v\n%s", err, line)
		}

		want := *e
		if e.Source == "" {
			want.Source = chain().String()
			if r, ok := e.Body.(*journal.Record); ok {
				want.ID = r.Request.String()
			}
		}
		if diff := cmp.Diff(bytesOf(t, &want), bytesOf(t, got)); diff != "" {
			t.Errorf("another entry was read (-want +got):\n%s", cmp.Diff(&want, got, cmp.AllowUnexported(money.Amount{})))
		}
		again, err := events.Append(nil, got, journal.ChainID{Gateway: "import", Started: 1})
		if diff := cmp.Diff(string(line), string(again)); diff != "" || err != nil {
			t.Errorf("%v: written again it is another line (-want +got):\n%s", err, diff)
		}
	})
}

func bytesOf(t *rapid.T, e *journal.Entry) []byte {
	raw, err := journal.AppendEntry(nil, e)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

const good = `{"specversion":"1.0","id":"order-17","source":"https://billing.example/east","type":"concord.usage.record.v1","time":"2026-05-04T15:04:05.5Z","datacontenttype":"application/json","data":{"outcome":"answered","customer":"acme","product":"openai/gpt-5.4","attempts":[{"deployment":"d","cloud":"aws","seller":"openai","holder":"openai","outcome":"answered","started_ns":0,"ended_ns":5,"usage":{"tokens":{"input":4},"tier":"standard","evidence":"reported"},"cost":[]}],"served":1,"usage":{"tokens":{"input":4},"tier":"standard","evidence":"reported"},"lines":[{"class":"input","quantity":4,"unit":"0.0000025","amount":"0.00001"}],"ended_ns":7}}`

func TestAnIDThatIsNoRequestIDGivesTheSameRequestEachTime(t *testing.T) {
	first, err := events.Parse([]byte(good))
	if err != nil {
		t.Fatal(err)
	}
	again, _ := events.Parse([]byte(strings.Replace(good, `05.5Z`, `06.5Z`, 1)))
	other, _ := events.Parse([]byte(strings.Replace(good, `order-17`, `order-18`, 1)))
	id := func(e *journal.Entry) journal.RequestID { return e.Body.(*journal.Record).Request }
	if id(first) != id(again) || id(first) == id(other) || id(first).IsZero() {
		t.Errorf("%s, at another instant %s, of another id %s", id(first), id(again), id(other))
	}
}

func TestAMistakeIsNamedWithItsLineFieldValueAndRemedy(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{`"order-17"`, `""`, "f:2: id: \"\"\n  give the event an id"},
		{`"specversion":"1.0"`, `"specversion":"0.3"`, "f:2: specversion: \"0.3\"\n  write \"1.0\""},
		{`05.5Z`, `05.5`, "f:2: time: \"2026-05-04T15:04:05.5\"\n  write an instant in UTC"},
		{`05.5Z`, `05.500Z`, "without zeros at the end"},
		{`usage.record`, `usage.other`, "f:2: type: \"concord.usage.other.v1\"\n  write concord.usage.record.v1, concord.document.v1, concord.fact.v1"},
		{`"outcome":"answered","customer"`, `"outcome":"nearly","customer"`, "f:2: data.outcome: \"nearly\"\n  write answered, cut"},
		{`"served":1`, `"served":2`, "f:2: data.served: \"2\""},
		{`{"input":4},"tier":"standard","evidence":"reported"},"lines"`, `{"input":-4},"tier":"standard","evidence":"reported"},"lines"`, "f:2: data.usage.tokens.input: \"-4\""},
		{`{"input":4},"tier":"standard","evidence":"reported"},"lines"`, `{"thought":4},"tier":"standard","evidence":"reported"},"lines"`, "f:2: data.usage.tokens: \"thought\"\n  unknown class"},
		{`"amount":"0.00001"`, `"amount":0.00001`, "lines"},
		{`"amount":"0.00001"`, `"amount":"0.0000000000001"`, "f:2:"},
		{`"ended_ns":7`, `"ended_ns":7,"prompt":"secret"`, "f:2:"},
		{`"ended_ns":7}}`, `"ended_ns":7}`, "the line ends too early"},
		{`"ended_ns":7}}`, `"ended_ns":7}} {}`, "something follows the event"},
	} {
		bad := strings.Replace(good, c.old, c.new, 1)
		if bad == good {
			t.Fatalf("%s is not in the good line", c.old)
		}
		r := events.NewReader("f", strings.NewReader(good+"\n"+bad+"\n"), events.NDJSON)
		if _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
		_, err := r.Next()
		if _, ok := errors.AsType[*events.Error](err); !ok || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "f:2:") {
			t.Errorf("%s: got %v, want %s", c.new, err, c.want)
		}
	}
}

func TestAnExtensionOfTheEventIsAllowed(t *testing.T) {
	if _, err := events.Parse([]byte(strings.Replace(good, `"id"`, `"traceparent":"00-1-2-3","id"`, 1))); err != nil {
		t.Error(err)
	}
}

func TestATextThatIsNotUTF8IsNotWritten(t *testing.T) {
	e := &journal.Entry{Source: "s", ID: "i", Body: &journal.Record{Outcome: journal.Answered, Customer: "ac\xffme", Served: -1}}
	if line, err := events.Append(nil, e, chain()); err == nil || len(line) > 0 {
		t.Errorf("%q, %v", line, err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte(`{"specversion":"1.0","id":"a","source":"s","type":"concord.document.v1","time":"2026-05-04T15:04:05Z","data":{"document":"prices","name":"p","hash":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","content":""}}`))
	for _, e := range journaltest.Dues() {
		line, err := events.Append(nil, &e, chain())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		e, err := events.Parse(line)
		if err != nil {
			if _, ok := errors.AsType[*events.Error](err); !ok {
				t.Fatalf("an error without a place: %v", err)
			}
			return
		}
		if e.Body == nil {
			return // of its chain alone
		}
		out, err := events.Append(nil, e, chain())
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		again, err := events.Parse(out)
		if err != nil {
			t.Fatalf("what was written cannot be read: %v\n%s", err, out)
		}
		twice, err := events.Append(nil, again, chain())
		if err != nil || string(twice) != string(out) {
			t.Fatalf("%v: not stable:\n%s\n%s", err, out, twice)
		}
	})
}

func TestALineThatIsTooLongEndsTheReading(t *testing.T) {
	r := events.NewReader("f", io.LimitReader(endless{}, events.MaxLine+10), events.NDJSON)
	if _, err := r.Next(); err == nil || !strings.Contains(err.Error(), "longer than") {
		t.Error(err)
	}
}

type endless struct{}

func (endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = ' '
	}
	return len(b), nil
}
