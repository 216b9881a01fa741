// Package cli is the command line: one file per command, each of which parses, calls and prints. It owns flags, exit codes
// and the words on the terminal; what a command does is done elsewhere.
//
// Results go to stdout, words about the work to stderr, so that `--format json` gives JSON and nothing else.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"concord/internal/demo"
	"concord/journal"
)

// Env is what a command may touch of the process.
type Env struct {
	Args     []string
	Stdout   io.Writer
	Stderr   io.Writer
	Terminal bool // stderr is a terminal: progress may be drawn
}

// The exit codes (docs/operations.md).
const (
	exitGood   = 0 // done, and the answer is good
	exitNo     = 1 // done, and the answer is no
	exitCannot = 2 // could not do it
	exitFenced = 3 // another process took over the journal
)

// errNo says that a command did its work and the answer is no; what it printed says why.
var errNo = errors.New("the answer is no")

// Run executes one command and returns its exit code.
func Run(ctx context.Context, env Env) int {
	root := newRoot(env)
	root.SetArgs(env.Args)
	root.SetOut(env.Stdout)
	root.SetErr(env.Stderr)
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil:
		return exitGood
	case errors.Is(err, errNo):
		return exitNo
	case errors.Is(err, demo.ErrNotGood):
		fmt.Fprintf(env.Stderr, "concord: %v\n", err)
		return exitNo
	case errors.Is(err, journal.ErrFenced):
		fmt.Fprintf(env.Stderr, "concord: %v\n", err)
		return exitFenced
	}
	fmt.Fprintf(env.Stderr, "concord: %v\n", err)
	return exitCannot
}

func newRoot(env Env) *cobra.Command {
	root := &cobra.Command{
		Use:   "concord",
		Short: "A multi-cloud gateway for the OpenAI API that keeps to your agreements",
		Long: "Concord delivers each request to the cloud that the agreements in force put first, moves on to the clouds that they allow\n" +
			"when the first cannot serve, meters every request, and settles who owes whom. Begin with: concord demo",
		SilenceUsage: true, SilenceErrors: true,
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(
		newDemo(env), newServe(env), newReload(env), newStatus(env), newEmulate(env),
		newAgreement(env), newExplain(env), newUsage(env), newJournal(env), newRecord(env), newLedger(env), newStatement(env), newClose(env), newForecast(env),
		newConfig(env), newVersion(env), newReconcile(env), newFocus(env),
	)
	return root
}

// group makes a command that only holds others, and says so when it is called without one.
func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	g := &cobra.Command{Use: use, Short: short, Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		var names []string
		for _, c := range commands {
			names = append(names, c.Name())
		}
		return fmt.Errorf("%s needs a command: %s", cmd.CommandPath(), strings.Join(names, ", "))
	}}
	g.AddCommand(commands...)
	return g
}

// format is the --format flag.
type format string

func (f *format) register(cmd *cobra.Command) {
	*f = "text"
	cmd.Flags().Var(f, "format", "text or json")
}

// String returns the format.
func (f *format) String() string { return string(*f) }

// Type names the flag's type in help.
func (f *format) Type() string { return "text|json" }

// Set accepts text and json.
func (f *format) Set(s string) error {
	if s != "text" && s != "json" {
		return fmt.Errorf("use text or json")
	}
	*f = format(s)
	return nil
}

func (f *format) json() bool { return *f == "json" }

// parseInstant reads a date (its first instant in zone) or an RFC 3339 instant.
func parseInstant(flag, s string, zone *time.Location) (time.Time, error) {
	if at, err := time.ParseInLocation(time.DateOnly, s, zone); err == nil {
		return at, nil
	}
	if at, err := time.Parse(time.RFC3339, s); err == nil {
		return at, nil
	}
	return time.Time{}, fmt.Errorf("--%s %q is not an instant; write 2026-05-04 or 2026-05-04T15:04:05Z", flag, s)
}
