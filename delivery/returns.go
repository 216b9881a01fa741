package delivery

import (
	"slices"
	"strconv"
	"strings"

	"concord/agreement"
	"concord/pricing"
	"concord/usage"
)

// sold is what customers are charged for beyond what every answer can report, so that what it costs has to be known too.
type sold struct {
	tiers []usage.Tier
	tools []usage.Class // calls of the cloud's own tools
}

// lacks says of which tier and classes a book has no price that it needs; "" = of none. It needs one of every class that answers
// of the deployment can report, in the standard tier and in every other that it begins to price, and of what is sold.
func (r *Router) lacks(d *agreement.Deployment, find func(pricing.Query) (*pricing.Rate, bool), q pricing.Query, s *sold) string {
	for _, tier := range returnedTiers {
		q.Tier = tier
		rate, ok := find(q)
		if !ok && tier != usage.Standard && !slices.Contains(s.tiers, tier) {
			continue
		}
		missing := r.missing(d, rate, ok)
		for _, c := range s.tools {
			if !ok || !rate.Priced[c] {
				missing = append(missing, c)
			}
		}
		switch {
		case len(missing) == 0:
		case tier == usage.Standard:
			return words(missing)
		default:
			return words(missing) + " of tier " + tier.String()
		}
	}
	return ""
}

// returnedTiers are the tiers that an answer can be of; a batch is none.
var returnedTiers = [...]usage.Tier{usage.Standard, usage.Flex, usage.Priority}

// soldAt is what a price book charges for at a deployment beyond what every answer can report.
func (r *Router) soldAt(d *agreement.Deployment, b *pricing.Book, q pricing.Query) (s sold) {
	for _, tier := range returnedTiers {
		q.Tier = tier
		rate, ok := b.Find(q)
		if !ok {
			continue
		}
		s.tiers = append(s.tiers, tier)
		for _, c := range callClasses {
			if rate.Priced[c] && !slices.Contains(s.tools, c) && slices.Contains(r.apis(d), agreement.Responses) {
				s.tools = append(s.tools, c)
			}
		}
	}
	return s
}

// PricesTier reports whether a deployment's customers are charged by a price of a tier at an instant.
func (r *Router) PricesTier(dep int, tier usage.Tier, at int64) bool {
	p := &r.places[dep]
	if p.sale == nil || p.book == nil {
		return false
	}
	_, ok := p.book.Find(r.query(dep, p.sale.Seller, "", at, &usage.Usage{Tier: tier}))
	return ok
}

// apis are the surfaces that a deployment serves.
func (r *Router) apis(d *agreement.Deployment) []agreement.API {
	apis := d.APIs
	if p, known := r.terms.Product(d.Product); known && len(apis) == 0 {
		apis = p.APIs
	}
	if len(apis) == 0 {
		apis = []agreement.API{agreement.Chat}
	}
	return apis
}

// missing returns the classes that answers of a deployment can report and rate does not price.
func (r *Router) missing(d *agreement.Deployment, rate *pricing.Rate, ok bool) []usage.Class {
	if !ok {
		rate = new(pricing.Rate)
	}
	var can []usage.Class
	for _, api := range r.apis(d) {
		can = append(can, returned(api, rate, reportsTokens(d.Product))...)
		if (api == agreement.Chat || api == agreement.Responses) && writesCache(modelOf(d.Product)) {
			can = append(can, usage.CacheWrite)
		}
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

// writesCache reports whether answers of a model tell apart what was written to a cache: those of gpt-5.6 and later do, and are
// billed by it (OpenAI's and Amazon's prices, read 2026-11-23).
func writesCache(model string) bool {
	version, ok := strings.CutPrefix(model, "gpt-")
	if !ok {
		return false
	}
	version, _, _ = strings.Cut(version, "-")
	major, minor, _ := strings.Cut(version, ".")
	first, err := strconv.Atoi(major)
	second, _ := strconv.Atoi(minor) // none is 0
	return err == nil && (first > 5 || first == 5 && second >= 6)
}

// modelOf is a product's name without its owner's.
func modelOf(product string) string { return product[strings.LastIndexByte(product, '/')+1:] }
