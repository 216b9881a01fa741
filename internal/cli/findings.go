package cli

import (
	"errors"
	"fmt"
	"io"

	"concord/agreement"
	"concord/internal/app"
	"concord/report"
)

// printFindings writes each finding with its place and remedy.
func printFindings(w io.Writer, findings []agreement.Finding) {
	for _, f := range findings {
		fmt.Fprintln(w, app.FindingText(f))
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
