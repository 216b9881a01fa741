package cli_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"concord/internal/cli"
	"concord/internal/proctest"
	"concord/store/postgres/postgretest"
)

// A month is closed on a database that gateways share, beside one that runs: its chain lives and nothing of the month is open in it.
func TestAMonthIsClosedBesideAGatewayOnPostgreSQL(t *testing.T) {
	url := postgretest.Start(t).Database(t)
	dir := t.TempDir()
	address, err := proctest.Free()
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("../../examples/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	replace := strings.NewReplacer("data: ./concord-data", fmt.Sprintf("data: %s\nstore: {postgres: {url: {inline: %q}}}", dir, url), "127.0.0.1:8080", address)
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(file)), []byte(replace.Replace(string(content))), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	config := filepath.Join(dir, "concord.yaml")
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan string, 1)
	go func() {
		var errs bytes.Buffer
		code := cli.Run(ctx, cli.Env{Args: []string{"serve", "--config", config}, Stdout: &errs, Stderr: &errs})
		ended <- fmt.Sprintf("serve ended with %d: %s", code, errs.String())
	}()
	ready := func() bool {
		response, err := http.Get("http://" + address + "/readyz")
		if err != nil {
			return false
		}
		_ = response.Body.Close()
		return response.StatusCode == http.StatusOK
	}
	for deadline := time.Now().Add(60 * time.Second); !ready(); {
		select {
		case why := <-ended:
			t.Fatal(why)
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatal("the gateway did not come up")
		}
	}
	good := func(want string, args ...string) {
		t.Helper()
		code, out, errs := run(t, append(args, "--config", config)...)
		if code != 0 || !strings.Contains(out, want) {
			t.Fatalf("%v: %d\n%s%s", args, code, out, errs)
		}
	}
	good("Recorded", "record", "invoice", "--seller", "openai", "--customer", "acme", "--product", "openai/gpt-5.4", "--cloud", "azure",
		"--amount", "1000 USD", "--time", "2026-04-10T12:00:00Z")
	good("openai owes microsoft 200.00 USD", "close", "--agreement", "openai-microsoft", "--period", "2026-04", "--issued", "2026-05-05")
	number := "openai-microsoft/openai-microsoft/2026-04"
	good("openai owes microsoft 0.00 USD", "close", "--agreement", "openai-microsoft", "--period", "2026-05", "--issued", "2026-06-05")
	_, statement, _ := run(t, "statement", "--number", number, "--format", "json", "--config", config)
	file := filepath.Join(dir, "april.json")
	if err := os.WriteFile(file, []byte(statement), 0o600); err != nil {
		t.Fatal(err)
	}
	good("is the same, computed from this journal", "statement", "verify", file)
	if code, _, errs := run(t, "close", "--agreement", "openai-microsoft", "--period", "2026-04", "--config", config); code != 2 || !strings.Contains(errs, "closed already") {
		t.Errorf("twice: %d %s", code, errs)
	}
	stop()
	<-ended
	good("The books balance", "ledger", "verify")
}
