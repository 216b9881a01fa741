package delivery_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"concord/agreement"
	"concord/delivery"
	"concord/money"
	"concord/usage"
)

// surface is a world in which one deployment of a product serves one surface, at prices and costs of its own.
func surface(product string, api agreement.API, prices, costs string) (*agreement.Catalog, func(testing.TB) delivery.Books) {
	c := &agreement.Catalog{
		Deployments: []agreement.Deployment{{
			ID: "it", Product: product, Cloud: "aws", Zone: "us", Holder: "openai", Seller: "openai", APIs: []agreement.API{api},
			Pos: agreement.Pos{File: "concord.yaml", Line: 7, Column: 3},
		}},
		Customers: []agreement.Customer{{ID: "acme", Sellers: [][]string{{"openai"}}}},
	}
	entry := func(kind, party, fields string) string {
		return "concord: 1\n" + kind + "\ncurrency: USD\nper: 1M tokens\nprovenance: assumed\nsource: test\nentries:\n  - {product: " +
			product + ", " + party + ", from: 2020-01-01, " + fields + "}\n"
	}
	return c, func(t testing.TB) delivery.Books {
		return delivery.Books{book(t, entry("prices: list", "seller: openai", prices)), book(t, entry("costs: cloud", "operator: amazon, buyer: openai", costs))}
	}
}

const everyClass = `input: "1", cache_read: "1", output: "1", input_audio: "1", output_audio: "1", input_image: "1", output_image: "1", images: "1", seconds: "1", characters: "1"`

// lacking returns the finding of check 6 about a deployment; nil if its prices are enough.
func lacking(t testing.TB, product string, api agreement.API, prices, costs string) *agreement.Finding {
	t.Helper()
	c, books := surface(product, api, prices, costs)
	a := partnership()
	a.Products = append(a.Products, agreement.Product{ID: product, Owner: "openai"})
	_, found := router(t, after, c, books(t), a, licensees())
	for i := range found {
		if found[i].Rule == "no-price" {
			return &found[i]
		}
	}
	return nil
}

func TestADeploymentNeedsAPriceOfEveryClassThatItsSurfaceReports(t *testing.T) {
	for name, c := range map[string]struct {
		product string
		api     agreement.API
		prices  string
		lacks   string // "" = nothing
	}{
		"chat that hears and speaks":     {"openai/gpt-audio", agreement.Chat, `input: "1", cache_read: "1", output: "1"`, "input_audio, output_audio"},
		"embeddings":                     {"openai/e", agreement.Embeddings, `input: "1"`, ""},
		"embeddings without input":       {"openai/e", agreement.Embeddings, `output: "1"`, "input"},
		"completions":                    {"openai/c", agreement.Completions, `input: "1", output: "1"`, ""},
		"completions without output":     {"openai/c", agreement.Completions, `input: "1"`, "output, reasoning, rejected"},
		"moderations are free":           {"openai/m", agreement.Moderations, `input: "0"`, ""},
		"pictures by the piece":          {"openai/dall-e-3", agreement.Images, `images: "1"`, ""},
		"pictures of nothing":            {"openai/dall-e-3", agreement.Images, `seconds: "1"`, "images"},
		"pictures by tokens":             {"openai/paint", agreement.Images, `input: "1", input_image: "1", output: "1", output_image: "1", images: "1"`, ""},
		"pictures by some tokens":        {"openai/paint", agreement.Images, `output_image: "1"`, "input, output, input_image, images"},
		"tokens of a gpt by the piece":   {"openai/gpt-image-1", agreement.Images, `images: "1"`, "input, output, input_image, output_image"},
		"sound heard by seconds":         {"openai/whisper-1", agreement.Audio, `seconds: "1"`, ""},
		"sound heard by tokens":          {"openai/listen", agreement.Audio, `input: "1", input_audio: "1", output: "1", seconds: "1"`, ""},
		"sound heard by tokens only":     {"openai/listen", agreement.Audio, `input: "1", input_audio: "1", output: "1"`, "seconds"},
		"a gpt that hears by seconds":    {"openai/gpt-4o-transcribe", agreement.Audio, `seconds: "1"`, "input, output, input_audio"},
		"speech by characters":           {"openai/tts-1", agreement.Audio, `characters: "1"`, ""},
		"speech by tokens":               {"openai/speak", agreement.Audio, `input: "1", output_audio: "1", characters: "1"`, ""},
		"speech by some tokens":          {"openai/speak", agreement.Audio, `output_audio: "1"`, "input, characters"},
		"a gpt that speaks by character": {"openai/gpt-4o-mini-tts", agreement.Audio, `characters: "1"`, "input, output_audio"},
		"sound of neither":               {"openai/sound", agreement.Audio, `input: "1"`, "seconds, characters"},
	} {
		t.Run(name, func(t *testing.T) {
			got := lacking(t, c.product, c.api, c.prices, everyClass)
			if c.lacks == "" {
				if got != nil {
					t.Errorf("refused: %s", got.Message)
				}
				return
			}
			if got == nil || !strings.Contains(got.Message, "has no price of openai for "+c.lacks+" of "+c.product) || got.Pos.Line != 7 || got.Remedy == "" {
				t.Errorf("got %+v, want a finding at line 7 that %s is missing", got, c.lacks)
			}
		})
	}
}

func TestWhatACloudChargesNeedsTheSameClasses(t *testing.T) {
	got := lacking(t, "openai/whisper-1", agreement.Audio, `seconds: "1"`, `input: "1"`)
	if got == nil || !strings.Contains(got.Message, "what amazon charges openai for seconds, characters") {
		t.Errorf("got %+v", got)
	}
}

// ofTier begins another entry of the product's prices, of a tier.
func ofTier(product, party, tier, prices string) string {
	return "}\n  - {product: " + product + ", " + party + ", from: 2020-01-01, tier: " + tier + ", " + prices
}

func TestATierThatABookBeginsToPriceIsPricedWhole(t *testing.T) {
	const chat = `input: "1", cache_read: "1", output: "1"`
	sale := func(tier, prices string) string {
		return chat + ofTier("openai/gpt-4.1", "seller: openai", tier, prices)
	}
	cost := func(tier, prices string) string {
		return everyClass + ofTier("openai/gpt-4.1", "operator: amazon, buyer: openai", tier, prices)
	}
	for name, row := range map[string]struct{ prices, costs, says string }{
		"one tier":                            {chat, everyClass, ""},
		"two tiers":                           {sale("flex", chat), cost("flex", everyClass), ""},
		"a part of a tier":                    {sale("priority", `input: "1", output: "1"`), everyClass, "has no price of openai for cache_read of tier priority"},
		"a tier that costs nobody knows what": {sale("flex", chat), everyClass, "what amazon charges openai for input, cache_read, output, reasoning, rejected of tier flex"},
		"a batch, which is no answer":         {sale("batch", `input: "1"`), everyClass, ""},
	} {
		got := lacking(t, "openai/gpt-4.1", agreement.Chat, row.prices, row.costs)
		if row.says == "" && got != nil || row.says != "" && (got == nil || !strings.Contains(got.Message, row.says)) {
			t.Errorf("%s: %+v, want %q", name, got, row.says)
		}
	}
}

func TestModelsThatBillWritesToACacheNeedAPriceOfThem(t *testing.T) {
	const without, with = `input: "1", cache_read: "1", output: "1"`, `input: "1", cache_read: "1", cache_write: "1", output: "1"`
	for product, writes := range map[string]bool{
		"openai/gpt-5.4": false, "openai/gpt-5.5": false, "openai/gpt-5": false, "openai/gpt-4o": false, "openai/gpt-oss-120b": false, "openai/o4": false,
		"openai/gpt-5.6-sol": true, "openai/gpt-6-astra": true, "openai/gpt-6.2-sol": true, "openai/gpt-5.10": true,
	} {
		got := lacking(t, product, agreement.Responses, without, with)
		if writes != (got != nil && strings.Contains(got.Message, "for cache_write of "+product)) {
			t.Errorf("%s: %+v", product, got)
		}
		if got := lacking(t, product, agreement.Responses, with, with); got != nil {
			t.Errorf("%s: %+v", product, got)
		}
	}
}

func TestWhatCallsOfToolsCostIsKnownWhereTheyAreCharged(t *testing.T) {
	const tokens = `input: "1", cache_read: "1", output: "1"`
	got := lacking(t, "openai/gpt-5.4", agreement.Responses, tokens+`, web_searches: "0.01", containers: "0.03"`, everyClass)
	if got == nil || !strings.Contains(got.Message, "what amazon charges openai for web_searches, containers of openai/gpt-5.4") {
		t.Errorf("%+v", got)
	}
	for name, row := range map[string]struct {
		api   agreement.API
		costs string
	}{
		"known":            {agreement.Responses, everyClass + `, web_searches: "0", containers: "0.03"`},
		"of chat, no tool": {agreement.Chat, everyClass},
	} {
		if got := lacking(t, "openai/gpt-5.4", row.api, tokens+`, web_searches: "0.01", containers: "0.03"`, row.costs); got != nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestABoundIsTheDearerOfTokensAndOfWhatIsCountedInTheirPlace(t *testing.T) {
	c, books := surface("openai/all", agreement.Images, everyClass, everyClass)
	r, _ := router(t, after, c, books(t))
	for name, row := range map[string]struct {
		ceiling delivery.Ceiling
		want    string
	}{
		"tokens":   {delivery.Ceiling{Prompt: 1_000_000, Answer: 2_000_000, Images: 2}, "3"},
		"pictures": {delivery.Ceiling{Prompt: 1_000_000, Images: 2}, "2"},
		"seconds":  {delivery.Ceiling{Seconds: 61}, "61"},
		"letters":  {delivery.Ceiling{Characters: 5}, "0.000005"},
		"calls":    {delivery.Ceiling{Prompt: 1_000_000, Calls: 3}, "1"}, // have no price
	} {
		got, err := r.Bound(0, after.UnixNano(), row.ceiling)
		if diff := cmp.Diff(row.want, got.String()); err != nil || diff != "" {
			t.Errorf("%s: %v %s", name, err, diff)
		}
	}
}

func TestWhatIsChargedForAndNotBoundedIsAnError(t *testing.T) {
	for name, row := range map[string]struct {
		prices  string
		ceiling delivery.Ceiling
		of      usage.Class // 0 = it is bounded
	}{
		"prompt":               {everyClass, delivery.Ceiling{Prompt: delivery.Unknown}, usage.Input},
		"answer":               {everyClass, delivery.Ceiling{Answer: delivery.Unknown}, usage.Output},
		"seconds":              {everyClass, delivery.Ceiling{Seconds: delivery.Unknown}, usage.Seconds},
		"what costs nothing":   {`seconds: "0", input: "0", output: "1"`, delivery.Ceiling{Prompt: delivery.Unknown, Seconds: delivery.Unknown}, 0},
		"what is not priced":   {`images: "1"`, delivery.Ceiling{Prompt: delivery.Unknown, Answer: delivery.Unknown, Images: 1}, 0},
		"calls of tools":       {everyClass + `, file_searches: "0.0025"`, delivery.Ceiling{Calls: delivery.Unknown}, usage.WebSearches},
		"seconds and no price": {`images: "1"`, delivery.Ceiling{Seconds: delivery.Unknown}, 0},
	} {
		c, books := surface("openai/all", agreement.Images, row.prices, everyClass)
		r, _ := router(t, after, c, books(t))
		_, err := r.Bound(0, after.UnixNano(), row.ceiling)
		open, ok := errors.AsType[*delivery.UnboundedError](err)
		if row.of == 0 && err != nil || row.of != 0 && (!ok || open.Of != row.of || open.Deployment != "it") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNoUsageUnderACeilingIsChargedMoreThanItsBound(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		fields := ""
		for class := usage.Input; class.Valid(); class++ {
			if rapid.Bool().Draw(rt, "priced") || class == usage.Images {
				fields += fmt.Sprintf(", %s: \"%d\"", class, rapid.IntRange(0, 99).Draw(rt, class.String()))
			}
		}
		c, books := surface("openai/all", agreement.Images, fields[2:], everyClass)
		r, _ := router(t, after, c, books(t))
		n := func(most int64) int64 { return rapid.Int64Range(0, most).Draw(rt, "count") }
		ceiling := delivery.Ceiling{Prompt: n(1e6), Answer: n(1e6), Images: n(10), Seconds: n(1e4), Characters: n(1e5)}
		var u usage.Usage
		if rapid.Bool().Draw(rt, "tokens") {
			spread(rt, &u.Tokens, ceiling.Prompt, usage.Input, usage.CacheRead, usage.CacheWrite, usage.InputAudio, usage.InputImage)
			spread(rt, &u.Tokens, ceiling.Answer, usage.Output, usage.Reasoning, usage.OutputAudio, usage.Rejected, usage.OutputImage)
		} else {
			u.Tokens[usage.Images], u.Tokens[usage.Seconds], u.Tokens[usage.Characters] = n(ceiling.Images), n(ceiling.Seconds), n(ceiling.Characters)
		}
		most, err := r.Bound(0, after.UnixNano(), ceiling)
		if err != nil {
			rt.Fatal(err)
		}
		lines, _, err := r.Charge(0, after.UnixNano(), &u, nil)
		if err != nil {
			rt.Fatal(err)
		}
		var sum money.Amount
		for i := range lines {
			sum, _ = sum.Add(lines[i].Amount)
		}
		if sum.Cmp(most) > 0 {
			rt.Fatalf("%v is charged %s, its bound is %s", u.Tokens, sum, most)
		}
	})
}

// spread draws a usage of some classes that has so many tokens at most.
func spread(t *rapid.T, to *usage.Tokens, most int64, classes ...usage.Class) {
	for _, c := range classes {
		to[c] = rapid.Int64Range(0, most).Draw(t, c.String())
		most -= to[c]
	}
}
