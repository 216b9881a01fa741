package cli_test

import (
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// period puts the month that it is into $PERIOD.
func period(ts *testscript.TestScript, _ bool, _ []string) {
	ts.Setenv("PERIOD", time.Now().UTC().Format("2006-01"))
}
