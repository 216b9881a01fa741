package ledger

import (
	"errors"
	"fmt"

	"concord/agreement"
	"concord/journal"
	"concord/money"
)

// credit posts a credit note: to a customer it takes a part of a sale back; under a clause it lowers what the payer owes.
func (s *State) credit(at int64, c *journal.Credit) error {
	s.work.tx.Currency = c.Currency
	if err := positive("credit", c.Amount, money.Amount{}); err != nil {
		return err
	}
	if c.From == c.To {
		return fmt.Errorf("%s gives it to itself", c.From)
	}
	if c.Origin.Customer == "" {
		return s.creditClause(at, c)
	}
	if c.From != c.Origin.Seller || c.To != c.Origin.Customer || c.Currency != c.Origin.Currency {
		return fmt.Errorf("%s gives it to %s in %s, and the sale is %s's to %s in %s: a customer's credit comes from its seller, in the sale's currency",
			c.From, c.To, c.Currency, c.Origin.Seller, c.Origin.Customer, c.Origin.Currency)
	}
	return s.back(at, &c.Origin, c.Amount, money.Amount{}, nil, flowCredit)
}

// creditClause lowers what a clause made owed: what is stated and not paid first, or the statement that it names, and the
// rest of what is accrued.
func (s *State) creditClause(at int64, c *journal.Credit) error {
	k := dueKey{clauseKey{c.Agreement, c.Clause}, c.To, c.From, c.Currency}
	if err := s.hasClause(k.clauseKey, c.Currency); err != nil {
		return err
	}
	cost, revenue, where, err := s.flowOf(k, &c.Origin)
	if err != nil {
		return err
	}
	stated, err := s.payStated(k, c.Amount, c.Statement)
	if err != nil {
		return err
	}
	accrued, err := c.Amount.Sub(stated)
	if err != nil {
		return err
	}
	s.work.aside = true // it is neither earned on its day, nor a part of what was accrued
	if err := s.move(at, k, where, stated, StatedPayable(k.payee, k.clause), cost, revenue, StatedReceivable(k.payer, k.clause)); err != nil {
		return err
	}
	return s.move(at, k, where, accrued, AccruedPayable(k.payee, k.clause), cost, revenue, AccruedReceivable(k.payer, k.clause))
}

// flowOf returns the accounts in which the cost and the revenue of a clause stand.
func (s *State) flowOf(k dueKey, o *journal.Origin) (cost, revenue Account, at place, err error) {
	cloud := o.Cloud
	if c, ok := s.clauses[k.clauseKey]; ok {
		switch clause := c.Clause.(type) {
		case *agreement.RevenueShare:
			return Cost("share", k.clause), Revenue("share", k.clause), place{cloud: o.Cloud, product: o.Product}, nil
		case *agreement.Sale:
			return "", "", at, errors.New("what a sale charged is credited to its customer: name the sale")
		case *agreement.Commitment:
			if cloud == "" && len(clause.Counts.Clouds) == 1 {
				cloud = clause.Counts.Clouds[0]
			}
			if cloud == "" {
				return "", "", at, fmt.Errorf("commitment %s is for several clouds: name the one", k.clause)
			}
		case *agreement.License, *agreement.Delivery, *agreement.Milestone:
			return Cost("fee", k.clause), Revenue("fee", k.clause), place{cloud: o.Cloud, product: o.Product}, nil
		}
	} else if name, ok := capacityCloud(k.clause); ok {
		cloud = name
	}
	return Cost("cloud", cloud), Revenue("infrastructure", cloud), place{cloud: cloud, product: o.Product}, nil
}
