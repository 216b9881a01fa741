package clienttest_test

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// programDir names the environment variable with the directory that the tests build the program into.
const programDir = "CONCORD_CLIENTTEST_DIR"

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
	dir, err := os.MkdirTemp("", "concord-clienttest-")
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

// slowest is how long anything may take before the test gives up on it.
const slowest = 30 * time.Second

// process is one run of the program.
type process struct {
	cmd   *exec.Cmd
	ready chan string   // the line that says that it serves
	gone  chan struct{} // closed when it ended
	err   error         // of its end; read after gone
	mu    sync.Mutex
	said  bytes.Buffer
}

// start runs the program; it is ready when a line on stderr begins with sign.
func start(t testing.TB, sign string, args ...string) *process {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{cmd: exec.Command(path, args...), ready: make(chan string, 1), gone: make(chan struct{})}
	stderr, err := p.cmd.StderrPipe()
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			p.mu.Lock()
			p.said.WriteString(lines.Text() + "\n")
			p.mu.Unlock()
			if strings.HasPrefix(lines.Text(), sign) {
				select {
				case p.ready <- lines.Text():
				default:
				}
			}
		}
		p.err = p.cmd.Wait()
		close(p.gone)
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // most are gone by then
		<-p.gone
	})
	return p
}

func (p *process) words() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.said.String()
}

// address waits until the process serves, and returns the address that it says.
func (p *process) address(t testing.TB) string {
	t.Helper()
	select {
	case line := <-p.ready:
		_, rest, _ := strings.Cut(line, "http://")
		address, _, _ := strings.Cut(rest, " ")
		return strings.TrimSuffix(address, "/v1")
	case <-p.gone:
		t.Fatalf("%v ended: %v\n%s", p.cmd.Args, p.err, p.words())
	case <-time.After(slowest):
		t.Fatalf("%v does not serve\n%s", p.cmd.Args, p.words())
	}
	return ""
}

// stop asks the process to end, and wants it to end well.
func (p *process) stop(t testing.TB) {
	t.Helper()
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Error(err)
	}
	select {
	case <-p.gone:
	case <-time.After(2 * slowest):
		t.Fatalf("%v does not stop\n%s", p.cmd.Args, p.words())
	}
	if p.err != nil {
		t.Errorf("%v: %v\n%s", p.cmd.Args, p.err, p.words())
	}
}
