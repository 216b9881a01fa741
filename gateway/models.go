package gateway

import (
	"encoding/json"
	"fmt"
	"net/http"

	"concord/agreement"
	"concord/delivery"
)

// models answers GET /v1/models and, with an id, GET /v1/models/{id}: the models that the key's customer may be served now.
func (g *Gateway) models(w http.ResponseWriter, r *http.Request, id string) {
	if !g.allowed(w, r, http.MethodGet) {
		return
	}
	offer := g.offered.Load()
	key, ok := offer.authenticate(r.Header)
	if !ok {
		g.refuse(w, "models", faultKey)
		return
	}
	began, at := g.now(), g.admit()
	v := offer.viewAt(at)
	w.Header()["X-Concord-Terms"] = v.terms
	var answer any
	if id == "" {
		answer = modelList(v.router, key.Customer, at)
	} else {
		p, known := v.router.Terms().Product(id)
		if !known || !permitted(v.router, p, key.Customer, at) {
			g.refuse(w, "models", unknownModel(id))
			return
		}
		answer = modelOf(id, p)
	}
	body, err := json.Marshal(answer)
	if err != nil {
		g.log.Error("models not written", "error", err)
		g.refuse(w, "models", faultPanic)
		return
	}
	writeBody(w, http.StatusOK, jsonType, body)
	g.observe(Finished{Route: "models", Status: http.StatusOK, Customer: key.Customer, Key: key.ID, Duration: g.now() - began})
}

// A model in OpenAI's form. When it was created is in no agreement; clients need the member.
type model struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Created int64  `json:"created"`
	OwnedBy string `json:"owned_by"`
}

func modelOf(name string, p *agreement.Product) model {
	return model{ID: name, Object: "model", OwnedBy: p.Owner}
}

type list struct {
	Object string  `json:"object"`
	Data   []model `json:"data"`
}

// modelList lists every name that a client may send: the aliases of a product, or its id where it has none.
func modelList(r *delivery.Router, customer string, at int64) list {
	l := list{Object: "list", Data: []model{}}
	for _, p := range r.Terms().Products() {
		if !permitted(r, p, customer, at) {
			continue
		}
		names := p.Aliases
		if len(names) == 0 {
			names = []string{p.ID}
		}
		for _, name := range names {
			l.Data = append(l.Data, modelOf(name, p))
		}
	}
	return l
}

// permitted reports whether some deployment may serve the customer the product, on some surface.
func permitted(r *delivery.Router, p *agreement.Product, customer string, at int64) bool {
	apis := p.APIs
	if len(apis) == 0 {
		apis = agreement.APIs()
	}
	var plan delivery.Plan
	for _, api := range apis {
		for _, stream := range []bool{false, true} { // a condition may permit streams only
			if r.Plan(delivery.Facts{At: at, Customer: customer, Product: p.ID, API: api, Stream: stream}, nil, &plan); !plan.Refused {
				return true
			}
		}
	}
	return false
}

func unknownModel(name string) *fault {
	return &fault{status: http.StatusNotFound, kind: "invalid_request_error", code: "model_not_found",
		message: fmt.Sprintf("The model `%s` does not exist or you do not have access to it. GET /v1/models lists what this key may use.", clip(name))}
}

// clip bounds what an error repeats of a request.
func clip(s string) string {
	const most = 100
	if len(s) <= most {
		return s
	}
	return s[:most] + "..."
}
