package events

import (
	"concord/money"
)

// typeOf returns the type of the events of a kind that is neither usage nor a document, such as "concord.refund.v1".
func typeOf(kind string) string { return "concord." + kind + ".v1" }

type refData struct {
	Kind   string `json:"kind"`
	Source string `json:"source,omitempty"` // none: the chain of the entry itself
	ID     string `json:"id"`
	Part   uint32 `json:"part,omitempty"`
}

// originData is the sale that money belongs to. Who writes an event by hand names it with of or with request; the rest is taken
// from the journal.
type originData struct {
	Of       *refData       `json:"of,omitempty"`
	Request  string         `json:"request,omitempty"`
	At       string         `json:"at,omitempty"`
	Terms    string         `json:"terms,omitempty"`
	Set      string         `json:"set,omitempty"`
	Customer string         `json:"customer,omitempty"`
	Seller   string         `json:"seller,omitempty"`
	Product  string         `json:"product,omitempty"`
	Cloud    string         `json:"cloud,omitempty"`
	Charged  money.Amount   `json:"charged,omitzero"`
	Currency money.Currency `json:"currency,omitempty"`
}

type streamData struct {
	Stream string       `json:"stream"`
	Amount money.Amount `json:"amount"`
}

type factData struct {
	Agreement string `json:"agreement"`
	Fact      string `json:"fact"` // YAML, as it was given
}

type rateData struct {
	Source string         `json:"source"`
	From   money.Currency `json:"from"`
	To     money.Currency `json:"to"`
	At     string         `json:"at"`
	Value  string         `json:"value"` // "1.0832" or "1/3"
}

type refundData struct {
	Origin  originData   `json:"origin"`
	Amount  money.Amount `json:"amount"`
	Streams []streamData `json:"streams,omitempty"`
	Tax     money.Amount `json:"tax,omitzero"`
	Reason  string       `json:"reason,omitempty"`
}

type creditData struct {
	Origin    originData     `json:"origin,omitzero"`
	Agreement string         `json:"agreement,omitempty"`
	Clause    string         `json:"clause,omitempty"`
	From      string         `json:"from"`
	To        string         `json:"to"`
	Amount    money.Amount   `json:"amount"`
	Currency  money.Currency `json:"currency"`
	Statement string         `json:"statement,omitempty"`
	Reason    string         `json:"reason,omitempty"`
}

type feeData struct {
	Name      string         `json:"name"`
	Agreement string         `json:"agreement,omitempty"`
	Clause    string         `json:"clause,omitempty"`
	Payer     string         `json:"payer"`
	Payee     string         `json:"payee"`
	Origin    originData     `json:"origin,omitzero"`
	Amount    money.Amount   `json:"amount"`
	Currency  money.Currency `json:"currency"`
	From      string         `json:"from,omitempty"`
	Until     string         `json:"until,omitempty"`
	Reason    string         `json:"reason,omitempty"`
}

type paidData struct {
	Agreement string       `json:"agreement"`
	Clause    string       `json:"clause"`
	Amount    money.Amount `json:"amount"`
	Withheld  money.Amount `json:"withheld,omitzero"`
	Advance   bool         `json:"advance,omitempty"`
}

type paymentData struct {
	From      string         `json:"from"`
	To        string         `json:"to"`
	Amount    money.Amount   `json:"amount"`
	Withheld  money.Amount   `json:"withheld,omitzero"`
	Currency  money.Currency `json:"currency"`
	Lines     []paidData     `json:"lines,omitempty"`
	Statement string         `json:"statement,omitempty"`
	Reference string         `json:"reference,omitempty"`
}

type invoiceData struct {
	Origin  originData   `json:"origin"`
	Amount  money.Amount `json:"amount"`
	Streams []streamData `json:"streams,omitempty"`
	Tax     money.Amount `json:"tax,omitzero"`
	Number  string       `json:"number,omitempty"`
}

type closeData struct {
	Agreement string         `json:"agreement"`
	Between   [2]string      `json:"between"`
	Period    string         `json:"period"`
	From      string         `json:"from,omitempty"`
	Until     string         `json:"until,omitempty"`
	Number    string         `json:"number"`
	Version   int            `json:"version"`
	Chain     uint64         `json:"at_chain"` // of the journal that it was closed in
	Block     uint64         `json:"at_block"`
	AtHash    string         `json:"at_hash,omitempty"`
	Currency  money.Currency `json:"currency"`
	Lines     []statedData   `json:"lines"`
	Statement string         `json:"statement"` // canonical JSON, as a text: the hash is of its bytes
	Hash      string         `json:"hash,omitempty"`
	Forms     []formData     `json:"forms,omitempty"`
}

type statedData struct {
	Clause string       `json:"clause"`
	Payer  string       `json:"payer"`
	Payee  string       `json:"payee"`
	Amount money.Amount `json:"amount"`
}

type formData struct {
	Name  string `json:"name"`
	Hash  string `json:"hash,omitempty"`
	Bytes []byte `json:"bytes,omitempty"` // base64
}

type acceptanceData struct {
	Statement string `json:"statement"`
	Hash      string `json:"hash,omitempty"`
	By        string `json:"by"`
	Deemed    bool   `json:"deemed,omitempty"`
	Note      string `json:"note,omitempty"`
}

type disputeData struct {
	Statement string         `json:"statement"`
	Hash      string         `json:"hash,omitempty"`
	By        string         `json:"by"`
	Clause    string         `json:"clause,omitempty"`
	Amount    money.Amount   `json:"amount,omitzero"`
	Currency  money.Currency `json:"currency,omitempty"`
	Reason    string         `json:"reason,omitempty"`
}

type correctionData struct {
	Origin  originData   `json:"origin"`
	Attempt int          `json:"attempt"` // whose cost is corrected, from 1; 0 = the sale
	What    string       `json:"what"`
	Was     []pricedLine `json:"was,omitempty"`
	Now     []pricedLine `json:"now,omitempty"`
	Usage   consumption  `json:"usage,omitzero"`
	Holder  string       `json:"holder,omitempty"`
	Reason  string       `json:"reason,omitempty"`
	Cites   string       `json:"cites,omitempty"`
}
