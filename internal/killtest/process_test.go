package killtest_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// programDir names the environment variable with the directory that the tests build the program into.
const programDir = "CONCORD_KILLTEST_DIR"

// program builds the program once for all tests.
var program = sync.OnceValues(func() (string, error) {
	path := filepath.Join(os.Getenv(programDir), "concord")
	out, err := exec.Command("go", "build", "-o", path, "concord/cmd/concord").CombinedOutput()
	if err != nil {
		err = fmt.Errorf("build the program: %w\n%s", err, out)
	}
	return path, err
})

func TestMain(m *testing.M) { os.Exit(within(m)) }

// within runs the tests with a directory for the program.
func within(m *testing.M) int {
	dir, err := os.MkdirTemp("", "concord-killtest-")
	if err == nil {
		defer os.RemoveAll(dir)
		err = os.Setenv(programDir, dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// slowest is how long a process may take for anything before the test gives up on it.
const slowest = 30 * time.Second

// process is one run of the program.
type process struct {
	cmd   *exec.Cmd
	ready chan struct{} // closed when it says that it serves
	gone  chan struct{} // closed when it ended
	err   error         // of its end; read after gone
	mu    sync.Mutex
	said  bytes.Buffer
}

// run starts a process. It is ready when a line that it says on stderr begins with sign.
func run(t testing.TB, sign, name string, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(name, args...), ready: make(chan struct{}), gone: make(chan struct{})}
	stderr, err := p.cmd.StderrPipe()
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	go p.listen(stderr, sign)
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // most are gone by then
		<-p.gone
	})
	return p
}

func (p *process) listen(stderr io.Reader, sign string) {
	once := sync.OnceFunc(func() { close(p.ready) })
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		p.mu.Lock()
		p.said.WriteString(lines.Text() + "\n")
		p.mu.Unlock()
		if strings.HasPrefix(lines.Text(), sign) {
			once()
		}
	}
	p.err = p.cmd.Wait()
	close(p.gone)
}

func (p *process) words() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.said.String()
}

// await waits until the process serves.
func (p *process) await(t testing.TB) {
	t.Helper()
	select {
	case <-p.ready:
	case <-p.gone:
		t.Fatalf("%v ended: %v\n%s", p.cmd.Args, p.err, p.words())
	case <-time.After(slowest):
		t.Fatalf("%v does not serve\n%s", p.cmd.Args, p.words())
	}
}

// stop asks the process to end, and wants it to end well.
func (p *process) stop(t testing.TB) {
	t.Helper()
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Error(err)
	}
	select {
	case <-p.gone:
	case <-time.After(slowest):
		t.Fatalf("%v does not stop\n%s", p.cmd.Args, p.words())
	}
	if p.err != nil {
		t.Errorf("%v: %v\n%s", p.cmd.Args, p.err, p.words())
	}
}

// kill ends the process at once, wherever it is.
func (p *process) kill(t testing.TB) {
	t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatalf("%v was gone already: %v\n%s", p.cmd.Args, err, p.words())
	}
	<-p.gone
}

// world is a gateway over five emulated clouds, each a process of its own.
type world struct {
	testing.TB
	program  string
	dir      string
	data     string
	config   string
	gateway  string // address
	clouds   map[string]*process
	journals map[string]string // of the clouds, by cloud
}

// cloudPorts are the ports of the clouds in the examples.
var cloudPorts = map[string]string{"azure": "9101", "aws": "9102", "gcp": "9103", "alibaba": "9104", "openai": "9105"}

// newWorld starts the clouds at a speed. journal is what the configuration says of the journal; data is where the gateway
// keeps its data, "" = in the test's directory.
func newWorld(t testing.TB, speed, journal, data string, faults map[string]string) *world {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{TB: t, program: path, dir: t.TempDir(), data: data, clouds: map[string]*process{}, journals: map[string]string{}}
	w.config = filepath.Join(w.dir, "concord.yaml")
	if data == "" {
		w.data = filepath.Join(w.dir, "data")
	}
	addresses := map[string]string{}
	w.gateway = address(t)
	replace := []string{"data: ./concord-data", "data: " + w.data, "127.0.0.1:8080", w.gateway}
	for cloud, port := range cloudPorts {
		addresses[cloud] = address(t)
		replace = append(replace, "127.0.0.1:"+port, addresses[cloud])
	}
	w.copyExamples(strings.NewReplacer(replace...), journal)
	for cloud := range cloudPorts {
		w.journals[cloud] = filepath.Join(w.dir, cloud+".ndjson")
		args := []string{"emulate", "--config", w.config, "--cloud", cloud, "--listen", addresses[cloud], "--speed", speed, "--journal", w.journals[cloud]}
		if text := faults[cloud]; text != "" {
			file := filepath.Join(w.dir, cloud+"-faults.yaml")
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			args = append(args, "--faults", file)
		}
		w.clouds[cloud] = run(t, "Emulating ", w.program, args...)
	}
	for _, p := range w.clouds {
		p.await(t)
	}
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

// address finds a free address of this machine. Its port is below those that systems give to outgoing connections, so that it
// is still free when a gateway that was killed comes back.
func address(t testing.TB) string {
	t.Helper()
	var last error
	for range 100 {
		l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", fmt.Sprintf("127.0.0.1:%d", 20_000+rand.IntN(12_000)))
		if err == nil {
			defer l.Close()
			return l.Addr().String()
		}
		last = err
	}
	t.Fatal(last)
	return ""
}

// serving is the line that a gateway says when it serves.
const serving = "Serving on "

// serve starts the gateway and does not wait.
func (w *world) serve() *process {
	return run(w, serving, w.program, "serve", "--config", w.config)
}

// stopClouds ends the clouds, so that their journals are complete.
func (w *world) stopClouds() {
	for _, p := range w.clouds {
		p.stop(w)
	}
}

// command runs a command on the data, which must come to a good end, and returns what it says.
func (w *world) command(args ...string) string {
	w.Helper()
	cmd := exec.Command(w.program, append(args, "--data", w.data)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		w.Errorf("concord %s: %v\n%s%s", strings.Join(args, " "), err, out, stderr.String())
	}
	return string(out)
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
