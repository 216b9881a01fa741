package clienttest_test

import (
	"os"
	"testing"

	"concord/internal/proctest"
)

var program proctest.Program

func TestMain(m *testing.M) { os.Exit(program.Main(m)) }
