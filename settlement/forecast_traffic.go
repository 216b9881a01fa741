package settlement

import (
	"slices"

	"concord/agreement"
	"concord/money"
)

// sold is where and when sales under one clause were.
type sold struct {
	agreement, clause, cloud, product string
	currency                          money.Currency
	day                               int32
}

// TrafficOf reads traffic by day from the books: what customers were charged without tax, and what clouds charged, which closes and
// payments do not move. Days are those of each agreement's zone.
func TrafficOf(s *Snapshot) (map[Traffic]map[int32]money.Amount, error) {
	out := map[Traffic]map[int32]money.Amount{}
	charged := map[sold]map[string]money.Amount{} // by customer, with tax
	earned := map[sold]money.Amount{}
	sellers := sellersOf(s.History)
	for i := range s.Cells {
		c := &s.Cells[i]
		parts, err := c.Account.Parse()
		if err != nil {
			return nil, err
		}
		at := sold{c.Agreement, c.Clause, c.Cloud, c.Product, c.Currency, c.Day}
		switch {
		case parts.Root == "cost" && parts.Branch == "usage":
			if charged[at] == nil {
				charged[at] = map[string]money.Amount{}
			}
			charged[at][c.Book], err = charged[at][c.Book].Add(c.Amount)
		case parts.Root == "revenue" && c.Stream != "" && c.Book == sellers[[2]string{c.Agreement, c.Clause}]:
			earned[at], err = earned[at].Sub(c.Amount)
		case parts.Root == "cost" && parts.Branch == "cloud" && c.Product != "":
			err = put(out, Traffic{Cost: true, Party: c.Book, Cloud: c.Cloud, Product: c.Product, Currency: c.Currency}, c.Day, c.Amount)
		}
		if err != nil {
			return nil, err
		}
	}
	for at, customers := range charged {
		seller, ok := sellers[[2]string{at.agreement, at.clause}]
		if !ok {
			continue
		}
		if err := shareOut(out, seller, &at, customers, earned[at]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// shareOut gives each customer its part of what a seller earned in a day: what it was charged, without its tax.
func shareOut(out map[Traffic]map[int32]money.Amount, seller string, at *sold, customers map[string]money.Amount, earned money.Amount) error {
	names := make([]string, 0, len(customers))
	for name := range customers {
		names = append(names, name)
	}
	slices.Sort(names)
	amounts := make([]money.Amount, len(names))
	var total money.Amount
	var err error
	for i, name := range names {
		amounts[i] = customers[name]
		if total, err = total.Add(amounts[i]); err != nil {
			return err
		}
	}
	if total != earned {
		if amounts, err = apportion(earned, amounts); err != nil {
			return err
		}
	}
	for i, name := range names {
		t := Traffic{Party: name, Seller: seller, Cloud: at.cloud, Product: at.product, Currency: at.currency}
		if err := put(out, t, at.day, amounts[i]); err != nil {
			return err
		}
	}
	return nil
}

func put(out map[Traffic]map[int32]money.Amount, t Traffic, day int32, amount money.Amount) (err error) {
	if out[t] == nil {
		out[t] = map[int32]money.Amount{}
	}
	out[t][day], err = out[t][day].Add(amount)
	return err
}

// sellersOf returns who sells under each sale clause.
func sellersOf(history []agreement.Interval) map[[2]string]string {
	sellers := map[[2]string]string{}
	for _, iv := range history {
		for _, f := range iv.Terms.Clauses() {
			if sale, ok := f.Clause.(*agreement.Sale); ok {
				sellers[[2]string{f.Agreement.Name, sale.ID}] = sale.Seller
			}
		}
	}
	return sellers
}
