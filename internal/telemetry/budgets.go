package telemetry

import (
	"context"
	"fmt"
	"strconv"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// A Budget is what a gauge shows of one; the amounts are plain decimals.
type Budget struct{ ID, Currency, Limit, Spent, Held string }

// WatchBudgets shows what budgets have come to in their windows of now, and how much is served on credit; both are asked at each
// scrape. A gauge is rounded to a float: what is refused is decided on exact amounts.
func (m *Metrics) WatchBudgets(read func() []Budget, exposure func() (currency, amount string)) error {
	meter := m.provider.Meter("concord")
	var gauges [3]metric.Float64ObservableGauge
	for i, g := range []struct{ name, what string }{
		{"concord.budget.limit", "Limit of a budget."},
		{"concord.budget.spent", "Charged in a budget's window of now."},
		{"concord.budget.held", "Held for open requests in a budget's window of now."},
	} {
		var err error
		if gauges[i], err = meter.Float64ObservableGauge(g.name, metric.WithDescription(g.what)); err != nil {
			return fmt.Errorf("set up metrics of budgets: %w", err)
		}
	}
	credit, err := meter.Float64ObservableGauge("concord.credit.exposure",
		metric.WithDescription("The most that requests can cost which were served while the journal took no entries and are not in it yet: what a crash would lose now."))
	if err != nil {
		return fmt.Errorf("set up metrics of the credit: %w", err)
	}
	_, err = meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		for _, b := range read() {
			of := metric.WithAttributes(attribute.String("budget", b.ID), attribute.String("currency", b.Currency))
			for i, amount := range []string{b.Limit, b.Spent, b.Held} {
				if v, err := strconv.ParseFloat(amount, 64); err == nil {
					o.ObserveFloat64(gauges[i], v, of)
				}
			}
		}
		if currency, amount := exposure(); currency != "" {
			if v, err := strconv.ParseFloat(amount, 64); err == nil {
				o.ObserveFloat64(credit, v, metric.WithAttributes(attribute.String("currency", currency)))
			}
		}
		return nil
	}, gauges[0], gauges[1], gauges[2], credit)
	if err != nil {
		return fmt.Errorf("set up metrics of budgets: %w", err)
	}
	return nil
}
