package settlement_test

import (
	"fmt"
	"testing"
	"time"
)

// month posts one sale for every day, cloud and product: the same cells as any number of requests gives, as ten million would.
func month(b *testing.B, days, products int) *office {
	o := newOffice(b, small)
	for d := range days {
		for _, cloud := range []string{"azure", "aws", "gcp", "alibaba", "openai"} {
			for p := range products {
				o.sells(time.Date(2026, 5, 1+d, 19, 0, 0, 0, time.UTC), "acme", "openai", fmt.Sprintf("openai/model-%d", p), cloud, "openai", "12345.678901234567", "")
			}
		}
	}
	return o
}

// BenchmarkStatement cuts the statement of a month from its cells: 31 days, 5 clouds, 20 products, 2 streams. Nothing of it
// depends on how many requests the cells add up.
func BenchmarkStatement(b *testing.B) {
	o := month(b, 31, 20)
	for b.Loop() {
		b.StopTimer()
		work := o.closing("pair", "2026-05", at("2026-06-05T00:00:00Z"))
		b.StartTimer()
		st, err := work.Drafts([2]string{"openai", "microsoft"}, "")
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(st[0].Rows), "lines")
		b.ReportMetric(float64(len(work.Cells)), "cells")
	}
}

// BenchmarkClose closes it: what falls due, the statement, its hash.
func BenchmarkClose(b *testing.B) {
	o := month(b, 31, 20)
	for b.Loop() {
		b.StopTimer()
		work := o.closing("pair", "2026-05", at("2026-06-05T00:00:00Z"))
		b.StartTimer()
		if _, err := work.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
