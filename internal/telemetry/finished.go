package telemetry

import (
	"context"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"concord/gateway"
	"concord/journal"
)

// A label is what sorts requests that have a record. There are few: what clients name is not in it.
type label struct {
	outcome      journal.Outcome
	cloud, route string
}

// labels are what was counted of a label, and the attributes to tell it with, made once: every request counts, and next to that
// scrapes are rare. What a counter of OpenTelemetry does for each addition costs ten times as much.
type labels struct {
	requests, attempts, input, output atomic.Int64

	cloud    attribute.KeyValue
	request  metric.ObserveOption
	starved  []metric.AddOption
	duration []metric.RecordOption
}

func (m *Metrics) labelled(l label) *labels {
	if known, ok := m.labels.Load(l); ok {
		return known.(*labels)
	}
	return m.newLabels(l)
}

func (m *Metrics) newLabels(l label) *labels {
	cloud := attribute.String("cloud", l.cloud)
	of := metric.WithAttributeSet(attribute.NewSet(cloud))
	made := &labels{
		cloud:    cloud,
		request:  metric.WithAttributeSet(attribute.NewSet(attribute.String("outcome", l.outcome.String()), attribute.String("surface", l.route), cloud)),
		starved:  []metric.AddOption{of},
		duration: []metric.RecordOption{of},
	}
	known, _ := m.labels.LoadOrStore(l, made)
	return known.(*labels)
}

// counted are the metrics that are added up here.
type counted struct{ requests, attempts, tokens metric.Int64Observable }

// observe tells what was counted. Attempts and tokens are sorted by cloud alone.
func (m *Metrics) observe(o metric.Observer, c *counted) {
	type sums struct{ attempts, input, output int64 }
	clouds := map[attribute.KeyValue]sums{}
	m.labels.Range(func(_, of any) bool {
		l := of.(*labels)
		o.ObserveInt64(c.requests, l.requests.Load(), l.request)
		s := clouds[l.cloud]
		clouds[l.cloud] = sums{s.attempts + l.attempts.Load(), s.input + l.input.Load(), s.output + l.output.Load()}
		return true
	})
	for cloud, s := range clouds {
		o.ObserveInt64(c.attempts, s.attempts, metric.WithAttributes(cloud))
		if s.input > 0 {
			o.ObserveInt64(c.tokens, s.input, metric.WithAttributes(cloud, attribute.String("gen_ai.token.type", "input")))
		}
		if s.output > 0 {
			o.ObserveInt64(c.tokens, s.output, metric.WithAttributes(cloud, attribute.String("gen_ai.token.type", "output")))
		}
	}
}

// Finished counts a request that ended. It is what a gateway's Observe wants.
func (m *Metrics) Finished(f gateway.Finished) {
	ctx := context.Background() // a counter has no deadline and nothing to cancel
	if f.Outcome == 0 {
		m.rejected.Add(ctx, 1, metric.WithAttributes(attribute.String("route", f.Route), attribute.String("code", f.Code)))
		return
	}
	l := m.labelled(label{f.Outcome, f.Cloud, f.Route})
	l.requests.Add(1)
	l.attempts.Add(int64(f.Attempts))
	if f.Left != 0 {
		m.departed.Add(ctx, 1, metric.WithAttributes(attribute.String("cloud", f.Cloud), attribute.String("reason", f.Left.String())))
	}
	if f.Starved {
		m.starved.Add(ctx, 1, l.starved...)
	}
	m.duration.Record(ctx, time.Duration(f.Duration).Seconds(), l.duration...)
	input := f.Tokens.Prompt()
	l.input.Add(input)
	l.output.Add(f.Tokens.Total() - input)
}
