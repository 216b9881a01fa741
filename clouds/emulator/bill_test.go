package emulator_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"concord/clouds/emulator"
)

const list = `model,region,tier,class,above,per,price
gpt-5.4,,,input,,1000000,2.50
gpt-5.4,,,input,272000,1000000,5
gpt-5.4,eu,,input,,1000000,2.75
gpt-5.4,,,cached,,1000000,0.25
gpt-5.4,,,output,,1000000,15
gpt-5.4,,flex,output,,1000000,7.5
whisper-1,,,second,,60,0.006
`

func TestACloudBillsByItsOwnList(t *testing.T) {
	t.Parallel()
	prices, err := emulator.ParsePrices(strings.NewReader(list))
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name   string
		served emulator.Served
		want   []emulator.Charge
		total  string
	}{
		{"disjoint classes", emulator.Served{Model: "gpt-5.4", Tier: "default", Usage: emulator.Usage{Prompt: 1000, Cached: 400, Completion: 10, Reasoning: 4}}, []emulator.Charge{
			{SKU: "gpt-5.4/input", Class: "input", Unit: "tokens", Quantity: "600", UnitPrice: "0.0000025", Amount: "0.0015"},
			{SKU: "gpt-5.4/cached", Class: "cached", Unit: "tokens", Quantity: "400", UnitPrice: "0.00000025", Amount: "0.0001"},
			{SKU: "gpt-5.4/output", Class: "output", Unit: "tokens", Quantity: "10", UnitPrice: "0.000015", Amount: "0.00015"}}, "0.00175"},
		{"a long prompt", emulator.Served{Model: "gpt-5.4", Usage: emulator.Usage{Prompt: 272_001}}, []emulator.Charge{
			{SKU: "gpt-5.4/input", Class: "input", Unit: "tokens", Quantity: "272001", UnitPrice: "0.000005", Amount: "1.360005"}}, "1.360005"},
		{"the longest that is not long", emulator.Served{Model: "gpt-5.4", Usage: emulator.Usage{Prompt: 272_000}}, []emulator.Charge{
			{SKU: "gpt-5.4/input", Class: "input", Unit: "tokens", Quantity: "272000", UnitPrice: "0.0000025", Amount: "0.68"}}, "0.68"},
		{"a region and a tier", emulator.Served{Model: "gpt-5.4", Region: "eu", Tier: "flex", Usage: emulator.Usage{Prompt: 4, Completion: 2}}, []emulator.Charge{
			{SKU: "gpt-5.4/input/flex", Class: "input", Unit: "tokens", Quantity: "4", UnitPrice: "0.00000275", Amount: "0.000011"},
			{SKU: "gpt-5.4/output/flex", Class: "output", Unit: "tokens", Quantity: "2", UnitPrice: "0.0000075", Amount: "0.000015"}}, "0.000026"},
		{"time", emulator.Served{Model: "whisper-1", Usage: emulator.Usage{Milliseconds: 2500}}, []emulator.Charge{
			{SKU: "whisper-1/second", Class: "second", Unit: "seconds", Quantity: "2.5", UnitPrice: "0.0001", Amount: "0.00025"}}, "0.00025"},
		{"no price", emulator.Served{Model: "other", Usage: emulator.Usage{Images: 2}}, []emulator.Charge{
			{SKU: "other/image", Class: "image", Unit: "images", Quantity: "2"}}, "0"},
	} {
		got, total := prices.Charges(&row.served)
		if d := cmp.Diff(row.want, got); d != "" || total != row.total {
			t.Errorf("%s: %s, want %s\n%s", row.name, total, row.total, d)
		}
	}
}

func TestMistakesInAListAreNamed(t *testing.T) {
	t.Parallel()
	const header = "model,region,tier,class,above,per,price\n"
	for text, want := range map[string]string{
		"":                              "read the header",
		"model,price\n":                 "wrong number of fields",
		"a,b,c,d,e,f,g\n":               "prices have the columns",
		header + "m,,,inputs,,1,1\n":    `line 2: "inputs" is no class`,
		header + ",,,input,,1,1\n":      "line 2: no model is named",
		header + "m,,,input,-1,1,1\n":   `line 2: above "-1"`,
		header + "m,,,input,,0,1\n":     `line 2: per "0"`,
		header + "m,,,input,,1,1/3\n":   `line 2: price "1/3" is not a decimal`,
		header + "m,,,input,,1,1e9\n":   `line 2: price "1e9" is not a decimal`,
		header + "m,,,input,,1,-1\n":    `line 2: price "-1" is not a decimal`,
		header + "# said\nm,,,x,,1,1\n": "line 3",
	} {
		if _, err := emulator.ParsePrices(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}

// FuzzPrices: a list that is read bills without loss: the parts are the sum.
func FuzzPrices(f *testing.F) {
	f.Add(list)
	f.Fuzz(func(t *testing.T, text string) {
		prices, err := emulator.ParsePrices(strings.NewReader(text))
		if err != nil {
			return
		}
		for _, p := range prices {
			s := emulator.Served{Model: p.Model, Region: p.Region, Tier: p.Tier, Usage: emulator.Usage{Prompt: p.Above, Completion: 1}}
			if charges, total := prices.Charges(&s); total == "" || len(charges) == 0 {
				t.Errorf("%+v: %v %q", s, charges, total)
			}
		}
	})
}

// FuzzRequests: whatever comes, the answer is one of HTTP.
func FuzzRequests(f *testing.F) {
	for _, path := range []string{"/v1/responses", "/v1/embeddings", "/v1/completions", "/v1/images/generations", "/v1/audio/speech", "/v1/moderations", "/v1/chat/completions"} {
		f.Add(path, "application/json", `{"model":"m","input":["a",[1]],"prompt":"b","messages":[{"role":"user","content":[{"text":"c"}]}],"voice":"ash","tools":[{}]}`)
	}
	f.Add("/v1/images/edits", "multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a\"\r\n\r\nb\r\n--x--\r\n")
	f.Fuzz(func(t *testing.T, path, contentType, body string) {
		e, err := emulator.New(emulator.Config{Cloud: "openai", Models: []emulator.Model{{Name: "m"}}, Keys: []string{key}})
		if err != nil {
			t.Fatal(err)
		}
		if status := fuzzed(t, e, path, contentType, body); status < 200 || status > 499 {
			t.Errorf("%d", status)
		}
	})
}
