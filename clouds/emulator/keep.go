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
	prices Prices
	failed func(error)
}

// NewKeeper writes to w, with what each request costs by that list; failed is told when that is not possible.
func NewKeeper(w io.Writer, prices Prices, failed func(error)) *Keeper {
	return &Keeper{w: w, prices: prices, failed: failed}
}

// A KeptLine is one line of a cloud's journal.
type KeptLine struct {
	Cloud        string    `json:"cloud"`
	Account      string    `json:"account,omitempty"` // whose credential it came with
	Region       string    `json:"region,omitempty"`
	Operation    string    `json:"operation,omitempty"` // chat, responses, embeddings, ...
	Request      string    `json:"request_id"`          // as the client-request-id header said it
	Object       string    `json:"object,omitempty"`    // the id of the response that was made, read or ended
	Model        string    `json:"model"`               // as the request named it: the deployment, on Azure
	Tier         string    `json:"tier,omitempty"`
	Status       int       `json:"status"` // 0 = no answer was begun
	Fault        string    `json:"fault,omitempty"`
	Stream       bool      `json:"stream"`
	Complete     bool      `json:"complete"` // the whole answer was sent
	Started      time.Time `json:"started"`
	Ended        time.Time `json:"ended"`
	Prompt       int64     `json:"prompt_tokens"` // up to where it stopped, as the cloud would bill it
	Cached       int64     `json:"cached_tokens"`
	CacheWrite   int64     `json:"cache_write_tokens,omitempty"`
	AudioIn      int64     `json:"audio_input_tokens,omitempty"`
	ImageIn      int64     `json:"image_input_tokens,omitempty"`
	Completion   int64     `json:"completion_tokens"`
	Reasoning    int64     `json:"reasoning_tokens"`
	AudioOut     int64     `json:"audio_output_tokens,omitempty"`
	ImageOut     int64     `json:"image_output_tokens,omitempty"`
	Images       int64     `json:"images,omitempty"`
	Characters   int64     `json:"characters,omitempty"`
	Milliseconds int64     `json:"milliseconds,omitempty"`
	WebSearches  int64     `json:"web_searches,omitempty"`
	FileSearches int64     `json:"file_searches,omitempty"`
	Containers   int64     `json:"containers,omitempty"`
	Bytes        int64     `json:"bytes"`             // of the answer's body
	Charges      []Charge  `json:"charges,omitempty"` // what is billed, class by class; of answers only
	Amount       string    `json:"amount,omitempty"`  // US dollars, their sum
}

// Keep writes a line. It is what Config.Observe wants.
func (k *Keeper) Keep(s Served) {
	u := &s.Usage
	kept := KeptLine{
		Cloud: s.Cloud, Account: s.Account, Region: s.Region, Operation: s.Operation, Request: s.RequestID, Object: s.Object, Model: s.Model, Tier: s.Tier,
		Status: s.Status, Fault: s.Fault, Stream: s.Stream, Complete: s.Complete, Started: s.Started.UTC(), Ended: s.Ended.UTC(),
		Prompt: u.Prompt, Cached: u.Cached, CacheWrite: u.CacheWrite, AudioIn: u.AudioIn, ImageIn: u.ImageIn, Completion: u.Completion, Reasoning: u.Reasoning,
		AudioOut: u.AudioOut, ImageOut: u.ImageOut, Images: u.Images, Characters: u.Characters, Milliseconds: u.Milliseconds, WebSearches: u.WebSearches,
		FileSearches: u.FileSearches, Containers: u.Containers, Bytes: s.Bytes,
	}
	if k.prices != nil && s.Status == http.StatusOK {
		kept.Charges, kept.Amount = k.prices.Charges(&s)
	}
	line, err := json.Marshal(kept)
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
