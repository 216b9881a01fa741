package killtest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"concord/internal/proctest"
)

var program proctest.Program

func TestMain(m *testing.M) { os.Exit(program.Main(m)) }

// world is a gateway over five emulated clouds, each a process of its own.
type world struct {
	testing.TB
	dir      string
	data     string
	config   string
	gateway  string // the address of the one that serves
	clouds   map[string]*proctest.Process
	journals map[string]string // of the clouds, by cloud
}

// cloudPorts are the ports of the clouds in the examples.
var cloudPorts = map[string]string{"azure": "9101", "aws": "9102", "gcp": "9103", "alibaba": "9104", "openai": "9105"}

// newWorld starts the clouds at a speed. journal is what the configuration says of the journal; data is where the gateway
// keeps its data, "" = in the test's directory.
func newWorld(t testing.TB, speed, journal, data string, faults map[string]string) *world {
	t.Helper()
	w := &world{TB: t, dir: t.TempDir(), data: data, clouds: map[string]*proctest.Process{}, journals: map[string]string{}}
	w.config = filepath.Join(w.dir, "concord.yaml")
	if data == "" {
		w.data = filepath.Join(w.dir, "data")
	}
	replace := []string{"data: ./concord-data", "data: " + w.data, "127.0.0.1:8080", proctest.Anywhere}
	w.copyExamples(strings.NewReplacer(replace...), journal)
	for cloud := range cloudPorts {
		w.journals[cloud] = filepath.Join(w.dir, cloud+".ndjson")
		args := []string{"emulate", "--config", w.config, "--cloud", cloud, "--listen", proctest.Anywhere, "--speed", speed, "--journal", w.journals[cloud]}
		if text := faults[cloud]; text != "" {
			file := filepath.Join(w.dir, cloud+"-faults.yaml")
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			args = append(args, "--faults", file)
		}
		w.clouds[cloud] = proctest.Start(t, proctest.Emulating, program.Path(t), args...)
	}
	for cloud, port := range cloudPorts {
		replace = append(replace, "127.0.0.1:"+port, w.clouds[cloud].Address(t))
	}
	w.copyExamples(strings.NewReplacer(replace...), journal)
	return w
}

// copyExamples writes the examples' files into the test's directory, with other addresses and another block journal:.
func (w *world) copyExamples(r *strings.Replacer, journal string) {
	files, err := filepath.Glob("../../examples/*.yaml")
	if err != nil || len(files) == 0 {
		w.Fatalf("no examples: %v", err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			w.Fatal(err)
		}
		text := r.Replace(string(content))
		if filepath.Base(file) == "concord.yaml" {
			before, rest, found := strings.Cut(text, "\njournal:\n")
			_, after, closed := strings.Cut(rest, "\n\n")
			if !found || !closed {
				w.Fatal("examples/concord.yaml has no block journal:")
			}
			text = before + "\njournal: " + journal + "\n\n" + after
		}
		if err := os.WriteFile(filepath.Join(w.dir, filepath.Base(file)), []byte(text), 0o600); err != nil {
			w.Fatal(err)
		}
	}
}

// serve starts the gateway and does not wait.
func (w *world) serve() *proctest.Process {
	return proctest.Start(w, proctest.Serving, program.Path(w), "serve", "--config", w.config)
}

// up starts the gateway and waits until it serves.
func (w *world) up() *proctest.Process {
	w.Helper()
	p := w.serve()
	w.gateway = p.Address(w)
	return p
}

// stopClouds ends the clouds, so that their journals are complete.
func (w *world) stopClouds() {
	for _, p := range w.clouds {
		p.Stop(w)
	}
}

// command runs a command on the data, which must come to a good end, and returns what it says.
func (w *world) command(args ...string) string {
	w.Helper()
	return string(program.Run(w, append(args, "--data", w.data)...))
}

// sound holds the journal and the books to their own rules, and the books to those rebuilt.
func (w *world) sound() {
	w.Helper()
	w.command("journal", "verify")
	w.command("ledger", "verify")
	if out := w.command("ledger", "rebuild"); !strings.Contains(out, "the same bytes as before") {
		w.Errorf("ledger rebuild: %s", out)
	}
}
