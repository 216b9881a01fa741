package journal

import "strconv"

// kindNames are the names of DESIGN and JOURNAL, by number.
var kindNames = [...]string{
	KindOpen: "open", KindSeal: "seal", KindIntent: "intent", KindAttempt: "attempt", KindProgress: "progress",
	KindRecord: "record", KindTerms: "terms", KindPrices: "prices", KindFact: "fact", KindRate: "rate",
	KindRefund: "refund", KindCredit: "credit", KindFee: "fee", KindPayment: "payment", KindInvoice: "invoice",
	KindClose: "close", KindAcceptance: "acceptance", KindDispute: "dispute", KindCorrection: "correction",
	KindMerge: "merge",
}

// String returns the kind's name.
func (k Kind) String() string {
	if int(k) < len(kindNames) && kindNames[k] != "" {
		return kindNames[k]
	}
	return "kind " + strconv.Itoa(int(k))
}

var outcomeNames = [...]string{
	Answered: "answered", Cut: "cut", Cancelled: "cancelled", Failed: "failed", Refused: "refused",
	Interrupted: "interrupted", Void: "void",
}

// String returns the outcome's name.
func (o Outcome) String() string {
	if int(o) < len(outcomeNames) && outcomeNames[o] != "" {
		return outcomeNames[o]
	}
	return "outcome " + strconv.Itoa(int(o))
}

// MarshalText returns String.
func (o Outcome) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// MarshalText returns String.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }
