package cli

import (
	"encoding/hex"
	"fmt"

	"github.com/spf13/cobra"

	"concord/internal/app"
	"concord/ledger"
	"concord/money"
	"concord/report"
)

func newLedger(env Env) *cobra.Command {
	return group("ledger", "Check, rebuild, read and export the books", newLedgerVerify(env), newLedgerRebuild(env), newLedgerBalances(env), newLedgerExport(env))
}

func newLedgerVerify(env Env) *cobra.Command {
	var out format
	var at place
	cmd := &cobra.Command{
		Use: "verify", Short: "Check that every book balances, that what one party owes stands in both books, and that the journal gives the same books",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var found *ledger.Report
			err := at.reading(cmd.Context(), func(r *app.Reading) (err error) {
				if found, err = ledger.Verify(cmd.Context(), r.Books, r.Journal); err != nil {
					return err
				}
				recut, err := r.RecutAll(cmd.Context())
				for _, s := range recut {
					if !s.Same {
						found.Faults = append(found.Faults, ledger.Fault{Rule: "statement", Message: fmt.Sprintf("closed statement %s, computed again at its position: %s", s.Number, s.Reason)})
					}
				}
				return err
			})
			if err != nil {
				return err
			}
			if out.json() {
				err = report.WriteJSON(env.Stdout, viewLedger(found))
			} else {
				for _, f := range found.Faults {
					fmt.Fprintf(env.Stdout, "%s: book %s: %s\n", f.Rule, f.Book, f.Message)
				}
				verdict := "The books balance"
				if !found.Balanced() {
					verdict = "The books do NOT balance"
				}
				_, err = fmt.Fprintf(env.Stdout, "%s: %s transactions in %d books, %s pairs of accounts say the same, running hash %.12s\n", verdict,
					report.Count(found.Transactions), len(found.Books), report.Count(int64(found.Mirrors)), hex.EncodeToString(found.Hash[:]))
			}
			if err == nil && !found.Balanced() {
				err = errNo
			}
			return err
		},
	}
	at.register(cmd)
	out.register(cmd)
	return cmd
}

type ledgerView struct {
	Balanced     bool        `json:"balanced"`
	Transactions int64       `json:"transactions"`
	Entries      int64       `json:"entries"`
	Cells        int         `json:"cells"`
	Books        []string    `json:"books"`
	Mirrors      int         `json:"mirrors"`
	Replayed     bool        `json:"replayed"`
	Hash         string      `json:"hash"`
	Faults       []faultView `json:"faults"`
}

type faultView struct {
	Rule    string `json:"rule"`
	Book    string `json:"book,omitempty"`
	Message string `json:"message"`
}

func viewLedger(r *ledger.Report) ledgerView {
	v := ledgerView{
		Balanced: r.Balanced(), Transactions: r.Transactions, Entries: r.Entries, Cells: r.Cells, Books: append([]string{}, r.Books...),
		Mirrors: r.Mirrors, Replayed: r.Replayed, Hash: hex.EncodeToString(r.Hash[:]), Faults: []faultView{},
	}
	for _, f := range r.Faults {
		v.Faults = append(v.Faults, faultView(f))
	}
	return v
}

func newLedgerRebuild(env Env) *cobra.Command {
	var out format
	var at place
	cmd := &cobra.Command{
		Use: "rebuild", Short: "Drop the books, post the journal again, and say whether they came back the same", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var rebuilt *app.Rebuilt
			err := at.readingJournal(cmd.Context(), func(r *app.Reading) (err error) {
				if rebuilt, err = r.Rebuild(cmd.Context()); err != nil {
					return err
				}
				rebuilt.Statements, err = r.RecutAll(cmd.Context())
				return err
			})
			if err != nil {
				return err
			}
			if out.json() {
				err = report.WriteJSON(env.Stdout, rebuilt)
			} else {
				verdict := "the same bytes as before"
				if !rebuilt.Equal {
					verdict = "NOT the same as before: the old books did not follow from the journal, the new ones do"
				}
				_, err = fmt.Fprintf(env.Stdout, "Rebuilt from %s entries: %s transactions, %s\n", report.Count(rebuilt.Entries), report.Count(rebuilt.Transactions), verdict)
			}
			for _, s := range rebuilt.Statements {
				if s.Same {
					continue
				}
				rebuilt.Equal = false
				if !out.json() {
					fmt.Fprintf(env.Stdout, "Closed statement %s stays as it was closed, and comes out otherwise: %s\n", s.Number, s.Reason)
				}
			}
			if err == nil && !rebuilt.Equal {
				err = errNo
			}
			return err
		},
	}
	at.register(cmd)
	out.register(cmd)
	return cmd
}

func newLedgerBalances(env Env) *cobra.Command {
	var out format
	var at place
	var options app.BalanceOptions
	var account string
	filter := &options.Filter
	cmd := &cobra.Command{
		Use: "balances", Short: "Show what stands in the accounts of the books, as of a day and as known at a position", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			filter.Account = ledger.Account(account)
			var all []ledger.Balance
			err := at.reading(cmd.Context(), func(r *app.Reading) (err error) {
				all, err = r.Balances(cmd.Context(), options)
				return err
			})
			if err != nil {
				return err
			}
			if out.json() {
				view := struct {
					Balances []balanceView `json:"balances"`
				}{[]balanceView{}}
				for _, b := range all {
					view.Balances = append(view.Balances, balanceView{b.Book, string(b.Account), string(b.Currency), b.Amount})
				}
				return report.WriteJSON(env.Stdout, view)
			}
			table := report.NewTable("book", "account", ">amount", "")
			for _, b := range all {
				table.Row(b.Book, string(b.Account), report.Money(b.Amount, 6), string(b.Currency))
			}
			return table.Write(env.Stdout)
		},
	}
	cmd.Flags().StringVar(&filter.Book, "book", "", "only this party's book")
	cmd.Flags().StringVar(&account, "account", "", "only this account and those under it, such as payable:accrued")
	cmd.Flags().StringVar(&filter.Clause, "clause", "", "only what this clause posted")
	cmd.Flags().StringVar(&filter.Cloud, "cloud", "", "only this cloud's")
	cmd.Flags().StringVar(&options.AsOf, "as-of", "", "only up to this day and including it, such as 2026-05-31, in the zone of each agreement")
	cmd.Flags().StringVar(&options.KnownAt, "known-at", "", "only what was posted up to this position (CHAIN/BLOCK) or recorded by this instant (2026-06-04T12:00:00Z)")
	at.register(cmd)
	out.register(cmd)
	return cmd
}

type balanceView struct {
	Book     string       `json:"book"`
	Account  string       `json:"account"`
	Currency string       `json:"currency"`
	Amount   money.Amount `json:"amount"`
}
