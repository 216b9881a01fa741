package events

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"concord/agreement"
	"concord/delivery"
	"concord/journal"
	"concord/money"
	"concord/pricing"
	"concord/usage"
)

// MaxLine is the longest line: a document of the longest entry, every byte of it escaped.
const MaxLine = 6*journal.MaxEntry + 1<<16

// An Error says what is wrong with a line, where, and what to do.
type Error struct {
	File   string
	Line   int
	Column int    // 0 = the field says where
	Field  string // "" = the line as a whole
	What   string // with the value
	Remedy string
}

// Error gives file, line, place, what is wrong, and the remedy.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d:", e.File, e.Line)
	if e.Column > 0 {
		fmt.Fprintf(&b, "%d:", e.Column)
	}
	if e.Field != "" {
		fmt.Fprintf(&b, " %s:", e.Field)
	}
	fmt.Fprintf(&b, " %s\n  %s", e.What, e.Remedy)
	return b.String()
}

// Form is the form of a file.
type Form string

// The forms.
const (
	NDJSON Form = "ndjson" // a CloudEvent a line: documents and records
	CSV    Form = "csv"    // a line of names, then a record a line
)

// A Reader reads events line by line. What it holds does not grow with the file.
type Reader struct {
	file  string
	in    *bufio.Scanner
	line  int
	table *table // of CSV
}

// NewReader reads a file of that name.
func NewReader(file string, r io.Reader, f Form) *Reader {
	in := bufio.NewScanner(r)
	in.Buffer(make([]byte, 0, 1<<16), MaxLine)
	out := &Reader{file: file, in: in}
	if f == CSV {
		out.table = &table{}
	}
	return out
}

// Line returns the number of the line that Next read last.
func (r *Reader) Line() int { return r.line }

// Errorf makes an error about the line that Next read last.
func (r *Reader) Errorf(remedy, format string, args ...any) *Error {
	return &Error{File: r.file, Line: r.line, What: fmt.Sprintf(format, args...), Remedy: remedy}
}

// Next returns the entry of the next line, io.EOF after the last one. Its Source and ID are the event's, and it is as Parse says.
func (r *Reader) Next() (*journal.Entry, error) {
	r.line++
	if !r.in.Scan() {
		err := r.in.Err()
		if errors.Is(err, bufio.ErrTooLong) {
			return nil, r.Errorf("write one event a line", "the line is longer than %d bytes", MaxLine)
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", r.file, err)
		}
		return nil, io.EOF
	}
	var e *journal.Entry
	var err error
	switch {
	case r.table == nil:
		e, err = Parse(r.in.Bytes())
	case r.line == 1:
		if err = r.table.head(r.in.Bytes()); err == nil {
			return r.Next()
		}
	default:
		e, err = r.table.parse(r.in.Bytes())
	}
	if bad, ok := errors.AsType[*Error](err); ok {
		bad.File, bad.Line = r.file, r.line
	}
	return e, err
}

// Parse reads one line. Its errors are *Error without file and line. An entry that belongs to its chain alone, such as an intent,
// has no body: its record says what it led to, and it cannot stand in another chain.
func Parse(line []byte) (*journal.Entry, error) {
	var ev event
	if err := decode(line, 0, &ev, false); err != nil {
		return nil, err
	}
	d := decoder{}
	d.must("specversion", ev.SpecVersion == specVersion, ev.SpecVersion, `write "1.0"`)
	d.must("datacontenttype", ev.ContentType == "" || ev.ContentType == jsonContent, ev.ContentType, "write application/json")
	d.must("data", len(ev.Data) > 0, "", "give the event its data")
	e := d.entry(&ev)
	if d.err != nil {
		return nil, d.err
	}
	at := bytes.LastIndex(line, ev.Data) // where columns of the data begin
	switch ev.Type {
	case TypeRecord:
		var data record
		if err := decode(ev.Data, at, &data, true); err != nil {
			return nil, err
		}
		d.must("subject", ev.Subject == "" || ev.Subject == data.Customer, ev.Subject, "write the customer of the record, "+data.Customer)
		e.Body = d.record(&data, RequestOf(e.Source, e.ID))
	case TypeDocument:
		var data document
		if err := decode(ev.Data, at, &data, true); err != nil {
			return nil, err
		}
		e.Body = d.document(&data)
	default:
		if _, ok := kindOf(ev.Type, ofChain()); ok {
			return e, nil
		}
		kind, ok := kindOf(ev.Type, readable())
		if d.must("type", ok, ev.Type, "write "+types()); !ok {
			break
		}
		var err error
		if e.Body, err = d.due(kind, ev.Data, at); err != nil {
			return nil, err
		}
	}
	if d.err != nil {
		return nil, d.err
	}
	return e, nil
}

// entry reads what identifies an event, without its body.
func (d *decoder) entry(ev *event) *journal.Entry {
	d.must("id", ev.ID != "", ev.ID, "give the event an id that is its own within its source")
	d.must("source", ev.Source != "", ev.Source, "name who made the event: source and id are its identity")
	return &journal.Entry{Source: ev.Source, ID: ev.ID, Part: ev.Part, Time: d.instant("time", ev.Time)}
}

// RequestOf returns the request of a record that came from a source: its id, where that is one of ours, else one that follows from
// source and id.
func RequestOf(source, id string) journal.RequestID {
	if request, err := journal.ParseRequestID(id); err == nil {
		return request
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%d:%s%s", len(source), source, id))
	return journal.RequestID(sum[:16])
}

// decode reads JSON that begins at a column of its line. Attributes of an event that nobody knows are extensions; fields of its
// data that nobody knows would be lost.
func decode(raw []byte, at int, into any, strict bool) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	if strict {
		d.DisallowUnknownFields()
	}
	err := d.Decode(into)
	if err == nil {
		if _, more := d.Token(); more != io.EOF {
			return &Error{Column: at + int(d.InputOffset()) + 1, What: "something follows the event", Remedy: "write one event a line"}
		}
		return nil
	}
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return &Error{Column: at + int(syntax.Offset), What: "this is not JSON: " + syntax.Error(), Remedy: "write one JSON object a line"}
	}
	if kind, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return &Error{Column: at + int(kind.Offset), Field: kind.Field, What: "a " + kind.Value + " does not belong here", Remedy: "see docs/exports.md for the form of each field"}
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return &Error{Column: at + max(0, bytes.Index(raw, []byte(name))) + 1, Field: strings.Trim(name, `"`),
			What: "no such field is known", Remedy: "leave it out: it would be lost"}
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &Error{Column: at + len(raw) + 1, What: "the line ends too early", Remedy: "write one JSON object a line; was the file cut off?"}
	}
	return &Error{Column: at + int(d.InputOffset()) + 1, What: err.Error(), Remedy: "see docs/exports.md for the form of each field"}
}

// decoder checks values; its first error sticks.
type decoder struct{ err *Error }

func (d *decoder) must(field string, good bool, value, remedy string) {
	if !good && d.err == nil {
		if len(value) > 80 {
			value = value[:80] + "..."
		}
		d.err = &Error{Field: field, What: fmt.Sprintf("%q", value), Remedy: remedy}
	}
}

func (d *decoder) instant(field, text string) int64 {
	t, err := time.Parse(time.RFC3339Nano, text)
	good := err == nil && t.Equal(time.Unix(0, t.UnixNano())) && t.UTC().Format(time.RFC3339Nano) == text
	d.must(field, good, text, "write an instant in UTC, such as 2026-05-04T15:04:05.123Z, without zeros at the end")
	return t.UnixNano()
}

func (d *decoder) hash(field, text string) (h journal.Hash) {
	if text == "" {
		return h
	}
	raw, err := hex.DecodeString(text)
	d.must(field, err == nil && len(raw) == len(h) && hex.EncodeToString(raw) == text && strings.Trim(text, "0") != "", text, "write a SHA-256 as 64 small hexadecimal digits, not all zero")
	copy(h[:], raw)
	return h
}

func (d *decoder) document(in *document) *journal.Document {
	out := &journal.Document{Name: in.Name, Hash: d.hash("data.hash", in.Hash), Bytes: []byte(in.Content)}
	for kind, name := range docNames {
		if name == in.Document && name != "" {
			out.Doc = journal.DocKind(kind)
		}
	}
	d.must("data.document", out.Doc != 0, in.Document, "write agreement, catalog, set, prices or reconciliation")
	if sum := journal.Hash(sha256.Sum256(out.Bytes)); sum != out.Hash {
		d.must("data.content", false, in.Content, "it does not have the hash that data.hash states: it was changed on the way; export it again")
	}
	return out
}

func (d *decoder) record(in *record, request journal.RequestID) *journal.Record {
	out := &journal.Record{
		Request: request, Customer: in.Customer, Key: in.Key, Product: in.Product, API: agreement.API(in.API),
		Stream: in.Stream, Terms: d.hash("data.terms", in.Terms), Set: d.hash("data.set", in.Set), Currency: money.Currency(in.Currency),
		Served: in.Served - 1, Usage: d.usage("data.usage", &in.Usage), Lines: d.lines("data.lines", in.Lines),
		Refusal: in.Refusal, Delivered: in.Delivered, Ended: in.Ended,
		Object: in.Object, Pending: in.Pending,
	}
	for o := journal.Answered; o <= journal.Void; o++ {
		if o.String() == in.Outcome {
			out.Outcome = o
		}
	}
	d.must("data.outcome", out.Outcome != 0, in.Outcome, "write answered, cut, cancelled, failed, refused, interrupted or void")
	d.must("data.customer", in.Customer != "" && !strings.Contains(in.Customer, ":"), in.Customer, "name the customer, without a colon")
	d.must("data.served", in.Served >= 0 && in.Served <= len(in.Attempts), fmt.Sprint(in.Served), "write the number of the attempt that served, from 1, or 0 for none")
	for i := range in.Attempts {
		out.Attempts = append(out.Attempts, d.attempt(fmt.Sprintf("data.attempts[%d]", i), &in.Attempts[i]))
	}
	for i, name := range in.Unpriced {
		out.Unpriced = append(out.Unpriced, d.class(fmt.Sprintf("data.unpriced[%d]", i), name))
	}
	return out
}

func (d *decoder) attempt(field string, in *attempt) journal.Tried {
	out := journal.Tried{
		Deployment: in.Deployment, Cloud: in.Cloud, Seller: in.Seller, Holder: in.Holder, Status: in.Status, Started: in.Started,
		FirstByte: in.FirstByte, Ended: in.Ended, Usage: d.usage(field+".usage", &in.Usage), Cost: d.lines(field+".cost", in.Cost), CostUnsure: in.CostUnsure,
	}
	for o := delivery.Answered; o <= delivery.Superseded; o++ {
		if o.String() == in.Outcome {
			out.Outcome = o
		}
	}
	d.must(field+".outcome", out.Outcome != 0 || in.Outcome == "", in.Outcome, "write an outcome of an attempt, such as answered, throttled or server_error")
	d.must(field+".status", in.Status >= 0 && in.Status <= 999, fmt.Sprint(in.Status), "write the HTTP status, or leave it out")
	return out
}

func (d *decoder) class(field, name string) usage.Class {
	c, err := usage.ParseClass(name)
	if err != nil {
		d.must(field, false, name, strings.TrimPrefix(err.Error(), "usage: "))
	}
	return c
}

func (d *decoder) usage(field string, in *consumption) (out usage.Usage) {
	var names []string
	for name := range in.Tokens {
		names = append(names, name)
	}
	slices.Sort(names) // the same error each time
	for _, name := range names {
		n := in.Tokens[name]
		d.must(field+".tokens."+name, n > 0, fmt.Sprint(n), "write how many, or leave out what was not used")
		out.Tokens[d.class(field+".tokens", name)] = n
	}
	var err error
	if out.Tier, err = usage.ParseTier(in.Tier); err != nil {
		d.must(field+".tier", false, in.Tier, strings.TrimPrefix(err.Error(), "usage: "))
	}
	if out.Evidence, err = usage.ParseEvidence(in.Evidence); err != nil {
		d.must(field+".evidence", false, in.Evidence, strings.TrimPrefix(err.Error(), "usage: "))
	}
	return out
}

func (d *decoder) lines(field string, in []pricedLine) (out []pricing.Line) {
	for i := range in {
		l := &in[i]
		at := fmt.Sprintf("%s[%d]", field, i)
		d.must(at+".quantity", l.Quantity >= 0, fmt.Sprint(l.Quantity), "write how many")
		out = append(out, pricing.Line{Class: d.class(at+".class", l.Class), Quantity: l.Quantity, Unit: l.Unit, Amount: l.Amount})
	}
	return out
}
