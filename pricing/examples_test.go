package pricing_test

import (
	"os"
	"testing"

	"concord/agreement"
	"concord/money"
	"concord/pricing"
	"concord/usage"

	"github.com/google/go-cmp/cmp"
)

func example(t *testing.T, name string) []*pricing.Book {
	t.Helper()
	file, err := os.ReadFile("../examples/" + name)
	if err != nil {
		t.Fatal(err)
	}
	books, findings := pricing.ParseAll(name, file)
	if len(findings) > 0 {
		t.Fatalf("%+v", findings)
	}
	return books
}

func TestTheExamplesPriceTheWorkedRequest(t *testing.T) {
	books := append(example(t, "prices.yaml"), example(t, "costs.yaml")...)
	used := usage.Tokens{usage.Input: 4000, usage.CacheRead: 4000, usage.Output: 600}
	type price struct {
		Total      string
		Provenance agreement.Provenance
	}
	got := map[string]price{}
	for _, book := range books {
		for _, party := range []string{"openai", "microsoft", "amazon", "google", "alibaba"} {
			for cloud, product := range map[string]string{"aws": "openai/gpt-5.4", "azure": "openai/gpt-5.4", "gcp": "openai/gpt-oss-120b", "alibaba": "openai/gpt-oss-120b"} {
				q := pricing.Query{Seller: party, Product: product, Cloud: cloud, At: at("2023-01-01")}
				if book.Kind == pricing.Costs {
					q.Buyer = "openai"
				}
				rate, ok := book.Find(q)
				if !ok {
					continue
				}
				_, total, unpriced, err := rate.Price(nil, &used, money.Rate{})
				if err != nil || unpriced != nil || rate.Lacks() != nil || rate.Source == "" || rate.Footnote == "" {
					t.Fatalf("%s: %v, %v, %+v", book.Name, unpriced, err, rate)
				}
				got[book.Name+" "+party+" "+cloud] = price{total.String(), rate.Provenance}
			}
		}
	}
	want := map[string]price{
		"openai-list openai aws":          {"0.02", agreement.Reported},
		"openai-list openai azure":        {"0.02", agreement.Reported},
		"microsoft-list microsoft azure":  {"0.02", agreement.Public},
		"amazon-list amazon aws":          {"0.022", agreement.Reported},
		"google-list google gcp":          {"0.000936", agreement.Reported},
		"alibaba-list alibaba alibaba":    {"0.00154", agreement.Assumed},
		"openai-capacity amazon aws":      {"0.007", agreement.Assumed},
		"openai-capacity microsoft azure": {"0.007", agreement.Assumed},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTheExamplesPriceWhatIsNotCountedInTokens(t *testing.T) {
	books := example(t, "prices-surfaces.yaml")
	got := map[string]string{}
	for product, used := range map[string]usage.Tokens{
		"openai/text-embedding-3-small": {usage.Input: 1_000_000},
		"openai/gpt-image-1":            {usage.Input: 10, usage.InputImage: 100, usage.OutputImage: 1000},
		"openai/dall-e-3":               {usage.Images: 3},
		"openai/tts-1":                  {usage.Characters: 1000},
		"openai/whisper-1":              {usage.Seconds: 61},
		"openai/gpt-4o-transcribe":      {usage.InputAudio: 1000, usage.Output: 100},
		"openai/omni-moderation":        {},
	} {
		rate, ok := books[0].Find(pricing.Query{Seller: "openai", Product: product, Cloud: "azure", At: at("2026-05-04")})
		if !ok {
			t.Fatalf("no price of %s", product)
		}
		_, total, unpriced, err := rate.Price(nil, &used, money.Rate{})
		if err != nil || unpriced != nil {
			t.Fatalf("%s: %v, %v", product, unpriced, err)
		}
		got[product] = total.String()
	}
	want := map[string]string{
		"openai/text-embedding-3-small": "0.02", "openai/gpt-image-1": "0.04105", "openai/dall-e-3": "0.12", "openai/tts-1": "0.015",
		"openai/whisper-1": "0.0061", "openai/gpt-4o-transcribe": "0.007", "openai/omni-moderation": "0",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
