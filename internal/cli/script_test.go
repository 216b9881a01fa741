package cli_test

import (
	"context"
	"os"
	"os/signal"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"concord/internal/cli"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"concord": func() {
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
			context.AfterFunc(ctx, stop)
			os.Exit(cli.Run(ctx, cli.Env{Args: os.Args[1:], Stdout: os.Stdout, Stderr: os.Stderr}))
		},
	})
}

// TestScript runs the user stories of testdata/script. Each is one page: commands, files and what they must come to.
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "../../testdata/script",
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			examples, err := os.Getwd()
			e.Setenv("EXAMPLES", examples+"/../../examples")
			return err
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"ports":     ports,
			"world":     world,
			"edit":      edit,
			"fetch":     fetch,
			"await":     await,
			"json":      jsonIs,
			"chat":      chat,
			"crash":     crash,
			"unchanged": unchanged,
			"amend":     amend,
			"hup":       hup,
			"reloaded":  reloaded,
			"period":    period,
		},
	})
}
