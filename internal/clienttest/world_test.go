package clienttest_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"concord/internal/proctest"
)

// The clouds of the example, in its order, with the ports that its accounts name.
var cloudNames = []string{"azure", "aws", "gcp", "alibaba", "openai"}

var cloudPorts = map[string]string{"azure": "9101", "aws": "9102", "gcp": "9103", "alibaba": "9104", "openai": "9105"}

const goodKey = "sk-example-acme"

// quick makes the gateway forget failures fast, so that a test that turns clouds off and on does not wait.
const quick = "\nbreaker: {failures: 3, cooldown: 5ms, longest: 10ms, quota: 10ms, ramp: 1}\nretries: {percent: 100, burst: unlimited}\n"

// world is `concord serve` with the example of all surfaces, over five `concord emulate`.
type world struct {
	testing.TB
	dir     string
	gateway string // its address
	serve   *proctest.Process
	clouds  map[string]*proctest.Process
	address map[string]string
	client  *http.Client
}

// newWorld starts all processes. settings are added to the configuration, order replaces the agreement's order of clouds.
func newWorld(t testing.TB, settings, order string, emulate ...string) *world {
	t.Helper()
	var replace []string
	if order != "" {
		replace = append(replace, "[[azure], [aws], [gcp], [alibaba], [openai]]", order)
	}
	return newWorldOf(t, settings, replace, emulate...)
}

// newWorldOf is newWorld with other changes to the example: pairs of what stands there and what does in its place.
func newWorldOf(t testing.TB, settings string, changes []string, emulate ...string) *world {
	t.Helper()
	w := &world{TB: t, dir: t.TempDir(), clouds: map[string]*proctest.Process{}, address: map[string]string{},
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}}
	replace := append([]string{"127.0.0.1:8080", proctest.Anywhere, "data: ./concord-data", "data: " + filepath.Join(w.dir, "data")}, changes...)
	w.write(strings.NewReplacer(replace...), "")
	for _, cloud := range cloudNames {
		args := append([]string{"emulate", "--config", w.config(), "--cloud", cloud, "--listen", proctest.Anywhere, "--journal", w.book(cloud)}, emulate...)
		w.clouds[cloud] = proctest.Start(t, proctest.Emulating, program.Path(t), args...)
	}
	for _, cloud := range cloudNames {
		w.address[cloud] = w.clouds[cloud].Address(t)
		replace = append(replace, "127.0.0.1:"+cloudPorts[cloud], w.address[cloud])
	}
	w.write(strings.NewReplacer(replace...), settings)
	w.serve = proctest.Start(t, proctest.Serving, program.Path(t), "serve", "--config", w.config())
	w.gateway = w.serve.Address(t)
	t.Cleanup(w.client.CloseIdleConnections)
	return w
}

func (w *world) config() string { return filepath.Join(w.dir, "surfaces", "concord.yaml") }

// book is where a cloud writes down what it served.
func (w *world) book(cloud string) string { return filepath.Join(w.dir, cloud+".ndjson") }

// write puts the examples' files into the test's directory, changed.
func (w *world) write(r *strings.Replacer, settings string) {
	w.Helper()
	for _, name := range []string{"surfaces/concord.yaml", "surfaces/agreement.yaml", "surfaces/prices.yaml", "prices.yaml", "prices-surfaces.yaml"} {
		content, err := os.ReadFile(filepath.Join("../../examples", name))
		if err != nil {
			w.Fatal(err)
		}
		text := r.Replace(string(content))
		if name == "surfaces/concord.yaml" {
			text += settings
		}
		path := filepath.Join(w.dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			w.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			w.Fatal(err)
		}
	}
}

// put puts faults in force on a cloud while it runs; none heals it.
func (w *world) put(cloud, faults string) {
	w.Helper()
	method := http.MethodPut
	if faults == "" {
		method = http.MethodDelete
	}
	r, err := http.NewRequestWithContext(w.Context(), method, "http://"+w.address[cloud]+"/emulator/faults", strings.NewReader("faults:\n  - "+faults+"\n"))
	if err != nil {
		w.Fatal(err)
	}
	resp, err := w.client.Do(r)
	if err != nil {
		w.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusNoContent {
		w.Fatalf("%s takes no faults: %s", cloud, resp.Status)
	}
}

// only lets one cloud answer; the others are down.
func (w *world) only(cloud string) {
	w.Helper()
	for _, c := range cloudNames {
		if c == cloud {
			w.put(c, "")
		} else {
			w.put(c, "{kind: down}")
		}
	}
}

// heal lets all clouds answer.
func (w *world) heal() {
	w.Helper()
	for _, c := range cloudNames {
		w.put(c, "")
	}
}

// command runs a command on the data and returns what it says.
func (w *world) command(args ...string) []byte {
	w.Helper()
	return program.Run(w, append(args, "--data", filepath.Join(w.dir, "data"))...)
}

// usageRecord is what `concord usage list` says of a request.
type usageRecord struct {
	Request, API, Outcome, Cloud, Evidence string
	Stream                                 bool
	Usage                                  map[string]int64
	Unpriced                               []string
	Attempts                               []struct{ Outcome, Cloud string }
}

// prompt is the tokens that went in, answer those that came out.
func (r *usageRecord) tokens() (prompt, answer int64) {
	for class, n := range r.Usage {
		switch class {
		case "input", "cache_read", "cache_write", "input_audio", "input_image":
			prompt += n
		case "output", "reasoning", "output_audio", "output_image", "rejected":
			answer += n
		}
	}
	return prompt, answer
}

// records stops the gateway, holds its journal and books to their rules, and lists what it recorded.
func (w *world) records() []usageRecord {
	w.Helper()
	w.serve.Stop(w)
	w.command("journal", "verify")
	w.command("ledger", "verify")
	var list struct{ Records []usageRecord }
	if err := json.Unmarshal(w.command("usage", "list", "--format", "json"), &list); err != nil {
		w.Fatal(err)
	}
	return list.Records
}

// bookLine is what a cloud wrote down of a request.
type bookLine struct {
	Cloud        string
	Request      string `json:"request_id"`
	Operation    string
	Status       int
	Complete     bool
	Prompt       int64 `json:"prompt_tokens"`
	Completion   int64 `json:"completion_tokens"`
	Images       int64
	Characters   int64
	Milliseconds int64
	WebSearches  int64 `json:"web_searches"`
	FileSearches int64 `json:"file_searches"`
	Containers   int64
}

// books stops the clouds and reads what they wrote down, by request id.
func (w *world) books() map[string][]bookLine {
	w.Helper()
	all := map[string][]bookLine{}
	for _, cloud := range cloudNames {
		w.clouds[cloud].Stop(w)
		content, err := os.ReadFile(w.book(cloud))
		if err != nil {
			w.Fatal(err)
		}
		for line := range bytes.Lines(content) {
			var b bookLine
			if err := json.Unmarshal(line, &b); err != nil {
				w.Fatalf("%s: %v: %s", cloud, err, line)
			}
			all[b.Request] = append(all[b.Request], b)
		}
	}
	return all
}

// worked leaves out of what a cloud wrote down the requests for work that it did in the background: that has a line of its own.
func worked(lines []bookLine) []bookLine {
	for _, l := range lines {
		if l.Operation == "responses.background" {
			return slices.DeleteFunc(slices.Clone(lines), func(o bookLine) bool { return o.Operation == "responses" })
		}
	}
	return lines
}
