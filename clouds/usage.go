package clouds

import (
	"bytes"

	"concord/usage"
)

func tierOf(value []byte) usage.Tier {
	switch string(value) {
	case `"batch"`:
		return usage.Batch
	case `"flex"`:
		return usage.Flex
	case `"priority"`, `"fast"`:
		return usage.Priority
	}
	return usage.Standard
}

// counts are the figures of a usage object, as OpenAI names them in chat completions, responses, images and audio.
type counts struct {
	prompt, completion                      int64
	cached, written, audioIn, imageIn       int64
	reasoning, audioOut, imageOut, rejected int64
	hasPrompt, hasCompletion, malformed     bool
	seconds                                 int64
	hasSeconds                              bool
}

// readUsage turns a usage object into disjoint classes. Cached, cache-written, audio and image tokens are parts of the
// prompt; reasoning, audio and rejected tokens are parts of the completion. Where the parts overlap or exceed the whole, the
// whole holds: parts are cut in that order, so that no token is counted twice.
func readUsage(value []byte) (usage.Usage, bool) {
	var c counts
	o := object{b: value}
	for o.next() {
		v := value[o.m.at[0]:o.m.at[1]]
		switch string(o.m.key) {
		case "prompt_tokens", "input_tokens":
			c.hasPrompt = v[0] != 'n'
			c.set(&c.prompt, v)
		case "completion_tokens", "output_tokens":
			c.hasCompletion = v[0] != 'n'
			c.set(&c.completion, v)
		case "prompt_tokens_details", "input_tokens_details", "input_token_details":
			c.details(v, false)
		case "completion_tokens_details", "output_tokens_details", "output_token_details":
			c.details(v, true)
		case "seconds":
			c.hasSeconds = v[0] != 'n'
			c.duration(v)
		}
	}
	if c.hasSeconds && !c.malformed && !c.hasPrompt && !c.hasCompletion {
		u := usage.Usage{Evidence: usage.Reported}
		u.Tokens[usage.Seconds] = c.seconds
		return u, true
	}
	if c.malformed || !c.hasPrompt && !c.hasCompletion {
		return usage.Usage{}, false
	}
	u := usage.Usage{Evidence: usage.Reported}
	t := &u.Tokens
	rest := c.prompt
	t[usage.CacheRead] = part(&rest, c.cached)
	t[usage.CacheWrite] = part(&rest, c.written)
	t[usage.InputAudio] = part(&rest, c.audioIn)
	t[usage.InputImage] = part(&rest, c.imageIn)
	t[usage.Input] = rest
	rest = c.completion
	t[usage.Reasoning] = part(&rest, c.reasoning)
	t[usage.OutputAudio] = part(&rest, c.audioOut)
	t[usage.OutputImage] = part(&rest, c.imageOut)
	t[usage.Rejected] = part(&rest, c.rejected)
	t[usage.Output] = rest
	return u, true
}

func part(rest *int64, n int64) int64 {
	n = min(n, *rest)
	*rest -= n
	return n
}

func (c *counts) details(value []byte, completion bool) {
	if value[0] != '{' {
		return
	}
	o := object{b: value}
	for o.next() {
		v := value[o.m.at[0]:o.m.at[1]]
		switch string(o.m.key) {
		case "cached_tokens":
			c.set(&c.cached, v)
		case "cache_write_tokens":
			c.set(&c.written, v)
		case "image_tokens":
			if completion {
				c.set(&c.imageOut, v)
			} else {
				c.set(&c.imageIn, v)
			}
		case "reasoning_tokens":
			c.set(&c.reasoning, v)
		case "rejected_prediction_tokens":
			c.set(&c.rejected, v)
		case "audio_tokens":
			if completion {
				c.set(&c.audioOut, v)
			} else {
				c.set(&c.audioIn, v)
			}
		}
	}
}

// duration reads seconds; begun ones count.
func (c *counts) duration(value []byte) {
	if value[0] == 'n' {
		return
	}
	n, ok := ceiling(value)
	if !ok || n > maxTokens {
		c.malformed = true
		return
	}
	c.seconds = n
}

// ceiling reads a non-negative number and rounds it up to a whole one.
func ceiling(value []byte) (int64, bool) {
	end := skipDigits(value, 0)
	n, ok := integer(value[:end])
	if !ok || end < len(value) && value[end] != '.' {
		return 0, false
	}
	for _, d := range value[min(end+1, len(value)):] {
		if d < '0' || d > '9' {
			return 0, false // an exponent: no duration of a file is written so
		}
		if d != '0' {
			return n + 1, true
		}
	}
	return n, true
}

// maxTokens bounds a believable count.
const maxTokens = 1 << 40

func (c *counts) set(to *int64, value []byte) {
	if value[0] == 'n' {
		return
	}
	n, ok := integer(bytes.TrimSuffix(value, []byte(".0")))
	if !ok || n < 0 || n > maxTokens {
		c.malformed = true
		return
	}
	*to = n
}
