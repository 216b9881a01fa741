//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"time"
)

// A load is one way to use a front.
type load struct {
	name    string
	what    string
	request []byte
	want    int
	run     func(ctx context.Context, address string, l *load, s *settings) result
}

const (
	full     = "whole"
	half     = "500/s"
	steadily = "1000/s"
	flood    = "streams"
	pacing   = "paced"
)

// paceOfChunks is how far chunks are apart where streams are paced as models write.
const paceOfChunks = 5 * time.Millisecond

func loads() []load {
	whole, stream := request(payload(false, 0)), request(payload(true, 0))
	atRate := func(rate int) func(context.Context, string, *load, *settings) result {
		return func(ctx context.Context, address string, l *load, s *settings) result {
			return steady(ctx, address, rate, s.phase, l.request, l.want)
		}
	}
	return []load{
		{full, "not streamed, full load", whole, replyBytes, func(ctx context.Context, address string, l *load, s *settings) result {
			return saturate(ctx, address, s.clients, s.phase, l.request, l.want)
		}},
		{half, "not streamed, 500 requests a second", whole, replyBytes, atRate(500)},
		{steadily, "not streamed, 1,000 requests a second", whole, replyBytes, atRate(1000)},
		{flood, "streams of 50 chunks, full load", stream, streamBytes(), func(ctx context.Context, address string, l *load, s *settings) result {
			return saturate(ctx, address, s.clients/2, s.phase, l.request, l.want)
		}},
		{pacing, "streams of 50 chunks 5 ms apart, 100 a second", request(payload(true, paceOfChunks)), streamBytes(),
			func(ctx context.Context, address string, l *load, s *settings) result {
				return paced(ctx, address, 100, s.phase, l.request, l.want)
			}},
	}
}

// run measures, or profiles.
func run(ctx context.Context, s *settings) (err error) {
	w, err := newWorld(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.process.stop(), os.RemoveAll(w.dir)) }()
	if s.profile != "" {
		return w.writeProfile(ctx, s)
	}
	names, err := chosen(s.only)
	if err != nil {
		return err
	}
	r := newReport(s, names)
	if err := w.memory(ctx, s, names, r); err != nil {
		return err
	}
	if err := w.rounds(ctx, s, names, r); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	r.summarize()
	if s.json != "" {
		if err := r.writeJSON(s.json); err != nil {
			return err
		}
	}
	return r.write(os.Stdout)
}

// memory measures each front by itself, fresh: at rest, and with many slow streams open.
func (w *world) memory(ctx context.Context, s *settings, names []string, r *report) (err error) {
	for _, name := range names {
		if name == direct || name == off {
			continue
		}
		fmt.Fprintf(os.Stderr, "memory of %s\n", name)
		if err := w.memoryOf(ctx, s, name, r); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) memoryOf(ctx context.Context, s *settings, name string, r *report) (err error) {
	f, err := w.start(ctx, name, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.stop()) }()
	pause(ctx, 500*time.Millisecond)
	m := memory{Ready: f.ready, Idle: f.rss(), Own: f.own()}
	all, t := f.openStreams(ctx, s.streams)
	for range 10 { // all are open for a while: each takes 4 s
		m.Open = max(m.Open, f.rss())
		pause(ctx, 100*time.Millisecond)
	}
	all.Wait()
	m.Streams, m.Failed = t.Done, t.Failed
	m.After = f.rss()
	r.Memory[name] = m
	return nil
}

// openStreams begins slow streams, which are open for 4 s each.
func (f *front) openStreams(ctx context.Context, streams int) (*sync.WaitGroup, *tally) {
	raw := request(payload(true, 80*time.Millisecond))
	all, t := &sync.WaitGroup{}, &tally{}
	for range streams {
		all.Go(func() {
			c, err := connect(f.address)
			if err != nil {
				t.add(0, 0, err)
				return
			}
			defer c.close()
			_, err = c.ask(raw, streamBytes())
			t.add(0, 0, err)
		})
		pause(ctx, 500*time.Microsecond)
	}
	return all, t
}

// rounds loads every front in turns: A B C A B C.
func (w *world) rounds(ctx context.Context, s *settings, names []string, r *report) (err error) {
	var started []*front
	defer func() {
		for _, f := range started {
			if f.name != direct {
				err = errors.Join(err, f.stop())
			}
		}
	}()
	for _, name := range names {
		f, err := w.start(ctx, name, false)
		if err != nil {
			return err
		}
		started = append(started, f)
	}
	for round := range s.rounds {
		for _, l := range loads() {
			for i := range started {
				f := started[(i+round)%len(started)]
				fmt.Fprintf(os.Stderr, "round %d of %d: %s, %s\n", round+1, s.rounds, l.what, f.name)
				warm := l.request
				_ = saturate(ctx, f.address, 8, 150*time.Millisecond, warm, l.want) // what it brings is no figure
				f.quiet(ctx)
				before := f.cpu()
				got := l.run(ctx, f.address, &l, s)
				f.quiet(ctx)
				got.CPU = f.cpu() - before
				if f.gone() {
					return fmt.Errorf("%s ended under load:\n%s", f.name, f.said)
				}
				r.add(f.name, l.name, got)
				if err := ctx.Err(); err != nil {
					return err
				}
			}
		}
	}
	for _, f := range started {
		r.Loaded[f.name] = f.rss()
	}
	return nil
}

// writeProfile puts one front under one load and writes its CPU profile, or the profile of its memory with many streams open.
func (w *world) writeProfile(ctx context.Context, s *settings) (err error) {
	var more []string
	if s.profile == memoryProfile {
		more = append(more, "GODEBUG=memprofilerate=16384") // fine enough for what one of 2,000 streams holds
	}
	f, err := w.start(ctx, s.profileOf, true, more...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.stop()) }()
	if s.profile == memoryProfile {
		return f.profileMemory(ctx, s)
	}
	const seconds = 8
	profiled := make(chan error, 1)
	go func() {
		profiled <- fetch(ctx, fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", f.profiles, seconds), "bench.pprof")
	}()
	long := *s
	long.phase = seconds * time.Second
	for _, l := range loads() {
		if l.name == s.profile {
			before := f.cpu()
			got := l.run(ctx, f.address, &l, &long)
			f.quiet(ctx)
			fmt.Fprintf(os.Stderr, "%d done, %d failed %s, %v of CPU each; profile in bench.pprof\n", got.Done, got.Failed, got.Failure, (f.cpu()-before)/time.Duration(max(got.Done, 1)))
			return <-profiled
		}
	}
	return fmt.Errorf("there is no load %q", s.profile)
}

// memoryProfile is the profile of what open streams hold.
const memoryProfile = "memory"

// profileMemory writes what the heap holds, and what the goroutines do, while many streams are open.
func (f *front) profileMemory(ctx context.Context, s *settings) error {
	idle := f.rss()
	all, tally := f.openStreams(ctx, s.streams)
	pause(ctx, time.Second)
	open := f.rss()
	fmt.Fprintf(os.Stderr, "%.1f MB at rest, %.1f MB with %d streams open: %.1f KB each; heap in bench.heap, goroutines in bench.goroutines\n",
		mega(idle), mega(open), s.streams, float64(open-idle)/1024/float64(s.streams))
	err := errors.Join(
		fetch(ctx, "http://"+f.profiles+"/debug/pprof/goroutine?debug=1", "bench.goroutines"),
		fetch(ctx, "http://"+f.profiles+"/debug/pprof/heap?debug=1", "bench.memstats"),
		fetch(ctx, "http://"+f.profiles+"/debug/pprof/heap?gc=1", "bench.heap"))
	all.Wait()
	fmt.Fprintf(os.Stderr, "%d done, %d failed %s\n", tally.Done, tally.Failed, tally.Failure)
	return err
}

func fetch(ctx context.Context, url, file string) (err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = io.Copy(f, resp.Body)
	return err
}
