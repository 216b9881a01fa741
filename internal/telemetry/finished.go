package telemetry

import (
	"context"
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

// labels are the options of a label's measurements, made once: sorting attributes for each request costs more than counting.
type labels struct {
	request       []metric.AddOption
	cloud         []metric.AddOption
	input, output []metric.AddOption
	duration      []metric.RecordOption
}

func (m *Metrics) labelled(l label) *labels {
	if known, ok := m.labels.Load(l); ok {
		return known.(*labels)
	}
	cloud := attribute.String("cloud", l.cloud)
	add := func(with ...attribute.KeyValue) []metric.AddOption {
		return []metric.AddOption{metric.WithAttributeSet(attribute.NewSet(append(with, cloud)...))}
	}
	made := &labels{
		request:  add(attribute.String("outcome", l.outcome.String()), attribute.String("surface", l.route)),
		cloud:    add(),
		input:    add(attribute.String("gen_ai.token.type", "input")),
		output:   add(attribute.String("gen_ai.token.type", "output")),
		duration: []metric.RecordOption{metric.WithAttributeSet(attribute.NewSet(cloud))},
	}
	known, _ := m.labels.LoadOrStore(l, made)
	return known.(*labels)
}

// Finished counts a request that ended. It is what a gateway's Observe wants.
func (m *Metrics) Finished(f gateway.Finished) {
	ctx := context.Background() // a counter has no deadline and nothing to cancel
	if f.Outcome == 0 {
		m.rejected.Add(ctx, 1, metric.WithAttributes(attribute.String("route", f.Route), attribute.String("code", f.Code)))
		return
	}
	l := m.labelled(label{f.Outcome, f.Cloud, f.Route})
	m.requests.Add(ctx, 1, l.request...)
	if f.Left != 0 {
		m.departed.Add(ctx, 1, metric.WithAttributes(attribute.String("cloud", f.Cloud), attribute.String("reason", f.Left.String())))
	}
	if f.Starved {
		m.starved.Add(ctx, 1, l.cloud...)
	}
	m.duration.Record(ctx, time.Duration(f.Duration).Seconds(), l.duration...)
	m.attempts.Add(ctx, int64(f.Attempts), l.cloud...)
	input := f.Tokens.Prompt()
	if input > 0 {
		m.tokens.Add(ctx, input, l.input...)
	}
	if output := f.Tokens.Total() - input; output > 0 {
		m.tokens.Add(ctx, output, l.output...)
	}
}
