// Package proctest runs the program as the world does, for tests: a process of its own that chooses its port, says where it
// serves, and can be asked to end, or killed.
package proctest

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
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

// Slowest is how long a process may take for anything before a test gives up on it.
const Slowest = 30 * time.Second

// Lines that the program says on stderr when it serves.
const (
	Serving   = "Serving on " // concord serve
	Emulating = "Emulating "  // concord emulate
	Anywhere  = "127.0.0.1:0" // an address to listen on: the system chooses a port that is free, and the line names it
)

// Program is the program, built once for all tests of a package, when the first one asks for it.
type Program struct {
	dir   string
	build sync.Once
	path  string
	err   error
}

// Main runs the tests of a package with a directory for the program, and returns their exit code.
func (p *Program) Main(m *testing.M) int {
	dir, err := os.MkdirTemp("", "concord-proctest-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	p.dir = dir
	return m.Run()
}

// Path builds the program, where that is not done yet, and returns its file.
func (p *Program) Path(t testing.TB) string {
	t.Helper()
	p.build.Do(func() {
		p.path = filepath.Join(p.dir, "concord")
		if out, err := exec.Command("go", "build", "-o", p.path, "concord/cmd/concord").CombinedOutput(); err != nil {
			p.err = fmt.Errorf("build the program: %w\n%s", err, out)
		}
	})
	if p.err != nil {
		t.Fatal(p.err)
	}
	return p.path
}

// Run runs a command of the program, which must come to a good end, and returns what it prints.
func (p *Program) Run(t testing.TB, args ...string) []byte {
	t.Helper()
	cmd := exec.Command(p.Path(t), args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Errorf("concord %s: %v\n%s%s", strings.Join(args, " "), err, out, stderr.String())
	}
	return out
}

// Process is a command that runs. It ends with the test at the latest.
type Process struct {
	cmd     *exec.Cmd
	sign    string
	ready   chan struct{} // closed when it says that it serves
	address string        // that it says; read after ready
	gone    chan struct{} // closed when it ended
	err     error         // of its end; read after gone

	mu   sync.Mutex
	said bytes.Buffer
}

// Start starts the program, or another command that runs it, and does not wait. It serves when a line on its stderr begins
// with sign.
func Start(t testing.TB, sign, name string, args ...string) *Process {
	t.Helper()
	p := &Process{cmd: exec.Command(name, args...), sign: sign, ready: make(chan struct{}), gone: make(chan struct{})}
	stderr, err := p.cmd.StderrPipe()
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			p.hear(lines.Text())
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

// hear keeps a line, and takes the address from the first one that says where the process serves.
func (p *Process) hear(line string) {
	p.mu.Lock()
	p.said.WriteString(line + "\n")
	p.mu.Unlock()
	if p.address != "" || !strings.HasPrefix(line, p.sign) {
		return
	}
	_, rest, _ := strings.Cut(line, "http://")
	address, _, _ := strings.Cut(rest, " ")
	p.address = strings.TrimSuffix(address, "/v1")
	close(p.ready)
}

// Words are what the process has said on stderr so far.
func (p *Process) Words() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.said.String()
}

// ID is the process's number in the system.
func (p *Process) ID() int { return p.cmd.Process.Pid }

// Address waits until the process serves, and returns the address that it says.
func (p *Process) Address(t testing.TB) string {
	t.Helper()
	select {
	case <-p.ready:
	case <-p.gone:
		t.Fatalf("%v ended: %v\n%s", p.cmd.Args, p.err, p.Words())
	case <-time.After(Slowest):
		t.Fatalf("%v does not serve\n%s", p.cmd.Args, p.Words())
	}
	return p.address
}

// Signal sends the process a signal.
func (p *Process) Signal(t testing.TB, signal os.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(signal); err != nil {
		t.Fatalf("%v was gone already: %v\n%s", p.cmd.Args, err, p.Words())
	}
}

// Gone is closed when the process has ended.
func (p *Process) Gone() <-chan struct{} { return p.gone }

// Ended waits until the process ends, and returns how.
func (p *Process) Ended(t testing.TB) error {
	t.Helper()
	select {
	case <-p.gone:
	case <-time.After(2 * Slowest):
		t.Fatalf("%v does not end\n%s", p.cmd.Args, p.Words())
	}
	return p.err
}

// Stop asks the process to end, and wants it to end well.
func (p *Process) Stop(t testing.TB) {
	t.Helper()
	p.Signal(t, os.Interrupt)
	if err := p.Ended(t); err != nil {
		t.Errorf("%v: %v\n%s", p.cmd.Args, err, p.Words())
	}
}

// Kill ends the process at once, wherever it is.
func (p *Process) Kill(t testing.TB) {
	t.Helper()
	p.Signal(t, os.Kill)
	<-p.gone
}

// Pass lets time pass, in which the process must not end by itself.
func (p *Process) Pass(t testing.TB, d time.Duration) {
	t.Helper()
	select {
	case <-time.After(d):
	case <-p.gone:
		t.Fatalf("%v ended by itself: %v\n%s", p.cmd.Args, p.err, p.Words())
	}
}

// Free finds an address that nothing listens on, for tests that must know it before the program starts; others let the program
// choose. Its port is below those that systems give to outgoing connections, so that no connection takes it meanwhile.
func Free() (address string, err error) {
	for range 100 {
		l, failed := new(net.ListenConfig).Listen(context.Background(), "tcp", fmt.Sprintf("127.0.0.1:%d", 20_000+rand.IntN(12_000)))
		if err = failed; err == nil {
			return l.Addr().String(), l.Close()
		}
	}
	return "", fmt.Errorf("find a port that is free: %w", err)
}
