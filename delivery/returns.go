package delivery

import (
	"slices"
	"strings"

	"concord/agreement"
	"concord/pricing"
	"concord/usage"
)

// missing returns the classes that answers of a deployment can report and rate does not price.
func (r *Router) missing(d *agreement.Deployment, rate *pricing.Rate, ok bool) []usage.Class {
	if !ok {
		rate = new(pricing.Rate)
	}
	apis := d.APIs
	if p, known := r.terms.Product(d.Product); known && len(apis) == 0 {
		apis = p.APIs
	}
	if len(apis) == 0 {
		apis = []agreement.API{agreement.Chat}
	}
	var can []usage.Class
	for _, api := range apis {
		can = append(can, returned(api, rate, reportsTokens(d.Product))...)
		if api == agreement.Chat && strings.Contains(modelOf(d.Product), "audio") { // hears and speaks in chat
			can = append(can, usage.InputAudio, usage.OutputAudio)
		}
	}
	slices.Sort(can)
	return slices.DeleteFunc(slices.Compact(can), func(c usage.Class) bool { return rate.Priced[c] })
}

// returned are the classes that answers of a surface can report. Reasoning and rejected tokens are priced by the book's rules
// where it has no line of their own. A book says by what it prices that a model of sound hears, speaks or both, and whether
// sound and pictures are billed by tokens; what it begins to price it has to price whole. What is counted where a cloud says
// nothing (pictures, seconds, characters) always needs a price.
func returned(api agreement.API, rate *pricing.Rate, tokens bool) []usage.Class {
	priced := func(classes ...usage.Class) bool {
		return slices.ContainsFunc(classes, func(c usage.Class) bool { return rate.Priced[c] })
	}
	var out []usage.Class
	switch api {
	case agreement.Chat, agreement.Responses:
		return []usage.Class{usage.Input, usage.CacheRead, usage.Output, usage.Reasoning, usage.Rejected}
	case agreement.Completions: // know no cache
		return []usage.Class{usage.Input, usage.Output, usage.Reasoning, usage.Rejected}
	case agreement.Embeddings:
		return []usage.Class{usage.Input}
	case agreement.Images:
		out = append(out, usage.Images)
		if tokens || priced(usage.Input, usage.InputImage, usage.Output, usage.OutputImage) {
			out = append(out, usage.Input, usage.InputImage, usage.Output, usage.OutputImage)
		}
	case agreement.Audio:
		hears, speaks := priced(usage.Seconds, usage.InputAudio), priced(usage.Characters, usage.OutputAudio)
		if hears || !speaks {
			out = append(out, usage.Seconds)
			if tokens || priced(usage.InputAudio) {
				out = append(out, usage.Input, usage.InputAudio, usage.Output)
			}
		}
		if speaks || !hears {
			out = append(out, usage.Characters)
			if tokens || priced(usage.OutputAudio) {
				out = append(out, usage.Input, usage.OutputAudio)
			}
		}
	case agreement.Moderations: // are free
	}
	return out
}

// reportsTokens reports whether it is known of a product that its answers report tokens on every surface: OpenAI's models that
// are named so do, and its older ones of sound and pictures (dall-e, tts, whisper) do not.
func reportsTokens(product string) bool { return strings.HasPrefix(modelOf(product), "gpt-") }

// modelOf is a product's name without its owner's.
func modelOf(product string) string { return product[strings.LastIndexByte(product, '/')+1:] }
