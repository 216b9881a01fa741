package gateway

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"

	"concord/clouds"
	"concord/delivery"
	"concord/money"
	"concord/usage"
)

// imageTokens bounds what one picture of a prompt counts, however it is referred to: the largest published count is 48,169
// tokens, of a 768 x 2,000 picture in high detail by gpt-4o-mini (OpenAI's guide to vision, read 2026-11-23).
const imageTokens = 50_000

// A bound is the most that a request can come to.
type bound struct {
	most   money.Amount
	output int64 // tokens
}

// bound works out the most that the request can cost at any deployment of its plan, in a currency. A fault says that nothing
// bounds it; b is the budget that asks, for its words.
func (q *request) bound(b *Budget, c money.Currency) (most bound, f *fault) {
	if b == nil {
		b = &Budget{Currency: c}
		if q.call.Scan.Background { // its later part could be written before the request itself is
			return most, q.cannotBound(b, "background", "a response made in the background", "Ask for it in the foreground.")
		}
	}
	d := q.demand()
	for i := range q.plan.Steps {
		dep := q.plan.Steps[i].Deployment
		ceiling, f := q.ceiling(b, &d, dep)
		if f != nil {
			return most, f
		}
		if charged := q.view.router.Currency(dep); charged != "" && charged != c {
			return most, otherCurrency(b, charged)
		}
		cost, err := q.view.router.Bound(dep, q.admitted, ceiling)
		if open, ok := errors.AsType[*delivery.UnboundedError](err); ok {
			return most, q.openEnded(b, open)
		}
		if err != nil {
			q.g.log.Error("request not bounded", "request", q.id.String(), "error", err)
			return most, q.unlimited(b)
		}
		if cost.Cmp(most.most) > 0 {
			most.most = cost
		}
		most.output = max(most.output, ceiling.Answer)
	}
	return most, nil
}

// boundable refuses what has no end that a hold could wait for.
func (q *request) boundable(b *Budget) *fault {
	s := &q.call.Scan
	if !s.Background || s.Store && q.g.config.Objects != nil {
		return nil
	}
	return q.cannotBound(b, "background", "a response made in the background that is not stored", "Leave out store, or background.")
}

// A demand is what a request's body says of the most that it can use.
type demand struct {
	input   int64 // tokens of prompt, as far as the body shows them
	unseen  bool  // the prompt is more than the body shows
	calls   int64 // of the cloud's own tools; Unknown = nothing bounds them
	tools   bool  // what they give back becomes part of the prompt, and each call may read it all again
	prompts int64 // each of which is answered
	echo    bool  // the answer repeats the prompt
	picture int64 // tokens of a picture of gpt-image-1; Unknown = not published for what is asked
	partial int64 // pictures that show how far one has come
}

// demand reads the body for what bounds the request.
func (q *request) demand() demand {
	d := demand{input: inputBound(q.call.Op, q.body), prompts: 1}
	s := &q.call.Scan
	switch q.call.Op {
	case clouds.CreateResponse:
		d.unseen = s.Previous != "" || s.Fields&^s.Nulls&clouds.FieldPrompt != 0 // a stored prompt
		d.calls, d.tools = q.toolBound()
	case clouds.CreateCompletion:
		d.prompts = 0
		q.members(func(name string, value []byte, _ bool) {
			switch name {
			case "prompt":
				d.prompts += clouds.Elements(value)
			case "echo":
				d.echo = d.echo || value[0] != 'f' && value[0] != 'n'
			}
		})
		d.prompts = max(d.prompts, 1)
	case clouds.GenerateImage, clouds.EditImage:
		q.pictures(&d)
	default:
	}
	return d
}

func (q *request) members(yield func(name string, value []byte, file bool)) {
	clouds.Members(q.call.Op, q.call.Header.Get("Content-Type"), q.body, func(name, value []byte, file bool) {
		yield(strings.ToLower(string(name)), value, file)
	})
}

// pictures reads what the tokens of pictures depend on. Of a member that is given twice the dearer value counts.
func (q *request) pictures(d *demand) {
	sizes, qualities := []string{}, []string{}
	files := int64(0)
	q.members(func(name string, value []byte, file bool) {
		text := strings.Trim(string(value), `"`)
		switch {
		case file:
			files++
		case name == "size" && text != "null":
			sizes = append(sizes, text)
		case name == "quality" && text != "null":
			qualities = append(qualities, text)
		case name == "partial_images" && text != "null":
			n, err := strconv.ParseInt(text, 10, 32)
			if err != nil || n < 0 {
				n = math.MaxInt32 // no cloud takes it
			}
			d.partial = max(d.partial, n)
		}
	})
	d.input += files*imageTokens - q.call.Scan.FileBytes
	d.picture = 0
	for _, size := range orAuto(sizes) {
		for _, quality := range orAuto(qualities) {
			if n := pictureTokens(size, quality); n == delivery.Unknown || d.picture == delivery.Unknown {
				d.picture = delivery.Unknown
			} else {
				d.picture = max(d.picture, n)
			}
		}
	}
}

func orAuto(values []string) []string {
	if len(values) == 0 {
		return []string{"auto"}
	}
	return values
}

// partialTokens is what a partial picture adds (OpenAI's guide to image generation).
const partialTokens = 100

// pictureTokens is what a picture of gpt-image-1 counts by size and quality (OpenAI's guide to image generation): its prices by
// the picture are these counts at 40 a million. What is left to the cloud counts as the dearest. Later models are not listed:
// their answers have tokens of text too, or sizes without a published count.
func pictureTokens(size, quality string) int64 {
	bySize := map[string][3]int64{
		"1024x1024": {272, 1056, 4160}, "1024x1536": {408, 1584, 6240}, "1536x1024": {400, 1568, 6208}, "auto": {408, 1584, 6240},
	}
	counts, known := bySize[size]
	switch {
	case known && quality == "low":
		return counts[0]
	case known && quality == "medium":
		return counts[1]
	case known && (quality == "high" || quality == "auto"):
		return counts[2]
	}
	return delivery.Unknown
}

// ceiling is the most that an answer of a deployment can use. Only what the price book charges for has to be bounded; of texts,
// the answer always.
func (q *request) ceiling(b *Budget, d *demand, dep int) (delivery.Ceiling, *fault) {
	s := &q.call.Scan
	deployment := &q.view.router.Catalog().Deployments[dep]
	output := limitOf(q.offer.limits.output, deployment.ID)
	switch q.call.Op {
	case clouds.CreateModeration: // is free
		return delivery.Ceiling{}, nil
	case clouds.CreateEmbedding:
		return delivery.Ceiling{Prompt: d.input}, nil
	case clouds.GenerateImage, clouds.EditImage:
		if name := deployment.Product; name[strings.LastIndexByte(name, '/')+1:] == "gpt-image-1" && d.picture != delivery.Unknown {
			output = least(output, d.picture)
		}
		n := max(s.Choices, 1)
		return delivery.Ceiling{Prompt: d.input, Answer: times(plus(output, times(d.partial, partialTokens)), n), Images: n}, nil
	case clouds.CreateSpeech:
		c := delivery.Ceiling{Characters: s.Characters}
		if s.Stream { // only events can report tokens
			c.Prompt, c.Answer = d.input, output
		}
		return c, nil
	case clouds.CreateTranscription, clouds.CreateTranslation:
		seconds := limitOf(q.offer.limits.seconds, deployment.ID)
		if seconds != delivery.Unknown { // nor less than what is charged where no cloud says how long it was
			seconds = max(seconds, q.estimate(0).Tokens[usage.Seconds])
		}
		return delivery.Ceiling{Prompt: limitOf(q.offer.limits.context, deployment.ID), Answer: output, Seconds: seconds}, nil
	default:
	}
	output, bounded := q.outputAt(d, output)
	if !bounded {
		return delivery.Ceiling{}, q.unlimited(b)
	}
	input := d.input
	if d.unseen {
		input = limitOf(q.offer.limits.context, deployment.ID)
	}
	if d.tools {
		input = times(limitOf(q.offer.limits.context, deployment.ID), plus(d.calls, 1))
	}
	return delivery.Ceiling{Prompt: input, Answer: output, Calls: d.calls}, nil
}

// outputAt is the most tokens that the texts of an answer can have; false = nothing bounds it. model is what the model can
// answer with.
func (q *request) outputAt(d *demand, model int64) (int64, bool) {
	s := &q.call.Scan
	limit := model
	for _, l := range [...]int64{s.MaxTokens, q.key.MaxOutput} {
		if l > 0 {
			limit = least(limit, l)
		}
	}
	if limit == delivery.Unknown {
		return 0, false
	}
	choices := max(s.Choices, s.BestOf, 1)
	if s.Fields&clouds.FieldPrediction != 0 { // what is rejected of it is billed as output
		return plus(times(limit, choices), int64(len(q.body))), true
	}
	if d.echo {
		limit = plus(limit, d.input)
	}
	return times(times(limit, choices), d.prompts), true
}

// inputBound is the most tokens that a body can count: no token is shorter than a byte, and pictures are bounded by number.
func inputBound(op clouds.Operation, body []byte) int64 {
	urls := bytes.Count(body, []byte("image_url"))
	if op == clouds.CreateChat {
		urls = (urls + 1) / 2 // a part's type and its member
	} else {
		urls += bytes.Count(body, []byte("file_id"))
	}
	pictures := max(urls, bytes.Count(body, []byte("input_image"))) + escapedLetters(body)
	return int64(len(body)) + int64(pictures)*imageTokens
}

// escapedLetters counts escapes of what nobody escapes, such as letters: each might hide the name of a picture's member.
func escapedLetters(body []byte) (n int) {
	for {
		i := bytes.Index(body, []byte(`\u00`))
		if i < 0 || i+6 > len(body) {
			return n
		}
		if c, err := strconv.ParseUint(string(body[i+4:i+6]), 16, 8); err == nil && (c == '_' || c >= 'a' && c <= 'z') {
			n++
		}
		body = body[i+4:]
	}
}

// limitOf is what is configured of a deployment.
func limitOf(of map[string]int64, deployment string) int64 {
	if n := of[deployment]; n > 0 {
		return n
	}
	return delivery.Unknown
}

// least is the smaller one of two bounds, of which each may be unknown.
func least(a, b int64) int64 {
	switch {
	case a == delivery.Unknown:
		return b
	case b == delivery.Unknown:
		return a
	}
	return min(a, b)
}

// times and plus count what may be unknown; what does not fit 64 bits is more than any amount of money holds.
func times(a, b int64) int64 {
	switch {
	case a == delivery.Unknown || b == delivery.Unknown:
		return delivery.Unknown
	case a > 0 && b > math.MaxInt64/a:
		return math.MaxInt64
	}
	return a * b
}

func plus(a, b int64) int64 {
	switch {
	case a == delivery.Unknown || b == delivery.Unknown:
		return delivery.Unknown
	case a > math.MaxInt64-b:
		return math.MaxInt64
	}
	return a + b
}

// limitName is the member by which a request bounds the tokens of its answer; "" = there is none.
func limitName(op clouds.Operation) string {
	switch op {
	case clouds.CreateChat:
		return "max_completion_tokens"
	case clouds.CreateResponse:
		return "max_output_tokens"
	case clouds.CreateCompletion:
		return "max_tokens"
	default:
		return ""
	}
}

// boundWords says what an answer was bounded by.
func (q *request) boundWords() string {
	in := &q.papers.intent
	switch s := &q.call.Scan; {
	case q.call.Op == clouds.CreateSpeech:
		return fmt.Sprintf("%d characters of text", s.Characters)
	case q.call.Op == clouds.GenerateImage, q.call.Op == clouds.EditImage:
		return fmt.Sprintf("%d bytes of input and %d pictures", in.InputBytes, max(s.Choices, 1))
	case q.call.Op == clouds.CreateTranscription, q.call.Op == clouds.CreateTranslation:
		return "the longest sound that the model takes"
	case s.Previous != "":
		return fmt.Sprintf("the whole context of the model as input, and %d tokens of output", in.OutputBound)
	}
	return fmt.Sprintf("%d bytes of input, each a token at most, and %d tokens of output", in.InputBytes, in.OutputBound)
}

// unlimited refuses texts whose length nothing bounds.
func (q *request) unlimited(b *Budget) *fault {
	param := limitName(q.call.Op)
	if param == "" {
		return q.cannotBound(b, "", "what this request asks for", "Ask for less.")
	}
	return &fault{status: http.StatusBadRequest, kind: "invalid_request_error", code: "budget_needs_output_limit", param: param, final: true,
		message: fmt.Sprintf("This key is under the budget %s, and nothing bounds how long the answer may get. Set %s in the request; or have "+
			"max_output set for the key, or for the deployments of the model, in the gateway's configuration.", b.ID, param)}
}

// openEnded refuses what a price book charges for and nothing bounds, and says what would bound it.
func (q *request) openEnded(b *Budget, e *delivery.UnboundedError) *fault {
	set := func(what string) string {
		return fmt.Sprintf("Have %s set for deployment %s in the gateway's configuration.", what, e.Deployment)
	}
	switch op := q.call.Op; {
	case op == clouds.CreateResponse && (e.Of == usage.WebSearches || q.demand().tools):
		return q.cannotBound(b, "tools", "a response with tools that the cloud runs", "Set max_tool_calls in the request. "+
			set("context (tokens that the model can read)"))
	case op == clouds.CreateResponse && q.call.Scan.Previous != "":
		return q.cannotBound(b, "previous_response_id", "a response that continues another, whose size is not in the request,",
			set("context (tokens that the model can read)"))
	case op == clouds.CreateResponse:
		return q.cannotBound(b, "prompt", "a stored prompt, whose size is not in the request,", set("context (tokens that the model can read)"))
	case op == clouds.CreateSpeech:
		return q.cannotBound(b, "stream_format", "speech that is sent as events, whose tokens are not known beforehand,",
			"Leave out stream_format, so that characters are charged. Or: "+set("max_output (tokens that the model can answer with)"))
	case op == clouds.GenerateImage, op == clouds.EditImage:
		return q.cannotBound(b, "size", "a picture whose tokens are not known beforehand", set("max_output (tokens of one picture)"))
	case e.Of == usage.Seconds:
		return q.cannotBound(b, "file", "sound, whose length a file does not bound,", set("max_seconds (the longest sound that the model takes)"))
	case e.Of == usage.Input:
		return q.cannotBound(b, "file", "sound, whose tokens a file does not bound,", set("context (tokens that the model can read)"))
	default:
		return q.cannotBound(b, "file", "a transcript, whose length nothing bounds,", set("max_output (tokens that the model can answer with)"))
	}
}

func (q *request) cannotBound(b *Budget, param, why, remedy string) *fault {
	return &fault{status: http.StatusBadRequest, kind: "invalid_request_error", code: "budget_unbounded", param: param, final: true,
		message: fmt.Sprintf("This key is under the budget %s, and %s has no upper bound that the budget could hold. %s", b.ID, why, remedy)}
}
