package cli

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"concord/internal/app"
	"concord/report"
	"concord/settlement"
)

// form is the --format flag of commands that write what people file and send.
type form string

// forms are what a form may be.
const forms = "text|json|csv|html|pdf"

func (f *form) register(cmd *cobra.Command) {
	*f = "text"
	cmd.Flags().Var(f, "format", "text, json, csv, html or pdf")
}

// String returns the form.
func (f *form) String() string { return string(*f) }

// Type names the flag's type in help.
func (f *form) Type() string { return forms }

// Set accepts the forms.
func (f *form) Set(s string) error {
	switch s {
	case "text", "json", "csv", "html", "pdf":
		*f = form(s)
		return nil
	}
	return fmt.Errorf("use text, json, csv, html or pdf")
}

// writeStatements writes statements in a form. A closed one alone is written as it was kept. made is the instant that the PDF of
// drafts carries.
func writeStatements(w io.Writer, f form, made time.Time, all []*app.Printed) error {
	if len(all) == 1 && all[0].Standing != nil {
		_, err := w.Write(all[0].Forms[string(f)])
		return err
	}
	statements := make([]*settlement.Statement, len(all))
	for i, p := range all {
		statements[i] = p.Statement
	}
	switch f {
	case "json":
		return report.WriteJSON(w, struct {
			Statements []*settlement.Statement `json:"statements"`
		}{statements})
	case "csv":
		return report.WriteStatementsCSV(w, statements)
	case "html", "pdf":
		return writePages(w, f, made, statements)
	}
	for i, p := range all {
		if i > 0 {
			fmt.Fprintln(w)
		}
		if p.Standing != nil {
			if _, err := w.Write(p.Forms["text"]); err != nil {
				return err
			}
		} else if err := report.WriteStatement(w, p.Statement); err != nil {
			return err
		}
	}
	return nil
}

func writePages(w io.Writer, f form, made time.Time, all []*settlement.Statement) error {
	pages := make([]*report.Page, len(all))
	for i, s := range all {
		pages[i] = report.StatementPage(s)
	}
	if len(pages) == 0 {
		return fmt.Errorf("no statement to write\n  name parties of the agreement with --between, or another --period")
	}
	joined := report.JoinPages(fmt.Sprintf("Statements of %s for %s", all[0].Agreement, all[0].Period.Name), pages)
	if f == "html" {
		return joined.WriteHTML(w)
	}
	return joined.WritePDF(w, made)
}
