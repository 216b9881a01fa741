package events

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
	"unicode/utf8"

	"concord/delivery"
	"concord/journal"
	"concord/pricing"
	"concord/usage"
)

// Append appends the line of an entry, with its newline, which stands in a chain. On an error dst is returned as it came.
func Append(dst []byte, e *journal.Entry, chain journal.ChainID) ([]byte, error) {
	ev := event{SpecVersion: specVersion, ID: e.ID, Source: e.Source, Time: time.Unix(0, e.Time).UTC().Format(time.RFC3339Nano),
		Part: e.Part, ContentType: jsonContent}
	if e.Source == "" {
		ev.Source, ev.ID = chain.String(), liveID(e)
	}
	var data any
	switch body := e.Body.(type) {
	case *journal.Record:
		ev.Type, ev.Subject = TypeRecord, body.Customer
		data = writeRecord(body)
	case *journal.Document:
		ev.Type, ev.Subject = TypeDocument, body.Name
		if int(body.Doc) >= len(docNames) || docNames[body.Doc] == "" {
			return dst, fmt.Errorf("write document %s as an event: its kind %d is unknown to this version", body.Name, body.Doc)
		}
		data = document{docNames[body.Doc], body.Name, hex.EncodeToString(body.Hash[:]), string(body.Bytes)}
	case nil:
		return dst, fmt.Errorf("write %s as an event: it has no body", e.ID)
	default:
		ev.Type = typeOf(body.Kind().String())
		if data, ev.Subject = writeDue(body); data != nil {
			break
		}
		plain, subject := writeChain(body)
		if plain == nil {
			return dst, fmt.Errorf("write %T as an event: its kind is unknown to this version", e.Body)
		}
		data, ev.Subject = plain, subject
	}
	bad := notText(e)
	if bad == "" {
		bad = notTextOf(e, &ev, data)
	}
	if bad != "" {
		return dst, fmt.Errorf("write %s as an event: %q is not UTF-8 and would not be the same when read", ev.ID, bad)
	}
	out := bytes.NewBuffer(dst)
	raw, err := plainJSON(data)
	if err == nil {
		ev.Data = raw
		err = encode(out, ev)
	}
	if err != nil {
		return dst, fmt.Errorf("write %s as an event: %w", ev.ID, err)
	}
	return out.Bytes(), nil
}

// notText returns a text of an entry that JSON cannot carry.
func notText(e *journal.Entry) string {
	texts := []string{e.Source}
	switch body := e.Body.(type) {
	case *journal.Record:
		texts = append(texts, body.Customer, body.Key, body.Product, string(body.API), string(body.Currency), body.Refusal, body.Object)
		for i := range body.Attempts {
			t := &body.Attempts[i]
			texts = append(texts, t.Deployment, t.Cloud, t.Seller, t.Holder)
		}
		if e.Source != "" {
			texts = append(texts, e.ID)
		}
	case *journal.Document:
		texts = append(texts, e.ID, body.Name, string(body.Bytes))
	}
	for _, s := range texts {
		if !utf8.ValidString(s) {
			return s[:min(len(s), 80)]
		}
	}
	return ""
}

// plainJSON encodes without a newline.
func plainJSON(v any) ([]byte, error) {
	var out bytes.Buffer
	err := encode(&out, v)
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), err
}

func encode(out *bytes.Buffer, v any) error {
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

func writeRecord(r *journal.Record) *record {
	out := &record{
		Outcome: r.Outcome.String(), Customer: r.Customer, Key: r.Key, Product: r.Product, API: string(r.API), Stream: r.Stream,
		Terms: hash(r.Terms), Set: hash(r.Set), Currency: string(r.Currency), Attempts: []attempt{}, Served: r.Served + 1,
		Usage: writeUsage(&r.Usage), Lines: writeLines(r.Lines), Refusal: r.Refusal, Delivered: r.Delivered, Ended: r.Ended,
		Object: r.Object, Pending: r.Pending,
	}
	for i := range r.Attempts {
		t := &r.Attempts[i]
		out.Attempts = append(out.Attempts, attempt{
			Deployment: t.Deployment, Cloud: t.Cloud, Seller: t.Seller, Holder: t.Holder, Outcome: outcome(t.Outcome), Status: t.Status,
			Started: t.Started, FirstByte: t.FirstByte, Ended: t.Ended, Usage: writeUsage(&t.Usage), Cost: writeLines(t.Cost), CostUnsure: t.CostUnsure,
		})
	}
	for _, c := range r.Unpriced {
		out.Unpriced = append(out.Unpriced, c.String())
	}
	return out
}

func writeUsage(u *usage.Usage) consumption {
	out := consumption{Tokens: map[string]int64{}, Tier: u.Tier.String(), Evidence: u.Evidence.String()}
	for c := usage.Input; c.Valid(); c++ {
		if n := u.Tokens[c]; n != 0 {
			out.Tokens[c.String()] = n
		}
	}
	return out
}

func writeLines(lines []pricing.Line) []pricedLine {
	out := make([]pricedLine, len(lines))
	for i := range lines {
		l := &lines[i]
		out[i] = pricedLine{l.Class.String(), l.Quantity, l.Unit, l.Amount}
	}
	return out
}

// outcome writes an attempt's outcome; the gateway ended one that has none.
func outcome(o delivery.Outcome) string {
	if o == 0 {
		return ""
	}
	return o.String()
}

// hash writes a hash; none is written for none.
func hash(h journal.Hash) string {
	if h == (journal.Hash{}) {
		return ""
	}
	return hex.EncodeToString(h[:])
}

// docNames are the names of documents, by kind.
var docNames = [...]string{
	journal.DocAgreement: "agreement", journal.DocCatalog: "catalog", journal.DocSet: "set", journal.DocPrices: "prices",
	journal.DocReconciliation: "reconciliation",
}
