package app

import (
	"time"

	"concord/gateway"
)

// Failover is how the gateway deals with clouds that fail or are slow, beside breakers and time-outs.
type Failover struct {
	Retries gateway.Retries
	Hedge   gateway.Hedge
	Probe   time.Duration // how often deployments are asked for their models; 0 = never
}

func (l *loader) failover() {
	doc, f := l.doc, &l.config.Failover
	f.Retries.Percent = l.number(doc.Retries.Percent, 100, "extra attempts for each 100 requests")
	switch doc.Retries.Burst.Value {
	case "unlimited":
		f.Retries.Burst = -1
	default:
		f.Retries.Burst = l.number(doc.Retries.Burst, 1000, `extra attempts, or "unlimited"`)
	}
	if doc.Hedge.After.Given() {
		f.Hedge.After = l.duration(doc.Hedge.After, 0)
	}
	f.Hedge.Slow = l.flag(doc.Hedge.Slow)
	if doc.Probe.Every.Given() {
		f.Probe = l.duration(doc.Probe.Every, 0)
	}
}

// number reads a whole number above 0.
func (l *loader) number(t text, preset int, what string) int {
	if !t.Given() {
		return preset
	}
	n, ok := parseCount(t.Value)
	if !ok {
		l.reject("config-number", t, "write a whole number above 0", "%q is not a number of %s", t.Value, what)
		return preset
	}
	return n
}

// flag reads true or false; not given is false.
func (l *loader) flag(t text) bool {
	switch t.Value {
	case "true":
		return true
	case "", "false":
	default:
		l.reject("config-flag", t, "write true or false", "%q is neither true nor false", t.Value)
	}
	return false
}
