package year

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"concord/money"
)

// A Concord runs one command of the program and returns what it printed and its exit code.
type Concord func(args ...string) (stdout []byte, code int, err error)

// A Run closes the months of a year with the commands of the program.
type Run struct {
	Year    *Year
	Dir     string    // where the year's files are; the data directory is made in it
	Concord Concord   //
	Log     io.Writer // every command, as a reader may repeat it
	bills   map[string][]Bill
	atClose map[string][]byte
}

// Agreements are those that are closed, in order.
var agreements = [...]string{"openai-microsoft", "openai-clouds"}

// Clouds that send OpenAI a bill, and the account that it is for.
var billed = [...][2]string{{"azure", "openai-eastus2"}, {"aws", "openai-us-east-1"}}

// disputed is the month whose statement is disputed, and paid late.
const disputed = "2026-03"

// A Standing is a closed statement, as `concord statement list` tells it.
type Standing struct {
	Number    string
	Agreement string
	Between   [2]string
	Period    string
	State     string
	Lines     []struct {
		Clause, Payer, Payee   string
		Amount, Paid, Disputed money.Amount
	}
}

// A Bill is what a reconciliation of one cloud's bill for one month came to.
type Bill struct {
	Cloud, Month string
	Code         int // 0 = all is matched
	Report       []byte
}

// Data is the data directory.
func (r *Run) Data() string { return filepath.Join(r.Dir, "data") }

// call runs a command on the data directory; any exit code but 0 is an error.
func (r *Run) call(args ...string) ([]byte, error) {
	out, code, err := r.any(append(args, "--data", r.Data())...)
	if err == nil && code != 0 {
		err = fmt.Errorf("exit code %d", code)
	}
	if err != nil {
		return nil, fmt.Errorf("concord %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return out, nil
}

func (r *Run) any(args ...string) ([]byte, int, error) {
	words := make([]string, len(args))
	for i, a := range args {
		words[i] = a
		if strings.ContainsAny(a, " {}()") {
			words[i] = "'" + a + "'"
		}
	}
	fmt.Fprintf(r.Log, "concord %s\n", strings.Join(words, " "))
	return r.Concord(args...)
}

// begin returns the first instant of a month of the year.
func (r *Run) begin(month int) time.Time { return r.Year.Options.From.AddDate(0, month, 0) }

func (r *Run) name(month int) string { return r.begin(month).Format("2006-01") }

func instant(at time.Time) string { return at.UTC().Format(time.RFC3339) }

// All runs the whole year.
func (r *Run) All() error {
	r.bills, r.atClose = map[string][]Bill{}, map[string][]byte{}
	for month := range r.Year.Options.Months {
		for _, step := range []func(int) error{r.usage, r.notes, r.close, r.answer, r.pay, r.reconcile} {
			if err := step(month); err != nil {
				return fmt.Errorf("%s: %w", r.name(month), err)
			}
		}
	}
	return nil
}

// usage imports a month, and in May what came late of April.
func (r *Run) usage(month int) error {
	_, err := r.call("usage", "import", UsageFile(r.Dir, r.name(month)), "--source", Source)
	if err == nil && r.name(month) == Late && slices.ContainsFunc(r.Year.Events, func(e Event) bool { return e.Late }) {
		_, err = r.call("usage", "import", LateFile(r.Dir), "--source", "late")
	}
	return err
}

// notes records what is not usage: refunds, and what Amazon asks for its support.
func (r *Run) notes(month int) error {
	from, until := r.begin(month), r.begin(month+1)
	for i := range r.Year.Refunds {
		f := &r.Year.Refunds[i]
		if f.At.Before(from) || !f.At.Before(until) {
			continue
		}
		if _, err := r.call("record", "refund", "--of", f.Of.String(), "--amount", f.Amount.String()+" USD", "--reason", "goodwill", "--time", instant(f.At)); err != nil {
			return err
		}
	}
	if from.Before(time.Date(2025, time.December, 1, 0, 0, 0, 0, from.Location())) {
		return nil // the agreement with Amazon begins in the midst of November
	}
	_, err := r.call("record", "fee", "--name", "support-fee", "--clause", "openai-clouds/aws-capacity", "--payer", "openai", "--payee", "amazon", "--amount", "12 USD",
		"--earned-from", instant(from), "--earned-until", instant(until), "--time", instant(from), "--reason", "support plan of "+r.name(month))
	return err
}

// close closes a month five days after it ended.
func (r *Run) close(month int) error {
	for _, a := range agreements {
		if _, err := r.call("close", "--agreement", a, "--period", r.name(month), "--issued", instant(r.begin(month+1).AddDate(0, 0, 5))); err != nil {
			return err
		}
	}
	return nil
}

// Standings returns the closed statements of a month under which something is owed; "" = of all months.
func (r *Run) Standings(month string) ([]Standing, error) {
	out, err := r.call("statement", "list", "--format", "json")
	if err != nil {
		return nil, err
	}
	var list struct{ Statements []Standing }
	if err := json.Unmarshal(out, &list); err != nil {
		return nil, fmt.Errorf("read the list of statements: %w", err)
	}
	return slices.DeleteFunc(list.Statements, func(s Standing) bool { return month != "" && s.Period != month || len(s.Lines) == 0 }), nil
}

// answer has both parties accept the month; Microsoft disputes a part of March's, and accepts it a month later.
func (r *Run) answer(month int) error {
	all, err := r.Standings(r.name(month))
	if err != nil {
		return err
	}
	at := r.begin(month+1).AddDate(0, 0, 10)
	for _, s := range all {
		if r.atClose[s.Number], err = r.call("statement", "--number", s.Number, "--format", "json"); err != nil {
			return err
		}
		if s.Agreement == "openai-microsoft" && r.name(month) == disputed {
			if _, err := r.call("record", "dispute", "--statement", s.Number, "--by", "microsoft", "--clause", "share-openai-to-microsoft", "--amount", "1 USD",
				"--reason", "sales on Azure that Microsoft counts are missing", "--time", instant(at)); err != nil {
				return err
			}
			continue
		}
		for _, by := range s.Between {
			if _, err := r.call("record", "acceptance", "--statement", s.Number, "--by", by, "--time", instant(at)); err != nil {
				return err
			}
		}
	}
	if month == 0 || r.name(month-1) != disputed {
		return nil
	}
	if all, err = r.Standings(disputed); err != nil {
		return err
	}
	for _, s := range all {
		if s.State == "disputed" {
			if _, err := r.call("record", "acceptance", "--statement", s.Number, "--by", "microsoft", "--note", "withdrawn", "--time", instant(at)); err != nil {
				return err
			}
		}
	}
	return nil
}

// pay pays what was stated a month ago, on the day that it is due; what was disputed is paid a month late. A twentieth of
// each share is withheld as tax.
func (r *Run) pay(month int) error {
	for _, stated := range []int{month - 2, month - 1} {
		late := stated >= 0 && r.name(stated) == disputed
		if stated < 0 || late != (stated == month-2) {
			continue
		}
		all, err := r.Standings(r.name(stated))
		if err != nil {
			return err
		}
		at := r.begin(stated+1).AddDate(0, 0, 48)
		if late {
			at = at.AddDate(0, 1, 0)
		}
		for _, s := range all {
			if err := r.payStatement(&s, at); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *Run) payStatement(s *Standing, at time.Time) error {
	for _, l := range s.Lines {
		open, err := l.Amount.Sub(l.Paid)
		if err != nil {
			return err
		}
		if open.Sign() <= 0 {
			continue
		}
		args := []string{"record", "payment", "--from", l.Payer, "--to", l.Payee, "--amount", open.String() + " USD", "--clause", s.Agreement + "/" + l.Clause,
			"--statement", s.Number, "--reference", s.Period, "--time", instant(at)}
		if strings.HasPrefix(l.Clause, "share-") {
			withheld, err := open.MulRate(money.MustParseRate("5%"), money.HalfEven)
			if err == nil {
				withheld, err = withheld.Round(2, money.HalfEven)
			}
			if err != nil {
				return err
			}
			if !withheld.IsZero() {
				args = append(args, "--withheld", withheld.String()+" USD")
			}
		}
		if _, err := r.call(args...); err != nil {
			return err
		}
	}
	return nil
}

// reconcile holds the clouds' bills of a month of UTC against the journal. In May April's is looked at again, once what came
// late is there.
func (r *Run) reconcile(month int) error {
	months := []string{r.name(month)}
	if r.name(month) == Late && month >= 1 {
		months = append(months, r.name(month-1))
	}
	for _, name := range months {
		for _, b := range billed {
			if !r.Year.uses(b[0], b[1], name) {
				continue // no usage, no bill
			}
			if err := r.bill(b[0], b[1], name); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *Run) bill(cloud, account, month string) error {
	file := filepath.Join(r.Dir, "bill-"+cloud+"-"+month+".csv")
	_, code, err := r.any("emulate", "bill", "--cloud", cloud, "--account", account, "--journal", ServedFile(r.Dir, cloud), "--prices", PricesFile(r.Dir, cloud),
		"--period", month, "--out", file)
	if err != nil || code != 0 {
		return errors.Join(fmt.Errorf("bill of %s for %s: exit code %d", cloud, month, code), err)
	}
	out, code, err := r.any("reconcile", "--cloud", cloud, "--focus", file, "--period", month, "--account", account, "--keep", "--data", r.Data())
	if err != nil || code > 1 {
		return errors.Join(fmt.Errorf("reconcile %s for %s: exit code %d\n%s", cloud, month, code, out), err)
	}
	key := cloud + " " + month
	r.bills[key] = append(r.bills[key], Bill{cloud, month, code, out})
	return nil
}

// Bills returns what the reconciliations came to: the last one of each cloud and month.
func (r *Run) Bills() map[string]Bill {
	out := map[string]Bill{}
	for key, all := range r.bills {
		out[key] = all[len(all)-1]
	}
	return out
}

// First returns what the first reconciliation of a cloud's bill for a month came to.
func (r *Run) First(cloud, month string) Bill {
	if all := r.bills[cloud+" "+month]; len(all) > 0 {
		return all[0]
	}
	return Bill{}
}

// AtClose returns the JSON of a statement as it was printed right after it was closed.
func (r *Run) AtClose(number string) []byte { return r.atClose[number] }
