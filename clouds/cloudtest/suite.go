package cloudtest

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	diff "github.com/google/go-cmp/cmp"

	"concord/clouds"
	"concord/clouds/behaviour"
	"concord/clouds/emulator"
	"concord/delivery"
	"concord/usage"
)

// Run is the suite.
func Run(t *testing.T, s Subject) {
	t.Run("answers", func(t *testing.T) { t.Parallel(); answers(t, s) })
	t.Run("streams", func(t *testing.T) { t.Parallel(); streams(t, s) })
	t.Run("refusals", func(t *testing.T) { t.Parallel(); refusals(t, s) })
	t.Run("faults before content", func(t *testing.T) { t.Parallel(); faultsBefore(t, s) })
	t.Run("faults inside a stream", func(t *testing.T) { t.Parallel(); faultsInside(t, s) })
	t.Run("a client that leaves", func(t *testing.T) { t.Parallel(); leaves(t, s) })
}

const seven = "hello there, please [reply 7 tokens]" // six words

func answers(t *testing.T, s Subject) {
	c := start(t, s)
	for name, row := range map[string]struct {
		text, more string
		want       usage.Usage
	}{
		"plain":     {seven, "", tokens(int64(usage.Input), 6, int64(usage.Output), 7)},
		"a limit":   {seven, `"max_completion_tokens":4`, tokens(int64(usage.Input), 6, int64(usage.Output), 4)},
		"old limit": {seven, `"max_tokens":4`, tokens(int64(usage.Input), 6, int64(usage.Output), 4)},
		"classes": {seven + " [cached 2 tokens] [reasoning 3 tokens]", "",
			s.told(tokens(int64(usage.Input), 10, int64(usage.CacheRead), 2, int64(usage.Output), 7, int64(usage.Reasoning), 3))},
		"hints": {seven, `"user":"u","safety_identifier":"x","prompt_cache_key":"k","metadata":{"a":"b"},"store":false,"verbosity":"low"`,
			tokens(int64(usage.Input), 6, int64(usage.Output), 7)},
	} {
		r := c.call(t.Context(), t, prompt(row.text, row.more))
		if r.err != nil || r.answer.Outcome != delivery.Answered || !r.counted {
			t.Fatalf("%s: %v, outcome %d, usage %v, %s", name, r.err, r.answer.Outcome, r.counted, r.text)
		}
		if d := diff.Diff(row.want, r.usage); d != "" {
			t.Errorf("%s: %s", name, d)
		}
		served := c.last()
		if served.RequestID != "req_test" || !served.Complete || served.Status != 200 || served.Model != s.Emulator.Models[0].Name {
			t.Errorf("%s: the cloud's book says %+v", name, served)
		}
		if got := served.Usage; got.Prompt-got.Cached != row.want.Tokens[usage.Input] ||
			got.Completion != row.want.Tokens[usage.Output]+row.want.Tokens[usage.Reasoning] {
			t.Errorf("%s: the cloud counted %+v", name, got)
		}
	}
}

func streams(t *testing.T, s Subject) {
	c := start(t, s)
	r := c.call(t.Context(), t, prompt(seven, `"stream":true`))
	if !errors.Is(r.err, io.EOF) || !r.counted || r.content != 7 {
		t.Fatalf("%v, usage %v, %d events with content", r.err, r.counted, r.content)
	}
	if d := diff.Diff(tokens(int64(usage.Input), 6, int64(usage.Output), 7), r.usage); d != "" {
		t.Error(d)
	}
	if strings.Contains(r.text, "prompt_filter_results") || strings.Contains(r.text, `"prompt_tokens"`) {
		t.Errorf("a client that did not ask sees %s", r.text)
	}
	if last := r.events[len(r.events)-1]; !last.Done || !r.has(func(e clouds.Event) bool { return e.Finish }) {
		t.Error("the stream has no end")
	}
	first := r.call1(t)
	if first.Content || first.Usage || first.Error {
		t.Errorf("the first event is content: %+v", first)
	}
	if served := c.last(); !served.Complete || !served.Stream {
		t.Errorf("the cloud's book says %+v", served)
	}
	r = c.call(t.Context(), t, prompt(seven+" [reasoning 3 tokens]", `"stream":true,"stream_options":{"include_usage":true},"max_completion_tokens":5`))
	if d := diff.Diff(s.told(tokens(int64(usage.Input), 9, int64(usage.Output), 2, int64(usage.Reasoning), 3)), r.usage); d != "" {
		t.Error(d)
	}
}

// told is usage as far as the cloud tells of it.
func (s *Subject) told(u usage.Usage) usage.Usage {
	if s.Blind {
		u.Tokens[usage.Output], u.Tokens[usage.Reasoning] = u.Tokens[usage.Output]+u.Tokens[usage.Reasoning], 0
	}
	return u
}

func (r *result) call1(t *testing.T) clouds.Event {
	t.Helper()
	if len(r.events) == 0 {
		t.Fatal("no event")
	}
	return r.events[0]
}

func refusals(t *testing.T, s Subject) {
	c := start(t, s)
	t.Run("a wrong key is ours, and its text stays hidden", func(t *testing.T) {
		wrong := c.with()
		wrong.Target.Secret = clouds.NewSecret("not-the-key-of-this-cloud")
		r := wrong.call(t.Context(), t, prompt(seven, ""))
		checkError(t, r, delivery.Credential, 503)
		if body := string(r.answer.Body) + r.answer.Detail; strings.Contains(body, "not-") || strings.Contains(body, "key") && strings.Contains(body, "rovided") {
			t.Errorf("the client sees %s", body)
		}
	})
	t.Run("an unknown deployment is ours", func(t *testing.T) {
		wrong := c.with()
		wrong.Target.Model = "no-such-model"
		checkError(t, wrong.call(t.Context(), t, prompt(seven, "")), delivery.Credential, 503)
	})
	t.Run("a bad request is the client's own", func(t *testing.T) {
		r := c.call(t.Context(), t, `{"model":"asked","messages":[]}`)
		checkError(t, r, delivery.ClientFault, 400)
		if want := cmp.Or(s.Empty, "empty array"); !strings.Contains(string(r.answer.Body), want) {
			t.Errorf("the client sees %s", r.answer.Body)
		}
	})
	t.Run("a prompt that is too long is the client's own", func(t *testing.T) {
		short := s
		short.Emulator.Models = []emulator.Model{s.Emulator.Models[0]}
		short.Emulator.Models[0].Context = 3
		checkError(t, start(t, short).call(t.Context(), t, prompt(seven, "")), delivery.ClientFault, 400)
	})
	t.Run("the cloud's own limit is a throttle", func(t *testing.T) {
		limited := s
		// Bedrock's mantle counts no requests, only the tokens that they may come to: 16 here.
		limited.Emulator.Limits = emulator.Limits{Requests: 1, Tokens: 20}
		c, body := start(t, limited), prompt(seven, `"max_tokens":10`)
		if r := c.call(t.Context(), t, body); r.answer.Outcome != delivery.Answered {
			t.Fatalf("the first request: %+v", r)
		}
		r := c.call(t.Context(), t, body)
		checkError(t, r, delivery.Throttled, 429)
		if r.answer.RetryAfter <= 0 || r.answer.RetryAfter > int64(time.Minute) {
			t.Errorf("retry after %v", time.Duration(r.answer.RetryAfter))
		}
	})
}

// checkError checks an outcome and that the body is an error in OpenAI's form.
func checkError(t *testing.T, r result, want delivery.Outcome, status int) {
	t.Helper()
	var body struct {
		Error *struct {
			Message string `json:"message"`
			Type    string `json:"type"`
		} `json:"error"`
	}
	if r.err != nil && !errors.Is(r.err, io.EOF) {
		t.Fatal(r.err)
	}
	if r.answer.Outcome != want || r.answer.Status != status {
		t.Errorf("outcome %d status %d, want %d and %d: %s", r.answer.Outcome, r.answer.Status, want, status, r.text)
	}
	if err := json.Unmarshal(r.answer.Body, &body); err != nil || body.Error == nil || body.Error.Message == "" {
		t.Errorf("not OpenAI's form: %s", r.answer.Body)
	}
}

func faultsBefore(t *testing.T, s Subject) {
	s.Emulator.Speed = 1 // so that Retry-After comes as the real cloud says it
	s.Emulator.Profile = behaviour.Profile{FirstToken: 1, PerToken: 1, Shortest: 5, Longest: 20}
	c := start(t, s)
	for _, row := range []struct {
		name   string
		fault  behaviour.Fault
		more   string
		want   delivery.Outcome
		status int
		after  time.Duration
	}{
		{"throttled for 2 s", behaviour.Fault{Kind: behaviour.Throttle, RetryAfter: int64(2 * time.Second)}, "", delivery.Throttled, 429, 2 * time.Second},
		{"throttled", behaviour.Fault{Kind: behaviour.Throttle}, "", delivery.Throttled, 429, 0},
		{"down", behaviour.Fault{Kind: behaviour.Down}, "", delivery.ServerError, 503, 0},
		{"broken", behaviour.Fault{Kind: behaviour.Status, Status: 500}, "", delivery.ServerError, 502, 0},
		{"an error in place of an answer", behaviour.Fault{Kind: behaviour.ErrorBody}, "", delivery.ServerError, 502, 0},
		{"an error in a stream before content", behaviour.Fault{Kind: behaviour.EarlyError}, `"stream":true`, delivery.ServerError, 502, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			c.emulator.SetFaults(behaviour.Faults{row.fault})
			r := c.call(t.Context(), t, prompt(seven, row.more))
			checkError(t, r, row.want, row.status)
			if got := time.Duration(r.answer.RetryAfter); got != row.after {
				t.Errorf("retry after %v", got)
			}
			if r.content != 0 {
				t.Errorf("%d events with content", r.content)
			}
		})
	}
	t.Run("quota", func(t *testing.T) {
		c.emulator.SetFaults(fault(behaviour.Quota))
		r := c.call(t.Context(), t, prompt(seven, ""))
		if o := r.answer.Outcome; o != delivery.Quota && o != delivery.Throttled {
			t.Errorf("outcome %d", o)
		}
	})
	t.Run("a connection that is reset", func(t *testing.T) {
		c.emulator.SetFaults(fault(behaviour.Reset))
		if r := c.call(t.Context(), t, prompt(seven, "")); r.err == nil {
			t.Errorf("got %+v", r)
		}
	})
	t.Run("and back", func(t *testing.T) {
		c.emulator.SetFaults(nil)
		if r := c.call(t.Context(), t, prompt(seven, "")); r.answer.Outcome != delivery.Answered {
			t.Errorf("got %+v", r)
		}
	})
}

func faultsInside(t *testing.T, s Subject) {
	c := start(t, s)
	for _, row := range []struct {
		kind    behaviour.Kind
		err     error // nil = any that is no clean end
		content int
		done    bool
		errors  bool
	}{
		{behaviour.Cut, nil, 4, false, false},
		{behaviour.Truncate, io.EOF, 4, false, false},
		{behaviour.LateError, io.EOF, 4, false, true},
		{behaviour.NoUsage, io.EOF, 7, true, false},
	} {
		t.Run(row.kind.String(), func(t *testing.T) {
			c.emulator.SetFaults(behaviour.Faults{{Kind: row.kind, After: 4}})
			r := c.call(t.Context(), t, prompt(seven, `"stream":true`))
			if row.err == nil && (r.err == nil || errors.Is(r.err, io.EOF)) || row.err != nil && !errors.Is(r.err, row.err) {
				t.Errorf("ends with %v", r.err)
			}
			done := r.has(func(e clouds.Event) bool { return e.Done })
			failed := r.has(func(e clouds.Event) bool { return e.Error })
			if r.content != row.content || done != row.done || failed != row.errors || r.counted {
				t.Errorf("content %d, done %v, error %v, usage %v", r.content, done, failed, r.counted)
			}
			if served := c.last(); served.Usage.Completion != int64(row.content) || served.Complete != row.done {
				t.Errorf("the cloud's book says %+v", served)
			}
		})
	}
	t.Run("wrong usage", func(t *testing.T) {
		c.emulator.SetFaults(fault(behaviour.WrongUsage))
		r := c.call(t.Context(), t, prompt(seven, `"stream":true`))
		if !r.counted || r.usage.Tokens[usage.Output] != 3 {
			t.Errorf("usage %+v", r.usage)
		}
	})
}

func leaves(t *testing.T, s Subject) {
	c := start(t, s)
	c.arrived = make(chan struct{}, 1)
	for _, row := range []struct {
		kind behaviour.Kind
		more string
	}{{behaviour.Stall, ""}, {behaviour.Stall, `"stream":true`}, {behaviour.StallMid, `"stream":true`}} {
		c.emulator.SetFaults(behaviour.Faults{{Kind: row.kind, After: 2}})
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			<-c.arrived
			cancel()
		}()
		r := c.call(ctx, t, prompt(seven, row.more))
		cancel()
		if r.err == nil || errors.Is(r.err, io.EOF) {
			t.Errorf("%s %s: ended well: %+v", row.kind, row.more, r)
		}
		if served := c.last(); served.Complete {
			t.Errorf("%s %s: the cloud's book says %+v", row.kind, row.more, served)
		}
	}
}
