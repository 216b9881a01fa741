package cli_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"concord/internal/cli"
	"concord/store/postgres/postgretest"
)

// A bill is reconciled, kept and accepted, and usage is exported as FOCUS and imported again, where journal and books are in a
// database that gateways share: beside a gateway that runs, and without one.
func TestABillIsReconciledOnPostgreSQL(t *testing.T) {
	w := newShared(t, postgretest.Start(t).Database(t), "azure", "gateway")
	list := func(output string) string {
		return w.file(t, output+".list", "model,region,tier,class,above,per,price\ngpt-54,,,input,,1000000,0.875\ngpt-54,,,cached,,1000000,0.0875\ngpt-54,,,output,,1000000,"+output+"\n")
	}
	stopCloud := w.start(t, "http://"+w.address["azure"]+"/", "emulate", "--config", w.config, "--cloud", "azure", "--listen", w.address["azure"], "--speed", "0",
		"--journal", w.path("azure.jsonl"), "--prices", list("5.25"))
	stopGateway := w.start(t, "http://"+w.address["gateway"]+"/readyz", "serve", "--config", w.config)
	for _, tokens := range []int{12, 30, 7} {
		w.chat(t, tokens)
	}
	stopCloud()
	period := time.Now().UTC().Format("2006-01")
	bill := func(name, prices string) string {
		w.good(t, "", "emulate", "bill", "--cloud", "azure", "--journal", w.path("azure.jsonl"), "--prices", prices, "--period", period, "--out", w.path(name))
		return w.path(name)
	}
	azure, dearer := bill("azure.csv", list("5.25")), bill("dearer.csv", list("6.3"))
	reconcile := func(file string, args ...string) []string {
		return append([]string{"reconcile", "--config", w.config, "--cloud", "azure", "--focus", file, "--period", period}, args...)
	}
	w.good(t, "Everything is matched", reconcile(azure)...)
	w.good(t, "Kept as version 1", reconcile(azure, "--keep")...)
	code, out, errs := run(t, reconcile(dearer, "--accept", "price")...)
	if code != 1 || !strings.Contains(out, "Kept as version 2") || !strings.Contains(out, "Posted 3 corrections") {
		t.Fatalf("%d\n%s%s", code, out, errs)
	}
	kept, err := filepath.Glob(filepath.Join(w.dir, "data", "reconciled", "*"))
	if err != nil || len(kept) != 2 {
		t.Errorf("kept are %v, %v", kept, err)
	}
	w.good(t, "Everything is matched", reconcile(dearer)...)
	stopGateway()

	w.good(t, "Everything is matched", reconcile(dearer)...)
	w.good(t, "Kept as version 3", reconcile(dearer, "--keep")...)
	w.good(t, "Was kept before as version 3", reconcile(dearer, "--keep")...)
	for _, view := range []string{"sales", "costs", "fees", "statements", "commitments"} {
		file := w.path(view + ".csv")
		w.good(t, "", "usage", "export", "--config", w.config, "--format", "focus", "--view", view, "--out", file)
		w.good(t, "is good", "focus", "check", file)
	}
	usage := w.path("usage.ndjson")
	w.good(t, "", "usage", "export", "--config", w.config, "--out", usage)
	w.good(t, "3 records and", "usage", "import", usage, "--config", w.config, "--source", "again")
	w.good(t, "The books balance", "ledger", "verify", "--config", w.config)
}

// shared is a folder of configuration and data whose store is a database, with addresses of its own.
type shared struct {
	dir, config string
	address     map[string]string
}

func newShared(t *testing.T, url string, names ...string) *shared {
	t.Helper()
	w := &shared{dir: t.TempDir(), address: map[string]string{}}
	w.config = w.path("concord.yaml")
	replace := []string{"data: ./concord-data", fmt.Sprintf("data: %s\nstore: {postgres: {url: {inline: %q}}}", w.path("data"), url)}
	for _, name := range names {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		w.address[name] = l.Addr().String()
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		replace = append(replace, map[string]string{"azure": "127.0.0.1:9101", "gateway": "127.0.0.1:8080"}[name], w.address[name])
	}
	files, err := filepath.Glob("../../examples/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		w.file(t, filepath.Base(file), strings.NewReplacer(replace...).Replace(string(content)))
	}
	return w
}

func (w *shared) path(name string) string { return filepath.Join(w.dir, name) }

func (w *shared) file(t *testing.T, name, content string) string {
	t.Helper()
	if err := os.WriteFile(w.path(name), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return w.path(name)
}

// good runs a command that must succeed and print what is wanted.
func (w *shared) good(t *testing.T, want string, args ...string) {
	t.Helper()
	code, out, errs := run(t, args...)
	if code != 0 || !strings.Contains(out, want) {
		t.Fatalf("%v: %d\n%s%s", args, code, out, errs)
	}
}

// start runs a command in the background until the function that it returns is called; it waits until the address answers.
func (w *shared) start(t *testing.T, address string, args ...string) func() {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan string, 1)
	go func() {
		var out bytes.Buffer
		code := cli.Run(ctx, cli.Env{Args: args, Stdout: &out, Stderr: &out})
		ended <- fmt.Sprintf("%v ended with %d: %s", args, code, out.String())
	}()
	for deadline := time.Now().Add(60 * time.Second); ; {
		response, err := http.Get(address)
		if err == nil {
			_ = response.Body.Close()
			if response.StatusCode != http.StatusServiceUnavailable {
				break
			}
		}
		select {
		case why := <-ended:
			t.Fatal(why)
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatalf("%v did not come up", args)
		}
	}
	return func() {
		cancel()
		<-ended
	}
}

// chat asks the gateway for so many tokens.
func (w *shared) chat(t *testing.T, tokens int) {
	t.Helper()
	body := fmt.Sprintf(`{"model":"gpt-5.4","messages":[{"role":"user","content":"say something [reply %d tokens]"}]}`, tokens)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+w.address["gateway"]+"/v1/chat/completions", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer sk-example-acme")
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("the gateway answers %s", response.Status)
	}
}
