package emulator

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// A Keeper writes what a cloud served as JSON lines, one for each request, in the order in which they ended: the cloud's own
// journal, to hold against the gateway's. It is safe for concurrent use.
type Keeper struct {
	mu     sync.Mutex
	w      io.Writer
	failed func(error)
}

// NewKeeper writes to w; failed is told when that is not possible.
func NewKeeper(w io.Writer, failed func(error)) *Keeper { return &Keeper{w: w, failed: failed} }

// A KeptLine is one line of a cloud's journal.
type KeptLine struct {
	Cloud      string    `json:"cloud"`
	Request    string    `json:"request_id"` // as the client-request-id header said it
	Model      string    `json:"model"`      // as the request named it: the deployment, on Azure
	Status     int       `json:"status"`     // 0 = no answer was begun
	Fault      string    `json:"fault,omitempty"`
	Stream     bool      `json:"stream"`
	Complete   bool      `json:"complete"` // the whole answer was sent
	Started    time.Time `json:"started"`
	Ended      time.Time `json:"ended"`
	Prompt     int64     `json:"prompt_tokens"` // up to where it stopped, as the cloud would bill it
	Cached     int64     `json:"cached_tokens"`
	Completion int64     `json:"completion_tokens"`
	Reasoning  int64     `json:"reasoning_tokens"`
	Bytes      int64     `json:"bytes"` // of the answer's body
}

// Keep writes a line. It is what Config.Observe wants.
func (k *Keeper) Keep(s Served) {
	line, err := json.Marshal(KeptLine{
		Cloud: s.Cloud, Request: s.RequestID, Model: s.Model, Status: s.Status, Fault: s.Fault, Stream: s.Stream, Complete: s.Complete,
		Started: s.Started.UTC(), Ended: s.Ended.UTC(), Prompt: s.Usage.Prompt, Cached: s.Usage.Cached, Completion: s.Usage.Completion,
		Reasoning: s.Usage.Reasoning, Bytes: s.Bytes,
	})
	if err == nil {
		k.mu.Lock()
		_, err = k.w.Write(append(line, '\n')) // one write a line: what stands in the file is whole lines
		k.mu.Unlock()
	}
	if err != nil {
		k.failed(fmt.Errorf("write what %s served: %w", s.Cloud, err))
	}
}

// counted counts the bytes of an answer's body.
type counted struct {
	http.ResponseWriter
	bytes int64
}

// Write writes to the client.
func (c *counted) Write(b []byte) (int, error) {
	n, err := c.ResponseWriter.Write(b)
	c.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController through.
func (c *counted) Unwrap() http.ResponseWriter { return c.ResponseWriter }
