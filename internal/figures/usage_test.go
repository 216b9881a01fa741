package figures_test

import (
	"bufio"
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"concord/journal"
	"concord/journal/events"
)

// usageFile is a file of usage that an earlier run of the demo exported: its agreements, prices and catalogs, and records.
const usageFile = "../app/testdata/usage.ndjson"

// sample is the documents and records of usageFile.
type sample struct {
	documents []journal.Entry
	records   []journal.Entry
}

func readSample(t testing.TB) *sample {
	t.Helper()
	raw, err := os.ReadFile(filepath.FromSlash(usageFile))
	if err != nil {
		t.Fatal(err)
	}
	s := &sample{}
	for line := range bytes.Lines(raw) {
		e, err := events.Parse(line)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := e.Body.(*journal.Record); ok {
			s.records = append(s.records, *e)
		} else {
			s.documents = append(s.documents, *e)
		}
	}
	return s
}

// id returns the nth request's id.
func id(n int) journal.RequestID {
	return journal.NewRequestID(1_795_458_058_000+int64(n), 0xcd00, uint64(n)*0x9e3779b97f4a7c15)
}

// record returns the nth record: one of the sample's, as another request. perDay of them are admitted in a day.
func (s *sample) record(n, perDay int) journal.Entry {
	e := s.records[n%len(s.records)]
	body := *e.Body.(*journal.Record)
	body.Request = id(n)
	e.Time += int64(n) * (24 * 3600 * 1e9 / int64(perDay))
	e.ID, e.Body = body.Request.String(), &body
	return e
}

// live returns the nth request as a gateway writes it, its intent and its record.
func (s *sample) live(n, perDay int) (intent, record journal.Entry) {
	record = s.record(n, perDay)
	body := record.Body.(*journal.Record)
	record.Source, record.ID = "", string(body.Request[:])
	intent = journal.Entry{Time: record.Time, ID: record.ID, Body: &journal.Intent{
		Request: body.Request, Key: body.Key, Customer: body.Customer, Product: body.Product, API: body.API, Stream: body.Stream,
		Terms: body.Terms, Set: body.Set, InputBytes: 4096, OutputBound: 1000, First: body.Attempts[0].Deployment,
	}}
	return intent, record
}

// write makes a file of n records, after the documents.
func (s *sample) write(t testing.TB, file string, n int) {
	t.Helper()
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	out := bufio.NewWriterSize(f, 1<<20)
	var line []byte
	put := func(e *journal.Entry) {
		if line, err = events.Append(line[:0], e, journal.ChainID{}); err != nil {
			t.Fatal(err)
		}
		if _, err := out.Write(line); err != nil {
			t.Fatal(err)
		}
	}
	for i := range s.documents {
		put(&s.documents[i])
	}
	for i := range n {
		e := s.record(i, 86_400_000)
		put(&e)
	}
	if err := out.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
