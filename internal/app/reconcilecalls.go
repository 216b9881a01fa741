package app

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"concord/agreement"
	"concord/journal"
	"concord/settlement/focus"
	"concord/usage"
)

// calls reads what the journal knows of the attempts at one cloud, with what was corrected of their costs.
type calls struct {
	history     *History
	cloud       string
	catalogs    map[journal.Hash]map[string]agreement.Deployment
	corrections map[correctedCall]*journal.Correction
}

// correctedCall names an attempt.
type correctedCall struct {
	request journal.RequestID
	part    uint32
	attempt int
}

// An attemptAt is a call, and which attempt of which record it is.
type attemptAt struct {
	focus.Call
	correctedCall
	usage usage.Usage // as known now
}

// newCalls takes in the corrections of costs: they may stand anywhere after the record.
func newCalls(ctx context.Context, r *Reading, cloud string) (*calls, error) {
	history, err := r.History(ctx)
	if err != nil {
		return nil, err
	}
	c := &calls{history: history, cloud: cloud, catalogs: map[journal.Hash]map[string]agreement.Deployment{}, corrections: map[correctedCall]*journal.Correction{}}
	wanted := func(h *journal.Heading) bool { return h.Kind == journal.KindCorrection }
	err = eachIn(ctx, r.Journal, wanted, func(_ *journal.Block, e *journal.Entry) error {
		if b, ok := e.Body.(*journal.Correction); ok && b.What == "cost" {
			kept := *b
			c.corrections[correctedCall{b.Origin.Sale(), b.Origin.Of.Part, b.Attempt}] = &kept
		}
		return nil
	})
	return c, err
}

// eachIn calls do for every entry of the blocks in which some heading is wanted: the others are not decoded.
func eachIn(ctx context.Context, j journal.Journal, wanted func(*journal.Heading) bool, do func(*journal.Block, *journal.Entry) error) error {
	var failed error
	err := j.Blocks(ctx, journal.Cursor{}, func(b *journal.Block) bool {
		some := false
		if failed = b.Headings(func(h *journal.Heading) { some = some || wanted(h) }); failed != nil || !some {
			return failed == nil
		}
		var refused error
		failed = b.Entries(new(journal.Decoder), func(_ int, e *journal.Entry) bool {
			refused = do(b, e)
			return refused == nil
		})
		failed = errors.Join(failed, refused)
		return failed == nil
	})
	if err := errors.Join(err, failed); err != nil {
		return fmt.Errorf("read the journal: %w", err)
	}
	return nil
}

// each calls do for every attempt that was sent to the cloud from one instant until another. It is valid until do returns.
func (c *calls) each(ctx context.Context, j journal.Journal, from, until int64, do func(*attemptAt) error) error {
	margin := int64(24 * time.Hour) // an attempt may begin long after its request was admitted
	wanted := func(h *journal.Heading) bool {
		return h.Kind == journal.KindRecord && h.Time >= from-margin && h.Time < until
	}
	return eachIn(ctx, j, wanted, func(_ *journal.Block, e *journal.Entry) error {
		r, ok := e.Body.(*journal.Record)
		if !ok {
			return nil
		}
		for i := range r.Attempts {
			t := &r.Attempts[i]
			at := e.Time + t.Started
			if t.Cloud != c.cloud || at < from || at >= until {
				continue
			}
			a, err := c.attempt(e, r, i)
			if err != nil {
				return fmt.Errorf("request %s: %w", r.Request, err)
			}
			if len(a.Lines) == 0 && !a.Unsure {
				continue
			}
			if err := do(a); err != nil {
				return err
			}
		}
		return nil
	})
}

// attempt is what is known now of one attempt.
func (c *calls) attempt(e *journal.Entry, r *journal.Record, i int) (*attemptAt, error) {
	t := &r.Attempts[i]
	a := &attemptAt{correctedCall: correctedCall{r.Request, e.Part, i}, usage: t.Usage}
	a.At, a.Tier, a.Lines, a.Unsure, a.Currency = e.Time+t.Started, t.Usage.Tier, t.Cost, t.CostUnsure, r.Currency
	if b, ok := c.corrections[a.correctedCall]; ok {
		a.Lines, a.Unsure = b.Now, false
		if b.Usage != (usage.Usage{}) {
			a.usage, a.Tier = b.Usage, b.Usage.Tier
		}
	}
	deployments, err := c.deployments(r.Set)
	if err != nil {
		return nil, err
	}
	a.Place = focus.Place{Model: r.Product}
	if d, ok := deployments[t.Deployment]; ok {
		a.Place = focus.Place{Account: d.Account, Region: d.Region, Model: d.Model}
	}
	return a, nil
}

// deployments returns the deployments of a set of documents by id; of no set, those of the latest one.
func (c *calls) deployments(set journal.Hash) (map[string]agreement.Deployment, error) {
	if set == (journal.Hash{}) {
		set = c.history.last
	}
	if known, ok := c.catalogs[set]; ok {
		return known, nil
	}
	d, err := c.history.document(hex.EncodeToString(set[:]))
	if err != nil {
		return nil, err
	}
	var doc journal.SetDoc
	if err := json.Unmarshal(d.Bytes, &doc); err != nil {
		return nil, fmt.Errorf("read set document %x: %w", set[:6], err)
	}
	if d, err = c.history.document(doc.Catalog); err != nil {
		return nil, err
	}
	var catalog agreement.Catalog
	if err := json.Unmarshal(d.Bytes, &catalog); err != nil {
		return nil, fmt.Errorf("read catalog %s: %w", doc.Catalog, err)
	}
	byID := make(map[string]agreement.Deployment, len(catalog.Deployments))
	for _, d := range catalog.Deployments {
		byID[d.ID] = d
	}
	c.catalogs[set] = byID
	return byID, nil
}
