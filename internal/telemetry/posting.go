package telemetry

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/metric"
)

// WatchPosting shows whether posting to the books stopped at an entry that cannot be posted; it is asked at each scrape.
func (m *Metrics) WatchPosting(stopped func() bool) error {
	_, err := m.provider.Meter("concord").Int64ObservableGauge("concord.poster.stopped",
		metric.WithDescription("1 while posting to the books stands before an entry that cannot be posted; the status names it."),
		metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
			var n int64
			if stopped() {
				n = 1
			}
			o.Observe(n)
			return nil
		}))
	if err != nil {
		return fmt.Errorf("set up metrics of the poster: %w", err)
	}
	return nil
}
