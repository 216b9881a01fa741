// Package events writes the entries of a journal as CloudEvents 1.0, one JSON object a line, and reads them back to the same
// entries, but for those that belong to their chain alone. It owns that form and what is said about a line that does not have it; what is written into which journal
// is decided elsewhere.
//
// Nothing is lost on the way: reading what was written gives entries that are written as the same bytes again. Instants are
// written to the nanosecond, amounts as texts, hashes in hexadecimal digits.
package events

import (
	"encoding/json"

	"concord/money"
)

// The types of events.
const (
	TypeRecord   = "concord.usage.record.v1"
	TypeDocument = "concord.document.v1"
)

const (
	specVersion = "1.0"
	jsonContent = "application/json"
)

// event is one line.
type event struct {
	SpecVersion string          `json:"specversion"`
	ID          string          `json:"id"`
	Source      string          `json:"source"`
	Type        string          `json:"type"`
	Time        string          `json:"time"`
	Subject     string          `json:"subject,omitempty"`
	Part        uint32          `json:"part,omitempty"` // an extension: part n of the object that id names
	ContentType string          `json:"datacontenttype"`
	Data        json.RawMessage `json:"data"`
}

// document is the data of a document.
type document struct {
	Document string `json:"document"` // agreement, catalog, set or prices
	Name     string `json:"name"`
	Hash     string `json:"hash"` // of the content
	Content  string `json:"content"`
}

// record is the data of a record. The request is the event's id.
type record struct {
	Outcome   string       `json:"outcome"`
	Customer  string       `json:"customer"`
	Key       string       `json:"key,omitempty"`
	Product   string       `json:"product"`
	API       string       `json:"api,omitempty"`
	Stream    bool         `json:"stream,omitempty"`
	Terms     string       `json:"terms,omitempty"`
	Set       string       `json:"set,omitempty"`
	Currency  string       `json:"currency,omitempty"`
	Attempts  []attempt    `json:"attempts"`
	Served    int          `json:"served"` // number of the attempt that served, from 1; 0 = none
	Usage     consumption  `json:"usage"`
	Lines     []pricedLine `json:"lines"`
	Unpriced  []string     `json:"unpriced,omitempty"`
	Refusal   string       `json:"refusal,omitempty"`
	Delivered int64        `json:"delivered_bytes,omitempty"`
	Ended     int64        `json:"ended_ns"`
	Object    string       `json:"object,omitempty"`
	Pending   bool         `json:"pending,omitempty"`
}

// attempt is one try. Instants are nanoseconds after the event's time.
type attempt struct {
	Deployment string       `json:"deployment"`
	Cloud      string       `json:"cloud"`
	Seller     string       `json:"seller"`
	Holder     string       `json:"holder"`
	Outcome    string       `json:"outcome,omitempty"` // none: the gateway itself ended it
	Status     int          `json:"status,omitempty"`
	Started    int64        `json:"started_ns"`
	FirstByte  int64        `json:"first_byte_ns,omitempty"`
	Ended      int64        `json:"ended_ns"`
	Usage      consumption  `json:"usage"`
	Cost       []pricedLine `json:"cost"`
	CostUnsure bool         `json:"cost_unsure,omitempty"`
}

// consumption is usage by class.
type consumption struct {
	Tokens   map[string]int64 `json:"tokens"`
	Tier     string           `json:"tier"`
	Evidence string           `json:"evidence"`
}

// pricedLine is one line of a price or a cost.
type pricedLine struct {
	Class    string       `json:"class"`
	Quantity int64        `json:"quantity"`
	Unit     money.Amount `json:"unit"`
	Amount   money.Amount `json:"amount"`
}
