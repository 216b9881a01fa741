// Package behaviour says how a cloud answers: when its first token comes, how fast the others follow, how long the answer
// gets, in which words, and what goes wrong. It is pure: the same seed and the same request give the same answer, time is
// an argument, and there are no sockets. The emulators put it on the wire; the simulator calls it directly.
package behaviour

import (
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
)

// A Profile is the pace of one model on one cloud. Times are ns.
type Profile struct {
	FirstToken int64 // median time to the first token, for a short prompt
	PerPrompt  int64 // added for every 1,000 prompt tokens
	PerToken   int64 // median time between tokens
	Spread     int64 // how far draws stray from the median, in percent of it (one standard deviation of the logarithm)
	Shortest   int64 // answers without a directive are this long
	Longest    int64 // to this long, in tokens
}

// Default is a mid-size hosted model. The figures are assumed; no cloud publishes them.
func Default() Profile {
	return Profile{FirstToken: 350e6, PerPrompt: 40e6, PerToken: 12e6, Spread: 25, Shortest: 20, Longest: 300}
}

// A Request is what an answer depends on.
type Request struct {
	Draw         uint64 // what tells this request from others: a hash of its content
	PromptTokens int64
	MaxTokens    int64     // the client's limit on the answer, reasoning included; 0 = none
	Wish         Directive // what the prompt itself asks for
}

// A Reply is how the model answers. Reasoning comes before the text and counts to the limit.
type Reply struct {
	FirstToken int64 // ns from the request's arrival to the first token
	PerToken   int64 // ns between tokens
	Tokens     int64 // words of the visible text
	Reasoning  int64 // tokens of reasoning
	Cached     int64 // prompt tokens that were in the cache
	Written    int64 // prompt tokens that were written into the cache
	Length     bool  // the limit ended it
}

// Answer draws the reply to a request.
func (p *Profile) Answer(seed uint64, r *Request) Reply {
	rng := rand.New(rand.NewPCG(seed, r.Draw))
	reply := Reply{
		FirstToken: spread(rng, p.FirstToken, p.Spread) + p.PerPrompt*r.PromptTokens/1000,
		PerToken:   spread(rng, p.PerToken, p.Spread),
		Tokens:     p.Shortest,
		Reasoning:  r.Wish.Reasoning,
		Cached:     min(r.Wish.Cached, r.PromptTokens),
		Written:    min(r.Wish.Written, r.PromptTokens-min(r.Wish.Cached, r.PromptTokens)),
	}
	if p.Longest > p.Shortest {
		reply.Tokens += rng.Int64N(p.Longest - p.Shortest + 1)
	}
	if r.Wish.HasReply {
		reply.Tokens = r.Wish.Reply
	}
	if limit := r.MaxTokens; limit > 0 && reply.Reasoning+reply.Tokens > limit {
		reply.Length = true
		reply.Reasoning = min(reply.Reasoning, limit)
		reply.Tokens = limit - reply.Reasoning
	}
	return reply
}

// spread draws around a median, log-normally: waiting times have a long tail and no negative values.
func spread(rng *rand.Rand, median, percent int64) int64 {
	if median <= 0 || percent <= 0 {
		return max(0, median)
	}
	return int64(float64(median) * math.Exp(rng.NormFloat64()*float64(percent)/100))
}

// A Directive is what a prompt asks of an emulated model: "[reply 40 tokens]", "[cached 4000 tokens]",
// "[written 500 tokens]" for those that are new in the cache, "[reasoning 10 tokens]", or "[filtered]" for a prompt that content
// filters object to. "[search 2 calls]", "[files 1 calls]" and "[code 1 calls]" call the cloud's own tools. The words of a directive
// count to the prompt like any others.
type Directive struct {
	Reply, Cached, Written, Reasoning int64
	Search, Files, Code               int64
	HasReply, Filtered                bool
}

const longestDirective = 40 // bytes

// Read takes the directives of a text; later ones win.
func (d *Directive) Read(text string) {
	for {
		_, rest, ok := strings.Cut(text, "[")
		if !ok {
			return
		}
		text = rest
		d.Filtered = d.Filtered || strings.HasPrefix(rest, "filtered]")
		head := rest[:min(len(rest), longestDirective)]
		whole, _, ok := strings.Cut(head, "]")
		if !ok {
			continue
		}
		inside, ok := strings.CutSuffix(whole, " tokens")
		if !ok {
			if inside, ok = strings.CutSuffix(whole, " calls"); !ok {
				continue
			}
		}
		word, number, ok := strings.Cut(inside, " ")
		n, err := strconv.ParseInt(number, 10, 32)
		if !ok || err != nil || n < 0 {
			continue
		}
		switch word {
		case "reply":
			d.Reply, d.HasReply = n, true
		case "cached":
			d.Cached = n
		case "written":
			d.Written = n
		case "reasoning":
			d.Reasoning = n
		case "search":
			d.Search = n
		case "files":
			d.Files = n
		case "code":
			d.Code = n
		}
	}
}

// words are short, plain and free of anything that JSON would escape.
var words = [...]string{
	"the", "cloud", "that", "serves", "this", "answer", "counts", "each", "word", "as", "one", "token", "and", "says", "so",
	"when", "it", "ends", "which", "makes", "every", "figure", "of", "a", "statement", "easy", "to", "check", "by", "hand", "or", "machine",
}

// AppendWords appends the words from index from up to to of the text that draw stands for, each but the very first after
// a space. One word is one token.
func AppendWords(dst []byte, draw uint64, from, to int64) []byte {
	for i := from; i < to; i++ {
		if i > 0 {
			dst = append(dst, ' ')
		}
		dst = append(dst, words[mix(draw+uint64(i))%uint64(len(words))]...)
	}
	return dst
}

// mix is splitmix64's finisher.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
