//go:build linux

package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"
)

// settings are the flags of a run.
type settings struct {
	rounds    int
	phase     time.Duration
	clients   int // at once, at full load
	streams   int // open at once, for the memory
	only      string
	json      string
	profile   string
	profileOf string
}

func main() {
	runtime.LockOSThread() // what is started ends with the thread that started it: this one stays
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := dispatch(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	}
}

// dispatch runs a role that the measuring process gave, or measures.
func dispatch(ctx context.Context, args []string) error {
	if len(args) > 1 {
		switch args[0] {
		case roleUpstream:
			return serveUpstream(ctx, args[1])
		case roleReverseProxy:
			return serveReverseProxy(ctx, args[1], args[2])
		case roleConcord:
			return serveConcord(ctx, args[1], args[2:])
		}
	}
	var s settings
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.IntVar(&s.rounds, "rounds", 3, "rounds; each measures every front once, in turns")
	flags.DurationVar(&s.phase, "phase", 2500*time.Millisecond, "how long each load is measured in a round")
	flags.IntVar(&s.clients, "clients", 64, "connections at full load")
	flags.IntVar(&s.streams, "streams", 2000, "streams open at once when memory is measured")
	flags.StringVar(&s.only, "only", "", "fronts to measure, with commas between them; nothing = all")
	flags.StringVar(&s.json, "json", "", "write all figures to this file")
	flags.StringVar(&s.profile, "profile", "", "instead of measuring, write a CPU profile under this load: whole, streams, or paced; memory: what open streams hold")
	flags.StringVar(&s.profileOf, "profile-of", "strict", "the front that is profiled: strict, relaxed, off, or reverseproxy")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if s.rounds < 1 || s.clients < 1 || s.streams < 1 || s.phase <= 0 {
		return fmt.Errorf("--rounds, --clients, --streams and --phase are above zero")
	}
	return run(ctx, &s)
}
