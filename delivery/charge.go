package delivery

import (
	"errors"
	"fmt"

	"concord/agreement"
	"concord/money"
	"concord/pricing"
	"concord/usage"
)

// Books are the price books that check 6 and "cheapest" read.
type Books []*pricing.Book

// ErrNoCost says that no costs book prices what a cloud charges for.
var ErrNoCost = errors.New("delivery: no cost in the costs books")

// A place is what a deployment comes to under the terms: who bills, by which book, and what the cloud charges for it.
type place struct {
	operator string // of the cloud; "" = unknown
	sale     *agreement.Sale
	book     *pricing.Book
	costs    Books
	payer    string        // whom the operator charges; "" = nobody
	price    money.Amount  // of the standard mix, for "cheapest"
	cost     money.Amount  // of the standard mix
	problem  string        // why check 6 fails; "" = it does not
	remedy   string        // what to do about it
	clause   agreement.Ref // the sale clause, where there is one
}

// Sale returns the sale clause under which a deployment is billed; nil if there is none.
func (r *Router) Sale(dep int) *agreement.Sale { return r.places[dep].sale }

// Currency returns the currency of the price book by which a deployment is billed; "" if there is none.
func (r *Router) Currency(dep int) money.Currency {
	if book := r.places[dep].book; book != nil {
		return book.Currency
	}
	return ""
}

// Charge appends what the customer pays for u at a deployment to dst: the price of the sale clause's book at at, less its
// discount. Classes without price are returned, never dropped.
func (r *Router) Charge(dep int, at int64, u *usage.Usage, dst []pricing.Line) (lines []pricing.Line, unpriced []usage.Class, err error) {
	p := &r.places[dep]
	if p.sale == nil || p.book == nil {
		return dst, used(&u.Tokens), nil
	}
	rate, ok := p.book.Find(r.query(dep, p.sale.Seller, "", at, u))
	if !ok {
		return dst, used(&u.Tokens), nil
	}
	lines, _, unpriced, err = rate.Price(dst, &u.Tokens, p.sale.Discount)
	if err != nil {
		return dst, nil, fmt.Errorf("price %s by book %s: %w", r.catalog.Deployments[dep].ID, p.book.Name, err)
	}
	return lines, unpriced, nil
}

// Cost appends what the operator of a deployment's cloud charges for u to dst (agreement.CostPayer): nothing where it is
// the seller itself. ErrNoCost is returned beside the lines that could be priced.
func (r *Router) Cost(dep int, at int64, u *usage.Usage, dst []pricing.Line) ([]pricing.Line, error) {
	p := &r.places[dep]
	if p.payer == "" {
		return dst, nil
	}
	d := &r.catalog.Deployments[dep]
	rate, ok := p.costs.find(r.query(dep, p.operator, p.payer, at, u))
	if !ok {
		return dst, fmt.Errorf("cost of %s: %w", d.ID, ErrNoCost)
	}
	lines, _, unpriced, err := rate.Price(dst, &u.Tokens, money.Rate{})
	if err != nil {
		return dst, fmt.Errorf("cost of %s: %w", d.ID, err)
	}
	if len(unpriced) > 0 {
		return lines, fmt.Errorf("cost of %v at %s: %w", unpriced, d.ID, ErrNoCost)
	}
	return lines, nil
}

func (r *Router) query(dep int, seller, buyer string, at int64, u *usage.Usage) pricing.Query {
	d := &r.catalog.Deployments[dep]
	return pricing.Query{
		Seller: seller, Buyer: buyer, Product: d.Product, Cloud: d.Cloud, Region: d.Region, Deploy: d.ID, At: at, Tier: u.Tier,
		PromptLn: u.Tokens.Prompt(),
	}
}

func used(t *usage.Tokens) []usage.Class {
	var out []usage.Class
	for c, n := range t {
		if n != 0 {
			out = append(out, usage.Class(c))
		}
	}
	return out
}

func (b Books) named(name string) *pricing.Book {
	for _, book := range b {
		if book.Kind == "prices" && book.Name == name {
			return book
		}
	}
	return nil
}

func (b Books) costs() Books {
	var out Books
	for _, book := range b {
		if book.Kind == "costs" {
			out = append(out, book)
		}
	}
	return out
}

func (b Books) find(q pricing.Query) (*pricing.Rate, bool) {
	for _, book := range b {
		if rate, ok := book.Find(q); ok {
			return rate, true
		}
	}
	return nil, false
}

// standardMix is what "cheapest" compares: 1,000 tokens in and 200 out.
var standardMix = usage.Usage{Tokens: usage.Tokens{usage.Input: 1000, usage.Output: 200}}

// place settles who bills a deployment, by which book, and makes check 6: a price for every class that it can return
// and, where somebody pays another party for the cloud, a cost.
func (r *Router) place(d *agreement.Deployment) place {
	p := place{costs: r.books.costs()}
	p.operator, _ = r.terms.Operator(d.Cloud)
	p.payer = agreement.CostPayer(p.operator, d.Holder, d.Seller)
	in, sale, ok := r.terms.Sale(d.Seller, d.Product, d.Cloud)
	if !ok {
		p.problem = fmt.Sprintf("no single sale clause says on which terms %s bills %s on %s", d.Seller, d.Product, d.Cloud)
		p.remedy = "add one sale clause for this seller, product and cloud"
		return p
	}
	p.sale, p.clause = sale, in.Ref()
	if r.unpriced {
		return p
	}
	if p.book = r.books.named(sale.Book); p.book == nil {
		p.problem = fmt.Sprintf("price book %q of %s is not loaded", sale.Book, p.clause.Clause)
		p.remedy = "list the file of that price book in the configuration, or name another in the sale clause"
		return p
	}
	query := r.queryFor(d, sale.Seller, "")
	rate, _ := p.book.Find(query)
	if missing := r.lacks(d, p.book.Find, query, &sold{}); missing != "" {
		p.problem = fmt.Sprintf("book %s has no price of %s for %s of %s on %s", p.book.Name, d.Seller, missing, d.Product, d.Cloud)
		p.remedy = "add the price to the book, for the instants at which these terms are in force"
		return p
	}
	p.price = r.mixed(rate, sale.Discount)
	if p.payer == "" {
		return p
	}
	charged := r.soldAt(d, p.book, query)
	query = r.queryFor(d, p.operator, p.payer)
	rate, _ = p.costs.find(query)
	if missing := r.lacks(d, p.costs.find, query, &charged); missing != "" {
		p.problem = fmt.Sprintf("no costs book says what %s charges %s for %s of %s on %s",
			orUnknown(p.operator), p.payer, missing, d.Product, d.Cloud)
		p.remedy = "add the cost to a costs book; if it is not public, mark it assumed"
		return p
	}
	p.cost = r.mixed(rate, money.Rate{})
	return p
}

func (r *Router) queryFor(d *agreement.Deployment, seller, buyer string) pricing.Query {
	return pricing.Query{
		Seller: seller, Buyer: buyer, Product: d.Product, Cloud: d.Cloud, Region: d.Region, Deploy: d.ID, At: r.at,
		PromptLn: standardMix.Tokens[usage.Input],
	}
}

// mixed prices the standard mix; what does not fit an amount counts as free, since check 6 has refused it elsewhere.
func (r *Router) mixed(rate *pricing.Rate, discount money.Rate) money.Amount {
	_, total, _, err := rate.Price(nil, &standardMix.Tokens, discount)
	if err != nil {
		return money.Amount{}
	}
	return total
}

func words(classes []usage.Class) string {
	out := ""
	for i, c := range classes {
		if i > 0 {
			out += ", "
		}
		out += c.String()
	}
	return out
}

func orUnknown(party string) string {
	if party == "" {
		return "the unknown operator"
	}
	return party
}
