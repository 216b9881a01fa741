package app

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"concord/agreement"
	"concord/journal"
	"concord/journal/events"
	"concord/ledger"
	"concord/pricing"
)

// importCheck goes through a file before anything of it is written: every line is read, compared with what the journal has, and
// posted to a copy of the books' state at the journal's end. What it holds does not grow with the file but for one bit a line; who was seen waits in
// a temporary file.
type importCheck struct {
	file      string
	form      events.Form
	journal   journal.Journal
	empty     bool                  // the journal
	block     map[identity]standing // records of the block of the journal that was looked at last
	documents map[journal.Hash]bool
	state     *ledger.State
	seen      *sightings
	others    bits // lines that are neither documents nor records
	known     bits // lines that are not written: the journal has them, or the file had them before
	done      UsageImport
}

func newImportCheck(ctx context.Context, r *Reading, file string, form events.Form) (*importCheck, error) {
	c := &importCheck{file: file, form: form, journal: r.Journal, documents: map[journal.Hash]bool{}}
	chains, err := r.Journal.Chains(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the chains: %w", err)
	}
	c.empty = len(chains) == 0
	history, err := r.History(ctx)
	if err != nil {
		return nil, err
	}
	for hash := range history.documents {
		c.documents[hash] = true
	}
	if c.state, err = stateNow(ctx, r.Journal, r.Books); err != nil {
		return nil, err
	}
	c.seen, err = newSightings()
	return c, err
}

func (c *importCheck) close() error { return c.seen.close() }

// run checks the file.
func (c *importCheck) run(ctx context.Context, in io.Reader) error {
	sum := sha256.New()
	lines := events.NewReader(c.file, io.TeeReader(in, sum), c.form)
	var encoded []byte
	for {
		e, err := lines.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		if e.Body == nil {
			c.known.set(lines.Line())
			c.done.LeftOut++
			continue
		}
		if encoded, err = journal.AppendEntry(encoded[:0], e); err != nil {
			return lines.Errorf("export it again, or split it", "the journal cannot hold it: %v", err)
		}
		known := false
		switch body := e.Body.(type) {
		case *journal.Document:
			known, err = c.document(lines, body)
		case *journal.Record:
			known, err = c.record(ctx, lines, e, body, encoded)
		default:
			known, err = c.due(ctx, lines, e, encoded)
		}
		if err != nil {
			return err
		}
		if known {
			c.known.set(lines.Line())
			continue
		}
		if _, err := ledger.Post(c.state, e); err != nil {
			return lines.Errorf("the books could not follow: mend the line, or leave it out", "it cannot be posted: %v", err)
		}
	}
	repeated, err := c.seen.repeated()
	if err != nil {
		return err
	}
	for _, again := range repeated {
		if !again.same {
			return &events.Error{File: c.file, Line: again.line, What: fmt.Sprintf("it has the identity of line %d and says something else", again.first),
				Remedy: "one identity has one content: leave one of the two out"}
		}
		if !c.known.has(again.line) {
			c.known.set(again.line)
			if c.others.has(again.line) {
				c.done.Others--
				c.done.KnownOthers++
				continue
			}
			c.done.Records--
			c.done.KnownRecords++
		}
	}
	c.done.Hash = hex.EncodeToString(sum.Sum(nil))
	return nil
}

// document checks that a document can be read, and reports whether it is there already.
func (c *importCheck) document(at *events.Reader, d *journal.Document) (known bool, err error) {
	if c.documents[d.Hash] {
		c.done.KnownDocuments++
		return true, nil
	}
	const remedy = "export it again from where it came"
	switch d.Doc {
	case journal.DocPrices:
		if book, findings := pricing.Parse(d.Name, d.Bytes); book == nil {
			return false, at.Errorf(remedy, "the price book %s cannot be read: %v", d.Name, &Invalid{"price book", findings})
		}
	case journal.DocCatalog:
		if err := json.Unmarshal(d.Bytes, new(agreement.Catalog)); err != nil {
			return false, at.Errorf(remedy, "the catalog cannot be read: %v", err)
		}
	case journal.DocSet:
		var set journal.SetDoc
		if err := json.Unmarshal(d.Bytes, &set); err != nil {
			return false, at.Errorf(remedy, "the set cannot be read: %v", err)
		}
		for _, text := range append(append(append([]string{}, set.Agreements...), set.Prices...), set.Catalog) {
			raw, err := hex.DecodeString(text)
			if err != nil || len(raw) != len(journal.Hash{}) || !c.documents[journal.Hash(raw)] {
				return false, at.Errorf("write documents before the set that names them", "the set names the document %q, which is neither in the file before it nor in the journal", text)
			}
		}
	case journal.DocAgreement: // read when it is posted
	}
	c.documents[d.Hash] = true
	c.done.Documents++
	return false, nil
}

// record compares a record with the journal's of the same identity, and reports whether it is there already.
func (c *importCheck) record(ctx context.Context, at *events.Reader, e *journal.Entry, r *journal.Record, encoded []byte) (known bool, err error) {
	if r.Set != (journal.Hash{}) && !c.documents[r.Set] {
		return false, at.Errorf("import the documents first: concord usage export --format ndjson writes them before the records",
			"it was made under the set of documents %x, which is neither in the file before it nor in the journal", r.Set[:6])
	}
	content := journal.ContentHash(encoded)
	if err := c.seen.add(r.Request, e.Part, content, at.Line()); err != nil {
		return false, err
	}
	if !c.empty {
		if known, err = c.stands(ctx, at, identity{r.Request, e.Part}, content); known || err != nil {
			c.done.KnownRecords++
			return known, err
		}
	}
	c.done.Records++
	return false, nil
}

// due compares what is neither a document nor a record with the journal's of the same identity, and reports whether it is there.
func (c *importCheck) due(ctx context.Context, at *events.Reader, e *journal.Entry, encoded []byte) (known bool, err error) {
	content := journal.ContentHash(encoded)
	c.others.set(at.Line())
	if err := c.seen.add(e.Key(), e.Part, content, at.Line()); err != nil {
		return false, err
	}
	if !c.empty {
		if known, err = c.stands(ctx, at, identity{e.Key(), e.Part}, content); known || err != nil {
			c.done.KnownOthers++
			return known, err
		}
	}
	c.done.Others++
	return false, nil
}

// standing is a record of the journal, or another entry that stands once.
type standing struct {
	source, id string
	content    journal.Hash
}

// identity of a record within a journal.
type identity struct {
	request journal.RequestID
	part    uint32
}

// stands compares a record with the one of the same identity in the journal, if there is one. Files come in the journal's
// order, as a rule: the block that a record is found in is kept for the ones after it.
func (c *importCheck) stands(ctx context.Context, at *events.Reader, id identity, content journal.Hash) (bool, error) {
	have, ok := c.block[id]
	if !ok {
		entries, err := c.journal.Find(ctx, id.request)
		if errors.Is(err, journal.ErrNotFound) {
			return false, nil
		}
		if err != nil {
			return false, fmt.Errorf("find request %s: %w", id.request, err)
		}
		for i := range entries {
			if e := &entries[i]; e.Sole() && e.Key() == id.request && e.Part == id.part {
				if err := c.read(ctx, entries[i].At); err != nil {
					return false, err
				}
			}
		}
		if have, ok = c.block[id]; !ok {
			return false, c.waiting(at, entries, id)
		}
	}
	if have.content != content {
		return false, at.Errorf("one identity has one content: leave the line out, or record what corrects the entry",
			"the journal has an entry of source %q, id %q, part %d that says something else", have.source, have.id, id.part)
	}
	return true, nil
}

// waiting refuses the record of a request that a crash left open: the next server to start resolves it with a record of its own.
func (c *importCheck) waiting(at *events.Reader, entries []journal.Entry, id identity) error {
	for i := range entries {
		if _, ok := entries[i].Body.(*journal.Intent); ok && id.part == 0 {
			return at.Errorf("start the server once, which resolves it, and import then", "the journal has request %s without its record: a crash left it open", id.request)
		}
	}
	return nil
}

// read keeps the records of a block, each with the identity that an export gives it.
func (c *importCheck) read(ctx context.Context, at journal.Cursor) error {
	c.block = map[identity]standing{}
	var failed error
	err := c.journal.Blocks(ctx, journal.Cursor{Chain: at.Chain, Block: at.Block - 1}, func(b *journal.Block) bool {
		var raw []byte
		var refused error
		failed = b.Entries(new(journal.Decoder), func(_ int, e *journal.Entry) bool {
			if !e.Sole() {
				return true
			}
			key := e.Key()
			if e.Source == "" {
				e.Source, e.ID = b.Chain.String(), key.String()
			}
			raw, refused = journal.AppendEntry(raw[:0], e)
			c.block[identity{key, e.Part}] = standing{e.Source, e.ID, journal.ContentHash(raw)}
			return refused == nil
		})
		failed = errors.Join(failed, refused)
		return false
	})
	if err := errors.Join(err, failed); err != nil {
		return fmt.Errorf("read block %d of chain %d: %w", at.Block, at.Chain, err)
	}
	return nil
}

// bits is a set of line numbers.
type bits []uint64

func (b *bits) set(n int) {
	for n/64 >= len(*b) {
		*b = append(*b, 0)
	}
	(*b)[n/64] |= 1 << (n % 64)
}

func (b bits) has(n int) bool { return n/64 < len(b) && b[n/64]&(1<<(n%64)) != 0 }

// sightings finds identities that stand twice in a file of any length. They wait in a temporary file and are compared in
// portions that fit into memory.
type sightings struct {
	file    *os.File
	out     *bufio.Writer
	count   int
	portion int // how many are compared at once
}

const (
	sightingSize = 16 + 4 + 16 + 8   // request, part, content, line
	portion      = 1 << 18           // some 25 MB
	identitySize = sightingSize - 24 // request and part
)

// again is a line whose identity an earlier one has.
type again struct {
	first, line int
	same        bool // it says the same
}

func newSightings() (*sightings, error) {
	file, err := os.CreateTemp("", "concord-import-*")
	if err != nil {
		return nil, fmt.Errorf("create a temporary file: %w", err)
	}
	return &sightings{file: file, out: bufio.NewWriterSize(file, 1<<16), portion: portion}, nil
}

func (s *sightings) add(request journal.RequestID, part uint32, content journal.Hash, line int) error {
	var b [sightingSize]byte
	copy(b[:], request[:])
	binary.BigEndian.PutUint32(b[16:], part)
	copy(b[20:36], content[:])
	binary.BigEndian.PutUint64(b[36:], uint64(line))
	s.count++
	if _, err := s.out.Write(b[:]); err != nil {
		return fmt.Errorf("write the temporary file %s: %w", s.file.Name(), err)
	}
	return nil
}

// repeated returns the lines whose identity stands before them, by portions.
func (s *sightings) repeated() (all []again, err error) {
	if err := s.out.Flush(); err != nil {
		return nil, fmt.Errorf("write the temporary file %s: %w", s.file.Name(), err)
	}
	type sighting struct {
		content [16]byte
		line    int
	}
	portions := uint32(s.count/s.portion + 1)
	for n := range portions {
		in := bufio.NewReaderSize(io.NewSectionReader(s.file, 0, int64(s.count)*sightingSize), 1<<16)
		before := make(map[[identitySize]byte]sighting, min(s.count, s.portion))
		var b [sightingSize]byte
		for range s.count {
			if _, err := io.ReadFull(in, b[:]); err != nil {
				return nil, fmt.Errorf("read the temporary file %s: %w", s.file.Name(), err)
			}
			sum := sha256.Sum256(b[:identitySize]) // ids of one file may be alike
			if binary.BigEndian.Uint32(sum[:])%portions != n {
				continue
			}
			this := sighting{[16]byte(b[20:36]), int(binary.BigEndian.Uint64(b[36:]))}
			if first, ok := before[[identitySize]byte(b[:])]; ok {
				all = append(all, again{first.line, this.line, first.content == this.content})
			} else {
				before[[identitySize]byte(b[:])] = this
			}
		}
	}
	return all, nil
}

func (s *sightings) close() error { return errors.Join(s.file.Close(), os.Remove(s.file.Name())) }
