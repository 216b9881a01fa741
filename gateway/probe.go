package gateway

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"concord/clouds"
	"concord/delivery"
)

// probeWait bounds one probe.
const probeWait = 5 * time.Second

// probeAll asks every deployment for its models, again and again, until the gateway stops. It costs nothing and no client
// waits for it: what does not answer is left alone before a request meets it.
func (g *Gateway) probeAll() {
	defer g.background.Done()
	ticker := time.NewTicker(g.config.Probe)
	defer ticker.Stop()
	for {
		select {
		case <-g.stopping:
			return
		case <-ticker.C:
		}
		v := g.offered.Load().viewAt(g.admit())
		var all sync.WaitGroup
		for i := range v.places {
			all.Go(func() { g.probe(v, i) })
		}
		all.Wait()
	}
}

// probe asks one deployment. An answer proves no more than that the cloud is there: it does not make up for failures of real
// requests, but after them it is one of the good answers that bring a deployment back.
func (g *Gateway) probe(v *view, deployment int) {
	h := v.offer.health
	state := h.stateOf(deployment, g.now())
	if state == delivery.OpenDown || state == delivery.OpenLimit || state == delivery.Probing && h.limited(deployment) {
		return // it is being left alone, and a list of models says nothing about a limit
	}
	if state == delivery.Probing && !h.acquire(deployment, g.now()) {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), probeWait)
	defer cancel()
	defer context.AfterFunc(g.ending, cancel)()
	status, err := g.alive(ctx, &v.places[deployment])
	outcome := delivery.Skipped
	switch {
	case g.ending.Err() != nil:
		outcome = delivery.ClientGone
	case err != nil && ctx.Err() != nil:
		outcome = delivery.Timeout
	case err != nil:
		outcome = delivery.Unreachable
	case status >= http.StatusInternalServerError:
		outcome = delivery.ServerError
	case state == delivery.Probing:
		outcome = delivery.Answered // also a 404: not every cloud lists its models
	}
	if outcome != delivery.Skipped {
		g.observeHealth(v, deployment, outcome, 0)
	}
}

// alive asks a deployment's host for its models and returns the status of what it says.
func (g *Gateway) alive(ctx context.Context, p *place) (int, error) {
	body := []byte(`{"model":"probe","messages":[]}`)
	scan, err := clouds.ScanRequest(clouds.CreateChat, "", body, nil)
	if err != nil {
		return 0, err
	}
	// Where chat completions are tells where the models are, on every cloud and in every form of its paths.
	ex, err := p.adapter.Prepare(p.target, &clouds.Call{
		Op: clouds.CreateChat, Path: clouds.CreateChat.Path(""), Header: http.Header{}, Body: body, Scan: scan,
	})
	if err != nil {
		return 0, err
	}
	u := *ex.URL
	u.Path, u.RawPath = strings.TrimSuffix(u.Path, clouds.CreateChat.Path(""))+"/models", ""
	ex.Header.Del("Content-Type")
	r := (&http.Request{Method: http.MethodGet, URL: &u, Host: u.Host, Header: ex.Header, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}).WithContext(ctx)
	if err := p.adapter.Sign(ctx, p.target, r, nil); err != nil {
		return 0, err
	}
	resp, err := g.config.Transport.RoundTrip(r)
	if err != nil {
		return 0, err
	}
	_, _ = io.CopyN(io.Discard, resp.Body, maxHeld) // so that the connection can be used again
	return resp.StatusCode, resp.Body.Close()
}
