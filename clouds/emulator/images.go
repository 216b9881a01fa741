package emulator

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// dallE reports the models that bill images one by one and know nothing of tokens.
func dallE(model string) bool { return strings.HasPrefix(model, "dall-e") }

func (q *query) readImage(d dialect) (failed *failure) {
	if failed = q.need(d, "prompt"); failed != nil {
		return failed
	}
	prompt, failed := q.text(d, "prompt")
	if failed != nil {
		return failed
	}
	q.prompt = countWords(prompt)
	q.request.Wish.Read(prompt)
	if q.has("n") {
		if q.choices, failed = q.number(d, "n", 1, 10); failed != nil {
			return failed
		}
	}
	if q.size, failed = q.choice(d, "size", "auto", "1024x1024", "1536x1024", "1024x1536", "256x256", "512x512", "1792x1024", "1024x1792"); failed != nil {
		return failed
	}
	if q.quality, failed = q.choice(d, "quality", "auto", "low", "medium", "high", "standard", "hd"); failed != nil {
		return failed
	}
	if q.format, failed = q.choice(d, "response_format", "url", "b64_json"); failed != nil {
		return failed
	}
	if q.stream, failed = q.flag(d, "stream"); failed != nil {
		return failed
	}
	if q.op == editImage {
		q.countImages()
		if q.images == 0 {
			return d.invalid(http.StatusBadRequest, "Missing required parameter: 'image'.", "image", "missing_required_parameter")
		}
		if q.images > 16 {
			return d.invalid(http.StatusBadRequest, "Invalid 'image': expected at most 16 images.", "image", "array_above_max_length")
		}
	}
	q.drawFrom([]byte(prompt))
	return nil
}

func (q *query) countImages() {
	for _, f := range q.files {
		if f.field == "image" || f.field == "image[]" {
			q.images++
		}
	}
	var references []json.RawMessage
	if json.Unmarshal(q.fields["images"], &references) == nil {
		q.images += int64(len(references))
	}
}

// checkImage is what a model takes of an image's request.
func checkImage(d dialect, q *query) *failure {
	if q.op != generateImage && q.op != editImage {
		return nil
	}
	if !dallE(q.serve) {
		if q.has("response_format") {
			return d.invalid(http.StatusBadRequest, "Unknown parameter: 'response_format'.", "response_format", "unknown_parameter")
		}
		return nil
	}
	for _, name := range [...]string{"stream", "partial_images", "output_format", "output_compression", "background"} {
		if q.has(name) {
			return d.invalid(http.StatusBadRequest, fmt.Sprintf("Unknown parameter: '%s'.", name), name, "unknown_parameter")
		}
	}
	if q.serve == "dall-e-3" && q.choices > 1 {
		return d.invalid(http.StatusBadRequest, "You must provide n=1 for this model.", "n", "invalid_value")
	}
	return nil
}

// tokensOfImage is what an image of one quality costs, at 1024 by 1024.
func tokensOfImage(quality string) int64 {
	switch quality {
	case "low":
		return 272
	case "high":
		return 4160
	}
	return 1056
}

// tokensOfInput is what an image that is read costs.
const tokensOfInput = 323

// onePixel is a PNG.
const onePixel = "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89\x00\x00\x00\rIDATx\x9cc\x00\x01\x00\x00\x05\x00\x01\r\n-\xb4\x00\x00\x00\x00IEND\xaeB`\x82"

// imageForm makes images.
type imageForm struct{ chatForm }

// bill counts what the images cost.
func (*imageForm) bill(a *writing) {
	u := &a.served.Usage
	if dallE(a.q.serve) {
		*u = Usage{Images: a.q.choices}
		return
	}
	u.ImageIn = tokensOfInput * a.q.images
	u.Prompt = a.q.prompt + u.ImageIn
	u.ImageOut = tokensOfImage(a.q.quality) * a.q.choices
	u.Completion = u.ImageOut
}

func (*imageForm) usage(a *writing) []byte {
	u := a.said()
	return fmt.Appendf(nil, `{"total_tokens":%d,"input_tokens":%d,"output_tokens":%d,"input_tokens_details":{"text_tokens":%d,"image_tokens":%d},`+
		`"output_tokens_details":{"text_tokens":0,"image_tokens":%d}}`, u.Prompt+u.Completion, u.Prompt, u.Completion, u.Prompt-u.ImageIn, u.ImageIn, u.ImageOut)
}

func (f *imageForm) whole(a *writing) (string, []byte) {
	f.bill(a)
	b := fmt.Appendf(nil, `{"created":%d,"data":[`, a.served.Started.Unix())
	for i := range a.q.choices {
		if i > 0 {
			b = append(b, ',')
		}
		if dallE(a.q.serve) && a.q.format != "b64_json" {
			b = fmt.Appendf(b, `{"url":"https://images.invalid/img-%016x-%d.png"}`, a.q.request.Draw, i)
		} else {
			b = fmt.Appendf(b, `{"b64_json":"%s"}`, base64.StdEncoding.EncodeToString([]byte(onePixel)))
		}
	}
	b = append(b, ']')
	if !dallE(a.q.serve) {
		b = fmt.Appendf(b, `,"background":"opaque","output_format":"png","quality":"%s","size":"%s"`, or(a.q.quality, "auto", "medium"), or(a.q.size, "auto", "1024x1024"))
		if !a.effect.NoUsage {
			b = append(append(b, `,"usage":`...), f.usage(a)...)
		}
	}
	return "application/json", append(b, '}')
}

// or replaces nothing, and a word that leaves the choice to the cloud.
func or(s, auto, otherwise string) string {
	if s == "" || s == auto {
		return otherwise
	}
	return s
}

func (*imageForm) begin(*writing)                 {}
func (*imageForm) content(*writing, int64, int64) {}

// end writes the image: a stream of them has one event for each.
func (f *imageForm) end(a *writing) {
	f.bill(a)
	kind := "image_generation.completed"
	if a.q.op == editImage {
		kind = "image_edit.completed"
	}
	usage := []byte("")
	if !a.effect.NoUsage {
		usage = append([]byte(`,"usage":`), f.usage(a)...)
	}
	a.event(kind, fmt.Appendf(nil, `{"type":"%s","b64_json":"%s","created_at":%d,"size":"%s","quality":"%s","background":"opaque","output_format":"png"%s}`, kind,
		base64.StdEncoding.EncodeToString([]byte(onePixel)), a.served.Started.Unix(), or(a.q.size, "auto", "1024x1024"), or(a.q.quality, "auto", "medium"), usage))
}
