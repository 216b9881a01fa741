package emulator

import "time"

// Limits are per model and minute; 0 = none that would refuse anything.
type Limits struct {
	Requests int64
	Tokens   int64
}

// What headers say of a model without limits.
const (
	manyRequests = 30_000
	manyTokens   = 150_000_000
)

// A windowKey names what a limit is for: a model of an account.
type windowKey struct{ account, model string }

// A window counts one model's minute, and the part of it for which requests are counted.
type window struct {
	began, requestsBegan time.Time
	requests, tokens     int64
}

// take admits a request that counts so many tokens, or says how long to wait. The caller's exchange reads the rest of the
// window through remaining.
func (e *Emulator) take(q *query, tokens int64) (time.Duration, bool) {
	now, minute := e.config.Now(), e.minute()
	e.mu.Lock()
	defer e.mu.Unlock()
	key := windowKey{q.account, q.model}
	w := e.limits[key]
	if w == nil {
		w = &window{began: now, requestsBegan: now}
		e.limits[key] = w
	}
	part := e.requestWindow()
	if now.Sub(w.began) >= minute {
		w.began, w.tokens = now, 0
	}
	if now.Sub(w.requestsBegan) >= part {
		w.requestsBegan, w.requests = now, 0
	}
	l := e.config.Limits
	if l.Tokens > 0 && tokens > l.Tokens {
		return 24 * time.Hour, false // more than any minute has: no wait helps
	}
	if most := e.requestLimit(); most > 0 && w.requests >= most {
		return w.requestsBegan.Add(part).Sub(now), false
	}
	if l.Tokens > 0 && w.tokens+tokens > l.Tokens {
		return w.began.Add(minute).Sub(now), false
	}
	w.requests++
	w.tokens += tokens
	return 0, true
}

// azureParts is into how many parts Azure divides a minute of requests.
const azureParts = 6

// requestWindow is how long requests are counted: Azure looks at ten seconds.
func (e *Emulator) requestWindow() time.Duration {
	if e.config.Cloud == "azure" {
		return e.minute() / azureParts
	}
	return e.minute()
}

// requestLimit is how many of them there may be: Bedrock's mantle plane limits tokens only.
func (e *Emulator) requestLimit() int64 {
	n := e.config.Limits.Requests
	switch {
	case e.config.Cloud == "azure" && n > 0:
		return (n + azureParts - 1) / azureParts
	case e.config.Cloud == "aws" && e.config.Plane == "mantle":
		return 0
	}
	return n
}

// minute is the length of a window: a minute of the real cloud. Without waiting there is no time to scale, and it stays one.
func (e *Emulator) minute() time.Duration {
	if d := e.scaled(int64(time.Minute)); d > 0 {
		return d
	}
	return time.Minute
}

// allowance is what the limit headers say.
type allowance struct {
	requests, tokens         int64 // limits
	requestsLeft, tokensLeft int64
	reset                    time.Duration
}

func (e *Emulator) allowance(account, model string) allowance {
	a := allowance{requests: e.config.Limits.Requests, tokens: e.config.Limits.Tokens}
	if a.requests == 0 {
		a.requests = manyRequests
	}
	if a.tokens == 0 {
		a.tokens = manyTokens
	}
	a.requestsLeft, a.tokensLeft = a.requests, a.tokens
	now := e.config.Now()
	e.mu.Lock()
	defer e.mu.Unlock()
	if w := e.limits[windowKey{account, model}]; w != nil {
		a.requestsLeft, a.tokensLeft = max(0, a.requests-w.requests), max(0, a.tokens-w.tokens)
		a.reset = max(0, w.began.Add(e.minute()).Sub(now))
	}
	return a
}
