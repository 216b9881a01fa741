package cli

import (
	"errors"
	"fmt"
	"io"

	"concord/agreement"
	"concord/internal/app"
	"concord/report"
)

// notPublic is the rule of the warnings that name terms with a footnote; examples have dozens of them.
const notPublic = "not-public"

// printFindings writes each finding with its place and remedy, and counts terms that are not public.
func printFindings(w io.Writer, findings []agreement.Finding) {
	marked := 0
	for _, f := range findings {
		if f.Rule == notPublic {
			marked++
			continue
		}
		fmt.Fprintln(w, app.FindingText(f))
	}
	if marked > 0 {
		fmt.Fprintf(w, "%d terms are reported or assumed; figures that rest on them carry a footnote (concord agreement check names them).\n", marked)
	}
}

// reportInvalid prints findings as JSON where that was asked for, and returns err for the exit code and the words.
func reportInvalid(env Env, out format, err error) error {
	invalid, ok := errors.AsType[*app.Invalid](err)
	if !ok || !out.json() {
		return err
	}
	if err := report.WriteJSON(env.Stdout, checkView{OK: false, Findings: findingViews(invalid.Findings)}); err != nil {
		return err
	}
	return err
}
