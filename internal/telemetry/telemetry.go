// Package telemetry is how the program is watched: structured logs and the metrics behind /metrics. It names every metric
// and every log key in one place. No prompt, completion or key ever reaches it.
package telemetry

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel/attribute"
	otelprom "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/metric"
	sdk "go.opentelemetry.io/otel/sdk/metric"
)

// NewLogger returns a logger of lines for people; JSON lines where asJSON is set.
func NewLogger(w io.Writer, level slog.Level, asJSON bool) *slog.Logger {
	options := &slog.HandlerOptions{Level: level}
	if asJSON {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// Metrics are the program's counters. Safe for concurrent use.
type Metrics struct {
	registry *prometheus.Registry
	provider *sdk.MeterProvider
	rejected metric.Int64Counter
	departed metric.Int64Counter
	starved  metric.Int64Counter
	duration metric.Float64Histogram
	commit   metric.Float64Histogram
	reloads  metric.Int64Counter
	refused  metric.Int64Gauge
	labels   sync.Map // label to *labels
}

// NewMetrics makes the counters. lag tells how many committed blocks the books are behind, unsynced how many entries were
// taken and are not durable yet; they are asked at each scrape.
func NewMetrics(lag, unsynced func() int64) (*Metrics, error) {
	m := &Metrics{registry: prometheus.NewRegistry()}
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	exporter, err := otelprom.New(otelprom.WithRegisterer(m.registry), otelprom.WithoutScopeInfo())
	if err != nil {
		return nil, fmt.Errorf("set up the Prometheus exporter: %w", err)
	}
	m.provider = sdk.NewMeterProvider(sdk.WithReader(exporter))
	meter := m.provider.Meter("concord")
	var errs [12]error
	requests, err := meter.Int64ObservableCounter("concord.requests", metric.WithDescription("Requests by outcome, by surface and by the cloud that served them."))
	errs[0] = err
	attempts, err := meter.Int64ObservableCounter("concord.attempts", metric.WithDescription("Attempts, by the cloud of the last one."))
	errs[1] = err
	tokens, err := meter.Int64ObservableCounter("gen_ai.client.token.usage", metric.WithDescription("Tokens charged to customers, by cloud and direction."))
	errs[2] = err
	m.duration, errs[3] = meter.Float64Histogram("gen_ai.server.request.duration", metric.WithUnit("s"), metric.WithDescription("Requests from admission to their end."),
		metric.WithExplicitBucketBoundaries(.01, .02, .04, .08, .16, .32, .64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92))
	m.rejected, errs[4] = meter.Int64Counter("concord.requests.rejected", metric.WithDescription("Requests that were never admitted, by route and error code."))
	_, errs[5] = meter.Int64ObservableGauge("concord.poster.lag", metric.WithDescription("Blocks of the journal that the books have not taken yet."),
		metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
			o.Observe(lag())
			return nil
		}))
	_, errs[9] = meter.Int64ObservableGauge("concord.unsynced.entries", metric.WithDescription("Entries that were taken and are not durable yet: what a power cut would lose now. Under strict durability no client has seen what they stand for."),
		metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
			o.Observe(unsynced())
			return nil
		}))
	m.commit, errs[6] = meter.Float64Histogram("concord.commit.duration", metric.WithUnit("s"), metric.WithDescription("Group commits of the journal."),
		metric.WithExplicitBucketBoundaries(.0001, .0002, .0005, .001, .002, .005, .01, .02, .05, .1, .2, .5, 1))
	m.reloads, errs[7] = meter.Int64Counter("concord.reloads", metric.WithDescription("Times that the configuration was read again, by what came of it: taken, unchanged, refused, failed."))
	m.refused, errs[8] = meter.Int64Gauge("concord.reload.errors", metric.WithDescription("Errors in the configuration as it was last read; above 0 it was refused and the terms in force before stay in force."))
	m.departed, errs[10] = meter.Int64Counter("concord.departures", metric.WithDescription("Requests that left a deployment for another, by the cloud that took over and by the last reason."))
	m.starved, errs[11] = meter.Int64Counter("concord.retries.starved", metric.WithDescription("Requests that ended because their customer's retry budget was spent."))
	for _, err := range errs {
		if err != nil {
			return nil, fmt.Errorf("set up metrics: %w", err)
		}
	}
	counts := counted{requests, attempts, tokens}
	if _, err := meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		m.observe(o, &counts)
		return nil
	}, requests, attempts, tokens); err != nil {
		return nil, fmt.Errorf("set up metrics: %w", err)
	}
	return m, nil
}

// Handler serves /metrics in the Prometheus text format.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// Close stops the exporter.
func (m *Metrics) Close(ctx context.Context) error { return m.provider.Shutdown(ctx) }

// Committed counts one group commit of the journal.
func (m *Metrics) Committed(took time.Duration) {
	m.commit.Record(context.Background(), took.Seconds())
}

// Reloaded counts a reading of the configuration, with the errors that it found.
func (m *Metrics) Reloaded(outcome string, errors int) {
	ctx := context.Background()
	m.reloads.Add(ctx, 1, metric.WithAttributes(attribute.String("outcome", outcome)))
	m.refused.Record(ctx, int64(errors))
}
