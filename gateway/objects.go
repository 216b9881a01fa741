package gateway

import (
	lru "container/list"
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"concord/agreement"
	"concord/delivery"
	"concord/journal"
)

// Objects finds what clouds keep for customers, such as responses, on every replica and after a restart. A journal.Journal
// is one.
type Objects interface {
	FindObject(ctx context.Context, object string) ([]journal.Entry, error)
	Find(ctx context.Context, request journal.RequestID) ([]journal.Entry, error)
	Pending(ctx context.Context, since int64, yield func(*journal.Entry) bool) error
}

// Past returns the router of the terms that a set document named at an instant.
type Past func(ctx context.Context, set journal.Hash, at int64) (*delivery.Router, error)

// A kept object is what a cloud made for a customer and keeps: a response. It stays with the account that made it.
type kept struct {
	id         string
	request    journal.RequestID
	admitted   int64
	customer   string
	key        string
	product    string
	api        agreement.API
	stream     bool
	deployment string // its home
	cloud      string
	seller     string
	holder     string
	terms, set journal.Hash

	mu      sync.Mutex
	pending bool  // what it used is not recorded yet
	watched bool  // somebody polls it
	hold    *hold // of the request that made it, which its later part ends; nil = not looked up
}

// keptOf reads a kept object from a record; nil if nothing was made.
func keptOf(at int64, r *journal.Record) *kept {
	if r.Object == "" || r.Served < 0 || r.Served >= len(r.Attempts) {
		return nil
	}
	t := &r.Attempts[r.Served]
	return &kept{
		id: r.Object, request: r.Request, admitted: at, customer: r.Customer, key: r.Key, product: r.Product, api: r.API,
		stream: r.Stream, deployment: t.Deployment, cloud: t.Cloud, seller: t.Seller, holder: t.Holder,
		terms: r.Terms, set: r.Set, pending: r.Pending,
	}
}

// objectKey names an object to its customer: ids are the clouds', and two may give the same.
type objectKey struct{ customer, id string }

// registry remembers the objects that were met last; the journal knows them all. Safe for concurrent use.
type registry struct {
	most int

	mu    sync.Mutex
	order lru.List // of *kept, the last met first
	known map[objectKey]*lru.Element
}

func newRegistry(most int) *registry {
	return &registry{most: most, known: make(map[objectKey]*lru.Element)}
}

// remember takes an object in and returns the one that stands for it: the one that was known, if the same request made it. Of
// two that clouds gave the same id, the one that was made last counts.
func (r *registry) remember(k *kept) *kept {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := objectKey{k.customer, k.id}
	if e := r.known[key]; e != nil {
		r.order.MoveToFront(e)
		known := e.Value.(*kept)
		switch {
		case known.request == k.request:
			return known
		case known.admitted <= k.admitted:
			e.Value = k
		}
		return k
	}
	r.known[key] = r.order.PushFront(k)
	if r.order.Len() > r.most {
		last := r.order.Back()
		old := r.order.Remove(last).(*kept)
		delete(r.known, objectKey{old.customer, old.id})
	}
	return k
}

func (r *registry) find(customer, id string) *kept {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.known[objectKey{customer, id}]
	if e == nil {
		return nil
	}
	r.order.MoveToFront(e)
	return e.Value.(*kept)
}

// errNoObject says that a customer has no object of that id; whether another has is not told.
var errNoObject = errors.New("no such object")

// findFor bounds a look into the journal.
const findFor = 2 * time.Second

// object finds an object of a customer.
func (g *Gateway) object(ctx context.Context, customer, id string) (*kept, error) {
	if k := g.registry.find(customer, id); k != nil {
		return k, nil
	}
	if g.config.Objects == nil {
		return nil, errNoObject
	}
	ctx, cancel := context.WithTimeout(ctx, findFor)
	defer cancel()
	entries, err := g.config.Objects.FindObject(ctx, id)
	switch {
	case errors.Is(err, journal.ErrNotFound):
		return nil, errNoObject
	case err != nil:
		return nil, fmt.Errorf("find %s: %w", clip(id), err)
	}
	var found *kept
	settled := map[journal.RequestID]bool{}
	for i := range entries {
		r, ok := entries[i].Body.(*journal.Record)
		switch {
		case !ok || r.Customer != customer:
		case entries[i].Part > 0:
			settled[r.Request] = true
		case r.Object == id:
			if k := keptOf(entries[i].Time, r); k != nil {
				found = k
			}
		}
	}
	if found == nil {
		return nil, errNoObject
	}
	found.pending = found.pending && !settled[found.request]
	return g.registry.remember(found), nil
}

// home returns the deployment at which a kept object is reached now: the one that made it, or another in its account.
func (v *view) home(k *kept) (deployment int, ok bool) {
	return v.router.Deployment(k.deployment)
}

// sharesAccount reports whether two deployments of a catalog see each other's objects.
func sharesAccount(a, b *agreement.Deployment) bool {
	return a.Cloud == b.Cloud && a.Account == b.Account && a.Region == b.Region
}

func faultNoObject(param, code, what, id string) *fault {
	return &fault{status: http.StatusNotFound, kind: "invalid_request_error", param: param, code: code,
		message: fmt.Sprintf("%s with id '%s' not found.", what, clip(id))}
}

func faultHome(k *kept, why string) *fault {
	return &fault{status: http.StatusServiceUnavailable, kind: "service_unavailable_error", code: "home_unavailable", final: true,
		message: fmt.Sprintf("%s is kept by deployment %s on %s, which %s. No other cloud has it.", clip(k.id), k.deployment, k.cloud, why)}
}
