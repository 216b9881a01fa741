package app

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"concord/agreement"
	"concord/agreement/agreementfile"
	"concord/delivery"
	"concord/journal"
	"concord/pricing"
	"concord/usage"
)

// A History is what the documents of a journal say: under which terms, prices and catalog each of its entries was made.
// With it a decision can be made again, and a price found, from the journal alone. It is not safe for concurrent use.
type History struct {
	documents map[journal.Hash]journal.Document
	sets      map[journal.Hash]*PastSet
	last      journal.Hash // of the set document that came last
	facts     []journal.Entry
	at        journal.Cursor // how far the journal was read
	order     setOrder
}

// A PastSet is one set of documents that was in force together.
type PastSet struct {
	Set      *agreement.Set
	Catalog  *agreement.Catalog
	Books    delivery.Books
	Known    time.Time
	Timeline *delivery.Timeline
}

// ReadHistory collects the documents of a journal. Bodies of other entries are not decoded.
func ReadHistory(ctx context.Context, j journal.Journal) (*History, error) {
	return readHistory(ctx, j, false)
}

// readHistory collects the documents; checked, it refuses a journal with a block that is not what was written.
func readHistory(ctx context.Context, j journal.Journal, checked bool) (*History, error) {
	h := &History{documents: map[journal.Hash]journal.Document{}, sets: map[journal.Hash]*PastSet{}}
	var chains *continuity
	if checked {
		chains = &continuity{last: map[uint64]journal.Block{}}
	}
	if err := h.read(ctx, j, chains); err != nil {
		return nil, err
	}
	return h, nil
}

// read collects the documents that came since it was last called.
func (h *History) read(ctx context.Context, j journal.Journal, chains *continuity) error {
	var failed error
	blocks := func(yield func(*journal.Block) bool) error { return journal.Documents(ctx, j, h.at, yield) }
	if chains != nil { // who checks looks at all
		blocks = func(yield func(*journal.Block) bool) error { return j.Blocks(ctx, h.at, yield) }
	}
	err := blocks(func(b *journal.Block) bool {
		if failed = chains.take(b); failed != nil {
			return false
		}
		wanted := false
		failed = b.Headings(func(head *journal.Heading) {
			wanted = wanted || head.Kind.Documents()
		})
		if failed == nil && wanted {
			failed = b.Entries(new(journal.Decoder), func(_ int, e *journal.Entry) bool {
				if d, ok := e.Body.(*journal.Document); ok {
					h.documents[d.Hash] = *d
					if d.Doc == journal.DocSet {
						h.last = d.Hash
						h.order.take(d, b.Merged > 0)
					}
				} else if _, ok := e.Body.(*journal.Fact); ok {
					h.facts = append(h.facts, *e)
				}
				return true
			})
		}
		if failed == nil {
			h.at = b.At()
		}
		return failed == nil
	})
	if err == nil {
		err = failed
	}
	if err == nil {
		err = chains.ends(ctx, j)
	}
	h.last = h.order.tip(h.last)
	if err != nil {
		return fmt.Errorf("read the journal's documents: %w", err)
	}
	return nil
}

// clone returns a copy that may be changed.
func (h *History) clone() *History {
	c := *h
	c.documents, c.sets, c.facts = maps.Clone(h.documents), maps.Clone(h.sets), slices.Clone(h.facts)
	c.order = h.order.clone()
	return &c
}

// A historian keeps the history of a running server's journal, so that each look at it begins where the last one ended: the whole
// of it is read once, when the server starts. It is safe for concurrent use.
type historian struct {
	mu   sync.Mutex
	kept *History
}

// history returns the documents of the journal. Chains of a journal that merges grow side by side: it has no end to go on from.
func (d *historian) history(ctx context.Context, j journal.Journal) (*History, error) {
	if _, ok := journal.AsMerging(j); ok || d == nil {
		return ReadHistory(ctx, j)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	next := &History{documents: map[journal.Hash]journal.Document{}, sets: map[journal.Hash]*PastSet{}}
	if d.kept != nil {
		next = d.kept.clone()
	}
	if err := next.read(ctx, j, nil); err != nil {
		return nil, err
	}
	d.kept = next
	return next.clone(), nil
}

// Latest compiles the set of documents that came into force last.
func (h *History) Latest() (*PastSet, error) {
	if h.last == (journal.Hash{}) {
		return nil, fmt.Errorf("the journal holds no agreements: no server has ever written to it")
	}
	return h.Set(h.last)
}

// Set compiles the set of documents that entries name by hash.
func (h *History) Set(hash journal.Hash) (*PastSet, error) {
	if s, ok := h.sets[hash]; ok {
		return s, nil
	}
	d, ok := h.documents[hash]
	if !ok {
		return nil, fmt.Errorf("set document %x: %w", hash[:6], journal.ErrNotFound)
	}
	var doc journal.SetDoc
	if err := json.Unmarshal(d.Bytes, &doc); err != nil {
		return nil, fmt.Errorf("read set document %x: %w", hash[:6], err)
	}
	s := &PastSet{Known: time.Unix(0, doc.Known).UTC(), Catalog: &agreement.Catalog{}}
	var agreements []*agreement.Agreement
	for _, text := range doc.Agreements {
		d, err := h.document(text)
		if err != nil {
			return nil, err
		}
		parsed, findings := agreementfile.Parse(d.Name, d.Bytes)
		if parsed == nil {
			return nil, &Invalid{"agreement", findings}
		}
		agreements = append(agreements, parsed)
	}
	for _, text := range doc.Prices {
		d, err := h.document(text)
		if err != nil {
			return nil, err
		}
		book, findings := pricing.Parse(d.Name, d.Bytes)
		if book == nil {
			return nil, &Invalid{"price book", findings}
		}
		s.Books = append(s.Books, book)
	}
	d, err := h.document(doc.Catalog)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(d.Bytes, s.Catalog); err != nil {
		return nil, fmt.Errorf("read catalog %s: %w", doc.Catalog, err)
	}
	s.Set = agreement.NewSet(agreements...)
	timeline, findings := delivery.NewTimeline(s.Set, s.Catalog, s.Books, s.Known)
	if timeline == nil {
		return nil, &Invalid{"agreement", findings}
	}
	s.Timeline = timeline
	h.sets[hash] = s
	return s, nil
}

func (h *History) document(text string) (journal.Document, error) {
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != len(journal.Hash{}) {
		return journal.Document{}, fmt.Errorf("a set names the document %q, which is no SHA-256", text)
	}
	d, ok := h.documents[journal.Hash(raw)]
	if !ok {
		return d, fmt.Errorf("document %s: %w", text, journal.ErrNotFound)
	}
	return d, nil
}

// Price prices the usage of an attempt that a crash interrupted, under the documents of its intent.
func (h *History) Price(in *journal.Intent, admitted int64, deployment string, u *usage.Usage) (journal.Quote, error) {
	set, err := h.Set(in.Set)
	if err != nil {
		return journal.Quote{}, err
	}
	router := set.Timeline.At(admitted)
	for i := range set.Catalog.Deployments {
		d := &set.Catalog.Deployments[i]
		if d.ID != deployment {
			continue
		}
		q := journal.Quote{Cloud: d.Cloud, Seller: d.Seller, Holder: d.Holder, Currency: router.Currency(i), Charging: agreement.ChargeNone}
		if sale := router.Sale(i); sale != nil {
			q.Charging = sale.Charge.Interrupted
		}
		if q.Lines, q.Unpriced, err = router.Charge(i, admitted, u, nil); err != nil {
			return q, fmt.Errorf("price an interrupted attempt at %s: %w", deployment, err)
		}
		if q.Cost, err = router.Cost(i, admitted, u, nil); err != nil {
			return q, fmt.Errorf("cost of an interrupted attempt at %s: %w", deployment, err)
		}
		return q, nil
	}
	return journal.Quote{}, fmt.Errorf("deployment %s: %w", deployment, journal.ErrNotFound)
}

// setDocuments makes the catalog's and the set's documents of a configuration; all are what the journal keeps of it.
func setDocuments(c *Config) (documents []journal.Document, set journal.Hash, err error) {
	catalog, err := json.Marshal(c.Catalog)
	if err != nil {
		return nil, set, fmt.Errorf("write the catalog as JSON: %w", err)
	}
	doc := journal.SetDoc{Known: c.Known.UnixNano(), Follows: c.follows}
	for _, d := range c.Documents {
		text := hex.EncodeToString(d.Hash[:])
		if d.Doc == journal.DocAgreement {
			doc.Agreements = append(doc.Agreements, text)
		} else {
			doc.Prices = append(doc.Prices, text)
		}
	}
	catalogDoc := journal.Document{Doc: journal.DocCatalog, Name: "catalog", Hash: sum(catalog), Bytes: catalog}
	doc.Catalog = hex.EncodeToString(catalogDoc.Hash[:])
	written, err := json.Marshal(doc)
	if err != nil {
		return nil, set, fmt.Errorf("write the set as JSON: %w", err)
	}
	setDoc := journal.Document{Doc: journal.DocSet, Name: "set", Hash: sum(written), Bytes: written}
	documents = append(append(documents, c.Documents...), catalogDoc, setDoc)
	return documents, setDoc.Hash, nil
}
