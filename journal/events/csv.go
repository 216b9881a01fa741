package events

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"concord/journal"
	"concord/money"
	"concord/usage"
)

// tokens is what the names of columns of token classes begin with.
const tokens = "tokens_"

// columns returns the names of the columns, in order: first what people look at, last what is a list.
func columns() []string {
	all := []string{"id", "source", "part", "time", "outcome", "customer", "key", "product", "api", "stream", "currency", "amount", "served"}
	for c := usage.Input; c.Valid(); c++ {
		all = append(all, tokens+c.String())
	}
	return append(all, "tier", "evidence", "unpriced", "refusal", "delivered_bytes", "ended_ns", "terms", "set", "object", "pending", "lines", "attempts")
}

// AppendNames appends the first line of a CSV file.
func AppendNames(dst []byte) []byte {
	return append(append(dst, strings.Join(columns(), ",")...), '\n')
}

// AppendCSV appends the line of a record, with its newline. Lines and attempts are JSON in one column each; amount is the sum of
// the lines. On an error dst is returned as it came.
func AppendCSV(dst []byte, e *journal.Entry, chain journal.ChainID) ([]byte, error) {
	r, ok := e.Body.(*journal.Record)
	if !ok {
		return dst, fmt.Errorf("write %T as CSV: only records are written", e.Body)
	}
	id, source := e.ID, e.Source
	if source == "" {
		id, source = r.Request.String(), chain.String()
	}
	if bad := notText(e); bad != "" {
		return dst, fmt.Errorf("write %s as CSV: %q is not UTF-8 and would not be the same when read", id, bad)
	}
	w := writeRecord(r)
	amount, err := total(w.Lines)
	if err != nil {
		return dst, fmt.Errorf("write %s as CSV: %w", id, err)
	}
	lines, err := plainJSON(w.Lines)
	if err != nil {
		return dst, fmt.Errorf("write the lines of %s as CSV: %w", id, err)
	}
	attempts, err := plainJSON(w.Attempts)
	if err != nil {
		return dst, fmt.Errorf("write the attempts of %s as CSV: %w", id, err)
	}
	number := func(n int64) string { return strconv.FormatInt(n, 10) }
	row := []string{id, source, number(int64(e.Part)), time.Unix(0, e.Time).UTC().Format(time.RFC3339Nano), w.Outcome, w.Customer, w.Key, w.Product,
		w.API, strconv.FormatBool(w.Stream), w.Currency, amount.String(), number(int64(w.Served))}
	for c := usage.Input; c.Valid(); c++ {
		row = append(row, number(w.Usage.Tokens[c.String()]))
	}
	row = append(row, w.Usage.Tier, w.Usage.Evidence, strings.Join(w.Unpriced, " "), w.Refusal, number(w.Delivered), number(w.Ended), w.Terms, w.Set,
		w.Object, strconv.FormatBool(w.Pending), string(lines), string(attempts))
	for i, field := range row {
		if strings.ContainsAny(field, "\r\n") {
			return dst, fmt.Errorf("write %s as CSV: %s %q has a line break, and a record is one line: write ndjson", id, columns()[i], field)
		}
	}
	out := bytes.NewBuffer(dst)
	c := csv.NewWriter(out)
	err = c.Write(row)
	c.Flush()
	if err := errors.Join(err, c.Error()); err != nil {
		return dst, fmt.Errorf("write %s as CSV: %w", id, err)
	}
	return out.Bytes(), nil
}

func total(lines []pricedLine) (sum money.Amount, err error) {
	for i := range lines {
		if sum, err = sum.Add(lines[i].Amount); err != nil {
			return sum, fmt.Errorf("add up the lines: %w", err)
		}
	}
	return sum, nil
}

// A table reads CSV. Columns may stand in any order; one that is missing is empty.
type table struct {
	names []string
}

// head takes the names of the columns.
func (t *table) head(line []byte) error {
	line = bytes.TrimPrefix(line, []byte("\ufeff")) // spreadsheets write it
	fields, _, err := split(line)
	if err != nil {
		return err
	}
	for i, name := range fields {
		if !slices.Contains(columns(), name) {
			return &Error{Field: name, What: "no column has this name", Remedy: "the first line names the columns, some of: " + strings.Join(columns(), ", ")}
		}
		if slices.Contains(fields[:i], name) {
			return &Error{Field: name, What: "two columns have this name", Remedy: "leave one of them out"}
		}
	}
	t.names = fields
	return nil
}

// split takes a line apart and says where in it, from 1, each field begins.
func split(line []byte) (fields []string, at func(int) int, err error) {
	r := csv.NewReader(bytes.NewReader(line))
	r.FieldsPerRecord = -1
	fields, err = r.Read()
	if err == nil {
		return fields, func(i int) int { _, column := r.FieldPos(i); return column }, nil
	}
	bad := &Error{What: "this is not CSV: " + err.Error(), Remedy: "write one record a line, and double the quotes within quotes"}
	if parse, ok := errors.AsType[*csv.ParseError](err); ok {
		bad.Column, bad.What = parse.Column, "this is not CSV: "+parse.Err.Error()
	}
	if errors.Is(err, io.EOF) {
		bad.What = "the line is empty"
	}
	return nil, nil, bad
}

// row is a line of a table and the first thing wrong with it.
type row struct {
	decoder
	values map[string]string
}

// parse reads a line.
func (t *table) parse(line []byte) (*journal.Entry, error) {
	fields, at, err := split(line)
	if err != nil {
		return nil, err
	}
	if len(fields) != len(t.names) {
		return nil, &Error{What: fmt.Sprintf("it has %d fields, the first line names %d columns", len(fields), len(t.names)), Remedy: "write a field for each column"}
	}
	r := row{values: map[string]string{}}
	for i, name := range t.names {
		r.values[name] = fields[i]
	}
	e := r.read()
	if r.err == nil {
		return e, nil
	}
	r.err.Field = strings.TrimPrefix(r.err.Field, "data.")
	for i, name := range t.names {
		if r.err.Field == name || strings.HasPrefix(r.err.Field, name+"[") {
			r.err.Column = at(i)
		}
	}
	return nil, r.err
}

func (r *row) read() *journal.Entry {
	v := r.values
	ev := event{ID: v["id"], Source: v["source"], Time: v["time"], Part: uint32(r.number("part", 0, math.MaxUint32))}
	in := record{
		Outcome: v["outcome"], Customer: v["customer"], Key: v["key"], Product: v["product"], API: v["api"], Stream: v["stream"] == "true",
		Terms: v["terms"], Set: v["set"], Currency: v["currency"], Served: int(r.number("served", 0, math.MaxInt32)), Usage: consumption{Tokens: map[string]int64{}, Tier: v["tier"], Evidence: v["evidence"]},
		Unpriced: strings.Fields(v["unpriced"]), Refusal: v["refusal"], Delivered: r.number("delivered_bytes", math.MinInt64, math.MaxInt64), Ended: r.number("ended_ns", math.MinInt64, math.MaxInt64),
		Object: v["object"], Pending: v["pending"] == "true",
	}
	r.must("pending", v["pending"] == "" || v["pending"] == "true" || v["pending"] == "false", v["pending"], "write true or false")
	r.must("stream", v["stream"] == "" || v["stream"] == "true" || v["stream"] == "false", v["stream"], "write true or false")
	_, err := usage.ParseTier(v["tier"])
	r.must("tier", err == nil, v["tier"], "write standard, batch, flex or priority")
	_, err = usage.ParseEvidence(v["evidence"])
	r.must("evidence", err == nil, v["evidence"], "write none, reported, counted or estimated")
	for c := usage.Input; c.Valid(); c++ {
		if n := r.number(tokens+c.String(), 0, math.MaxInt64); n > 0 {
			in.Usage.Tokens[c.String()] = n
		}
	}
	r.list("lines", &in.Lines)
	r.list("attempts", &in.Attempts)
	e := r.entry(&ev)
	e.Body = r.record(&in, RequestOf(e.Source, e.ID))
	if sum, err := total(in.Lines); v["amount"] != "" {
		r.must("amount", err == nil && sum.String() == v["amount"], v["amount"], "write the sum of the lines, "+sum.String()+", or leave it empty")
	}
	return e
}

// number reads a whole number within bounds; an empty field is 0.
func (r *row) number(name string, low, high int64) int64 {
	text := r.values[name]
	if text == "" {
		return 0
	}
	n, err := strconv.ParseInt(text, 10, 64)
	r.must(name, err == nil && n >= low && n <= high, text, fmt.Sprintf("write a whole number from %d to %d", low, high))
	return n
}

// list reads a list in JSON; an empty field is an empty list.
func (r *row) list(name string, into any) {
	text := r.values[name]
	if text == "" || r.err != nil {
		return
	}
	if err := decode([]byte(text), 0, into, true); err != nil {
		bad, _ := errors.AsType[*Error](err)
		place := name
		if bad.Field != "" {
			place += "." + bad.Field
		}
		r.err = &Error{Field: name, What: place + ": " + bad.What, Remedy: bad.Remedy}
	}
}
