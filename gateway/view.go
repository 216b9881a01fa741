package gateway

import (
	"encoding/hex"

	"concord/clouds"
	"concord/delivery"
)

// A view is a router with what requests under it need and would otherwise make anew. It is never written once made. A
// request takes one when it is admitted and keeps it to its end, whatever comes into force meanwhile.
type view struct {
	offer  *offer
	router *delivery.Router
	terms  []string          // X-Concord-Terms: the first 8 bytes of the terms hash
	models map[string]string // names that clients may send -> the same string
	places []place           // by deployment index
}

type place struct {
	cloud   []string // X-Concord-Cloud
	target  *clouds.Target
	adapter clouds.Adapter
}

// viewAt returns the view of the terms in force at an admitted instant. Since that never goes back, remembering the last
// one is enough.
func (o *offer) viewAt(admitted int64) *view {
	r := o.timeline.At(admitted)
	if v := o.view.Load(); v != nil && v.router == r {
		return v
	}
	hash := r.Terms().Hash()
	v := &view{offer: o, router: r, terms: []string{hex.EncodeToString(hash[:8])}, models: make(map[string]string)}
	for _, p := range r.Terms().Products() {
		v.models[p.ID] = p.ID
		for _, alias := range p.Aliases {
			v.models[alias] = alias
		}
	}
	deployments := r.Catalog().Deployments
	for i := range deployments {
		d := &deployments[i]
		v.places = append(v.places, place{cloud: []string{d.Cloud}, target: o.targets[d.ID], adapter: o.adapters[speaks(d.Cloud, o.targets[d.ID])]})
	}
	o.view.Store(v)
	return v
}

// speaks names the adapter of a deployment: its target's kind, or else its cloud.
func speaks(cloud string, t *clouds.Target) string {
	if t == nil {
		return cloud
	}
	return t.Speaks()
}
