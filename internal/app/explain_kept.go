package app

import (
	"context"
	"errors"
	"fmt"

	"concord/journal"
)

// A PinView is what a request named that a cloud keeps, such as the response that it went on from. Such a request goes to the
// account that made the object and nowhere else, whatever order the terms give.
type PinView struct {
	Object     string `json:"object"`
	Request    string `json:"request,omitempty"`    // that made it
	Deployment string `json:"deployment,omitempty"` // its home
	Cloud      string `json:"cloud,omitempty"`
	Words      string `json:"words"`
}

// kept finds the home of what a record is about, which was written at an instant.
func (r *Reading) kept(ctx context.Context, at int64, about *journal.Record) (*PinView, error) {
	v := &PinView{Object: about.About, Words: fmt.Sprintf("it names %s, whose making stands in none of these journals", about.About)}
	entries, err := r.Journal.FindObject(ctx, about.About)
	if err != nil && !errors.Is(err, journal.ErrNotFound) {
		return nil, fmt.Errorf("find what made %s: %w", about.About, err)
	}
	for i := range entries {
		made, ok := entries[i].Body.(*journal.Record)
		if !ok || entries[i].Time > at || made.Object != about.About || made.Customer != about.Customer || made.Served < 0 || made.Served >= len(made.Attempts) {
			continue
		}
		home := &made.Attempts[made.Served]
		v.Request, v.Deployment, v.Cloud = made.Request.String(), home.Deployment, home.Cloud
		v.Words = fmt.Sprintf("it names %s, which %s on %s made for request %s: only that account keeps it", v.Object, v.Deployment, v.Cloud, v.Request)
	}
	return v, nil
}
