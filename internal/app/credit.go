package app

import "concord/money"

// credit reads what is served while the journal takes no entries.
func (l *loader) credit() {
	doc, c := &l.doc.Journal, l.config
	for name, t := range map[string]text{"unwell": doc.Unwell, "credit": doc.Credit} {
		c.places["journal."+name] = t.Pos(c.File)
	}
	switch or(doc.Unwell, "refuse") {
	case "refuse":
		if doc.Credit.Given() {
			l.reject("config-credit", doc.Credit, "write unwell: credit, or leave credit: out", "journal has a credit of %q and refuses while it is unwell", doc.Credit.Value)
		}
	case "credit":
		amount, currency, ok := parseLimit(doc.Credit.Value)
		if !ok || amount.IsZero() {
			l.reject("config-credit", doc.Credit, `write an amount and its currency, such as credit: "5 USD"`, "journal serves on credit while it is unwell, and the credit %q is no amount of money above 0", doc.Credit.Value)
		}
		c.Journal.Credit, c.Journal.CreditCurrency = amount, currency
	default:
		l.reject("config-credit", doc.Unwell, "write refuse or credit", "while the journal is unwell nothing can be done as %q says", doc.Unwell.Value)
	}
}

// exposure tells how much is served on credit.
func (s *Server) exposure() (currency, amount string) {
	if s.gateway == nil {
		return "", ""
	}
	c, a := s.gateway.Exposure()
	return string(c), a.String()
}

// A CreditStatus is what is served while the journal takes no entries.
type CreditStatus struct {
	Currency money.Currency `json:"currency"`
	Limit    money.Amount   `json:"limit"`
	Exposed  money.Amount   `json:"exposed"` // the most that requests can cost that are not in the journal
}

// creditStatus is nil where no credit is configured.
func (s *Server) creditStatus() *CreditStatus {
	currency, exposed := s.gateway.Exposure()
	if currency == "" {
		return nil
	}
	return &CreditStatus{currency, s.config.Journal.Credit, exposed}
}
