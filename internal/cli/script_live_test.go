package cli_test

import (
	"context"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"concord/internal/app"
)

// amend FILE AMENDMENT adds the amendment that stands in a file to an agreement, after those that it has.
func amend(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: amend FILE AMENDMENT")
	}
	head, rest, ok := strings.Cut(ts.ReadFile(args[0]), "\nfacts:\n")
	if !ok {
		ts.Fatalf("%s has no facts: to add amendments before", args[0])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(head+"\n"+ts.ReadFile(args[1])+"\nfacts:\n"+rest), 0o644))
}

// hup sends SIGHUP to the server that runs in the background.
func hup(ts *testscript.TestScript, _ bool, _ []string) {
	for _, cmd := range ts.BackgroundCmds() {
		if slices.Contains(cmd.Args, "serve") {
			ts.Check(cmd.Process.Signal(syscall.SIGHUP))
			return
		}
	}
	ts.Fatalf("no server is running")
}

// reloaded DATA CAUSE OUTCOME waits until the server's last reading of its configuration had this cause and came to this.
func reloaded(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: reloaded DATA CAUSE OUTCOME")
	}
	var last *app.Reload
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		status, err := app.AskStatus(context.Background(), ts.MkAbs(args[0]))
		ts.Check(err)
		if last = status.LastReload; last != nil && last.Cause == args[1] && string(last.Outcome) == args[2] {
			return
		}
	}
	ts.Fatalf("the last reload is %+v", last)
}
