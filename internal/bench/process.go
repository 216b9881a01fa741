//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A process is one that is measured, with its children (nginx's workers).
type process struct {
	name  string
	cmd   *exec.Cmd
	begun time.Time
	ready time.Duration // until it answered
	said  *bytes.Buffer
	ended chan error
}

// launch starts a process and waits until something takes connections at its address.
func launch(ctx context.Context, name, address string, env []string, command string, args ...string) (*process, error) {
	p := &process{name: name, cmd: exec.Command(command, args...), said: &bytes.Buffer{}, ended: make(chan error, 1)}
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stdout, p.cmd.Stderr = p.said, p.said
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	p.begun = time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	go func() { p.ended <- p.cmd.Wait() }()
	for time.Since(p.begun) < 15*time.Second {
		if c, err := dial(address); err == nil {
			p.ready = time.Since(p.begun)
			return p, c.Close()
		}
		select {
		case err := <-p.ended:
			return nil, fmt.Errorf("%s ended at once: %w\n%s", name, err, p.said)
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), p.stop())
		case <-time.After(time.Millisecond):
		}
	}
	return nil, errors.Join(fmt.Errorf("%s does not take connections at %s", name, address), p.stop())
}

// gone reports whether the process has ended by itself.
func (p *process) gone() bool {
	select {
	case err := <-p.ended:
		p.ended <- err
		return true
	default:
		return false
	}
}

// stop ends the process and waits for it.
func (p *process) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return nil //nolint:nilerr // it has ended already
	}
	select {
	case <-p.ended:
		return nil
	case <-time.After(20 * time.Second):
		return errors.Join(fmt.Errorf("%s does not stop", p.name), p.cmd.Process.Kill())
	}
}

// pids are the process and its children.
func (p *process) pids() []int {
	pids := []int{p.cmd.Process.Pid}
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pids[0]))
	if err != nil {
		return pids
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			continue
		}
		for _, child := range strings.Fields(string(text)) {
			if n, err := strconv.Atoi(child); err == nil {
				pids = append(pids, n)
			}
		}
	}
	return pids
}

// cpu is the processor time that the process has used. The scheduler's own count is exact, the ticks of /proc/PID/stat are
// not; the larger one counts, for threads that ended are missing from the former.
func (p *process) cpu() time.Duration {
	var total time.Duration
	for _, pid := range p.pids() {
		var exact time.Duration
		files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
		if err == nil {
			for _, f := range files {
				exact += time.Duration(firstNumber(f))
			}
		}
		ticks := ticksOf(pid)
		if exact == 0 || ticks > exact+50*time.Millisecond {
			exact = ticks
		}
		total += exact
	}
	return total
}

func firstNumber(file string) int64 {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	field, _, _ := strings.Cut(string(text), " ")
	n, err := strconv.ParseInt(field, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// ticksOf reads utime and stime, in ticks of 10 ms.
func ticksOf(pid int) time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	if err1 != nil || err2 != nil {
		return 0
	}
	return time.Duration(user+system) * 10 * time.Millisecond
}

// quiet waits until the process rests, so that what it still does for the load is counted to the load.
func (p *process) quiet(ctx context.Context) {
	const look = 100 * time.Millisecond
	last := p.cpu()
	for range 50 {
		select {
		case <-ctx.Done():
			return
		case <-time.After(look):
		}
		now := p.cpu()
		if now-last < look/33 {
			return
		}
		last = now
	}
}

// rss is the memory that the process has in the machine, bytes: its own, and the pages of its program that were read.
func (p *process) rss() int64 { return p.status("VmRSS:") }

// own is the part of it that is not the program's file.
func (p *process) own() int64 { return p.status("RssAnon:") }

func (p *process) status(name string) int64 {
	var total int64
	for _, pid := range p.pids() {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			if rest, ok := strings.CutPrefix(line, name); ok {
				if n, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64); err == nil {
					total += n << 10
				}
			}
		}
	}
	return total
}
