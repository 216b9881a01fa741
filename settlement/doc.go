// Package settlement says what the books come to between parties: who owes whom under which clause, what each seller
// earned, and the statement of a period. It reads balances and terms, never a clock; what it computes it rounds once, on
// the cumulative amount of a clause, and fits the lines of a statement to that by largest remainder.
//
// Draft cuts a statement that binds nobody. Its figures are derived from daily balances and checked against the running
// state of the ledger: a control that does not agree is part of the statement.
package settlement
