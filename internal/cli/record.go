package cli

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"concord/internal/app"
	"concord/report"
)

func newRecord(env Env) *cobra.Command {
	var commands []*cobra.Command
	for _, kind := range app.RecordKinds() {
		commands = append(commands, newRecordKind(env, kind))
	}
	g := group("record", "Record what is not usage: refunds, payments, facts and the like", commands...)
	g.Long = "Record in the journal what is not usage. What posting needs and nobody has to say (the terms, customer, seller and price of the sale\n" +
		"that is refunded) is taken from the journal; what the journal contradicts is refused, and nothing is written. Where a server holds\n" +
		"the data it does this, and a fact that is recorded comes into force at once.\n\n" +
		"Source and id are an entry's identity: the same again is answered as before, something else under it is a conflict. Without --id\n" +
		"the id follows from what is said, so that the same command twice records it once: two payments of one amount need ids of their own.\n" +
		"docs/exports.md has the form of --file."
	return g
}

// recordFlags are the flags of a kind, apart from those that every kind has: name, field of the event's data, and help.
func recordFlags(kind string) []recordFlag {
	of := recordFlag{"of", "origin.request", "request that it belongs to, req_..."}
	amount := recordFlag{"amount", "amount", `amount with its currency, such as "0.01 USD"`}
	reason := recordFlag{"reason", "reason", "why, in words"}
	clause := recordFlag{"clause", "clause", "clause, as AGREEMENT/CLAUSE"}
	statement := recordFlag{"statement", "statement", "number of the closed statement"}
	cloud, product := recordFlag{"cloud", "origin.cloud", "cloud"}, recordFlag{"product", "origin.product", "product"}
	switch kind {
	case "refund":
		return []recordFlag{of, amount, {"tax", "tax", "tax that is given back beside it (default: what the clause of the sale charges on the amount, of an invoice its part of the tax)"}, reason}
	case "credit":
		return []recordFlag{of, clause, {"from", "from", "party that gives it"}, {"to", "to", "party or customer that gets it"}, amount, statement, cloud, product, reason}
	case "fee":
		return []recordFlag{{"name", "name", "license-fee, fixed-fee, marketplace-fee, guarantee, shortfall, interest or another"}, clause,
			{"payer", "payer", "party that owes it"}, {"payee", "payee", "party that it is owed to"}, of, amount, cloud, product,
			{"earned-from", "from", "instant from which on it is earned"}, {"earned-until", "until", "instant until which it is earned"}, reason}
	case "payment":
		return []recordFlag{{"from", "from", "party that pays"}, {"to", "to", "party that is paid"}, amount, {"withheld", "withheld", "tax of the amount that was kept back"},
			clause, {"advance", "advance", "it is paid ahead of what is owed, such as a guarantee's advance or a prepaid commitment"}, statement, {"reference", "reference", "of the bank"}}
	case "invoice":
		return []recordFlag{{"customer", "origin.customer", "customer"}, {"seller", "origin.seller", "party that bills"}, product, cloud, amount,
			{"tax", "tax", "tax beside it"}, {"earned", "origin.at", "instant at which it was earned (default: the entry's time)"}, {"number", "number", "of the invoice"}}
	case "rate":
		return []recordFlag{{"rates", "source", "who publishes it, such as ecb"}, {"from", "from", "currency"}, {"to", "to", "currency"},
			{"at", "at", "instant from which on it holds"}, {"value", "value", "how many units of --to one of --from is, such as 1.0832"}}
	case "fact":
		return []recordFlag{{"agreement", "agreement", "agreement that it is a fact of"}, {"fact", "fact", "the fact as an item of facts:, {id: f1, kind: ships, ...}"}}
	case "acceptance":
		return []recordFlag{statement, {"by", "by", "party that accepts it"}, {"hash", "hash", "of the version that is meant (default: the latest)"}, {"note", "note", "in words"}}
	case "dispute":
		return []recordFlag{statement, {"by", "by", "party that disputes it"}, {"clause", "clause", "clause that is disputed, without its agreement (default: the whole)"},
			amount, {"hash", "hash", "of the version that is meant (default: the latest)"}, reason}
	}
	return []recordFlag{of, {"what", "what", "price, usage, cost, void or terms"}, {"attempt", "attempt", "attempt whose cost is corrected, from 1"},
		{"tokens", "tokens", "what was used, input=4000,output=600"}, {"cites", "cites", "statement or amendment that it corrects"}, reason}
}

type recordFlag struct{ name, field, help string }

func newRecordKind(env Env, kind string) *cobra.Command {
	var at place
	var out format
	var file, id, source, when string
	var reprice bool
	flags := recordFlags(kind)
	values := make([]string, len(flags))
	article := "a"
	if strings.ContainsRune("aeiou", rune(kind[0])) {
		article = "an"
	}
	cmd := &cobra.Command{
		Use: kind + " (--file FILE | flags)", Short: fmt.Sprintf("Record %s %s", article, kind), Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := at.dir()
			if err != nil {
				return err
			}
			note := app.Note{Kind: kind, Source: source, Reprice: reprice}
			if file != "" {
				note.Name = file
				if note.Lines, err = os.ReadFile(file); err != nil {
					return fmt.Errorf("read the events: %w", err)
				}
			} else if note.Lines, err = recordLine(kind, id, when, flags, values); err != nil {
				return err
			}
			done, err := app.Record(cmd.Context(), dir, note)
			if err != nil {
				return err
			}
			if out.json() {
				return report.WriteJSON(env.Stdout, done)
			}
			for _, e := range done.Entries {
				verb := "Recorded"
				if e.Known {
					verb = "Was recorded before:"
				}
				if _, err := fmt.Fprintf(env.Stdout, "%s %s %s of source %s\n", verb, e.Kind, e.ID, e.Source); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&file, "file", "", "CloudEvents, one a line, instead of flags")
	for i, f := range flags {
		if f.name == "advance" {
			cmd.Flags().Var((*yesNo)(&values[i]), f.name, f.help)
			cmd.Flag(f.name).NoOptDefVal = "yes"
		} else {
			cmd.Flags().StringVar(&values[i], f.name, "", f.help)
		}
		cmd.MarkFlagsMutuallyExclusive("file", f.name)
	}
	cmd.Flags().StringVar(&source, "source", "cli", "who records it: with the id, its identity")
	cmd.Flags().StringVar(&id, "id", "", "its id within the source (default: follows from what is said)")
	if kind != "fact" {
		cmd.Flags().StringVar(&when, "time", "", "when it happened, a date or an instant (default: now)")
	}
	if kind == "correction" {
		cmd.Flags().BoolVar(&reprice, "reprice", false, "price the usage again with the price books that are in force now")
	}
	at.register(cmd)
	out.register(cmd)
	return cmd
}
