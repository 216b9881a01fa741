package focus

import (
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"concord/usage"
)

// A Place is a deployment as its cloud knows it.
type Place struct {
	Account string
	Region  string
	Model   string // the cloud's own name
}

// A Mapping says which model and meter a charge is about.
type Mapping struct {
	Rules    []Rule
	Accounts map[string]string // the account that a billing account's number stands for; the key "" takes every number
	Places   []Place

	models []named
}

// A Rule names model and meter of the charges whose SKU, meter, price id or description fits a pattern, with * for anything.
type Rule struct{ Pattern, Model, Meter string }

type named struct {
	model string
	words []string
}

// ParseRules reads rules as CSV with the columns sku, model, meter.
func ParseRules(file string, r io.Reader) ([]Rule, error) {
	t, err := openTable(file, r)
	if err != nil {
		return nil, err
	}
	sku, model, meter := t.at("sku"), t.at("model"), t.at("meter")
	if sku < 0 || model < 0 || meter < 0 {
		return nil, &Error{File: file, Line: 1, What: "a map has the columns sku, model, meter", Remedy: "write sku,model,meter in its first line"}
	}
	var rules []Rule
	for {
		err := t.next()
		if errors.Is(err, io.EOF) {
			return rules, nil
		}
		if err != nil {
			return nil, err
		}
		rule := Rule{strings.Clone(t.text(sku)), strings.Clone(t.text(model)), strings.Clone(t.text(meter))}
		if _, err := path.Match(rule.Pattern, ""); err != nil || rule.Pattern == "" {
			return nil, t.wrong(sku, "it is no pattern", "write the SKU, with * for what may vary")
		}
		if rule.Model == "" {
			return nil, t.wrong(model, "it names no model", "write the cloud's own name of the model, as the configuration has it")
		}
		class, _, _ := strings.Cut(rule.Meter, "/")
		if _, err := usage.ParseClass(class); err != nil {
			return nil, t.wrong(meter, err.Error(), "write a class of usage, such as input, cache_read or output, with /batch or another tier where it has one")
		}
		rules = append(rules, rule)
	}
}

// identify returns the model and the meter of a charge; "" for what is not known.
func (m *Mapping) identify(c *Charge) (model, meter string) {
	texts := [...]string{c.SKU, c.Meter, c.SKUPrice, c.Description}
	for i := range m.Rules {
		for _, text := range texts {
			if ok, _ := path.Match(m.Rules[i].Pattern, text); ok && text != "" { // patterns were checked when they were read
				return m.Rules[i].Model, m.Rules[i].Meter
			}
		}
	}
	if m.models == nil {
		m.learn()
	}
	var all []string
	for _, text := range append(texts[:], c.Resource) {
		all = append(all, words(text)...)
		all = append(all, "|") // a model's name does not go over the end of a text
	}
	if class := classOf(all, c.Unit.Thing); class.Valid() {
		meter = meterName(class, tierOf(all))
	}
	return m.model(all), meter
}

// learn takes the names of the models apart, longest first.
func (m *Mapping) learn() {
	for _, p := range m.Places {
		if !slices.ContainsFunc(m.models, func(n named) bool { return n.model == p.Model }) {
			m.models = append(m.models, named{p.Model, words(p.Model)})
		}
	}
	slices.SortFunc(m.models, func(a, b named) int {
		if d := len(b.words) - len(a.words); d != 0 {
			return d
		}
		return strings.Compare(a.model, b.model)
	})
}

// model finds the longest name of a model that stands in the words, unless a word after it makes it another model.
func (m *Mapping) model(all []string) string {
	for _, n := range m.models {
		for i := 0; i+len(n.words) <= len(all); i++ {
			if !slices.Equal(all[i:i+len(n.words)], n.words) {
				continue
			}
			if variant(all[i+len(n.words):]) {
				continue
			}
			return n.model
		}
	}
	return ""
}

// variant reports whether the words after a model's name make it another model.
func variant(after []string) bool {
	if len(after) == 0 {
		return false
	}
	switch word := after[0]; word {
	case "mini", "nano", "pro", "turbo", "codex", "lite", "flash", "max", "large", "small", "realtime":
		return true
	default:
		if word == "" || word[0] < '0' || word[0] > '9' || len(word) > 2 {
			return false
		}
	}
	return len(after) == 1 || after[1] != "k" && after[1] != "m" // gpt-5 is not gpt-5.4, and "gpt-5 1K" is
}

// words takes a text apart into lower-case runs of letters and digits; the change from one to the other parts them too.
func words(s string) []string {
	var out []string
	start, kind := -1, 0
	flush := func(end int) {
		if start >= 0 {
			out = append(out, strings.ToLower(s[start:end]))
		}
		start = -1
	}
	for i := range len(s) {
		k := 0
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			k = 2
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80:
			k = 1
		}
		if k != kind || k == 0 {
			flush(i)
		}
		if k != 0 && start < 0 {
			start = i
		}
		kind = k
	}
	flush(len(s))
	return out
}

// classOf finds the class that the words of a SKU mean.
func classOf(all []string, thing string) usage.Class {
	has := func(some ...string) bool {
		return slices.ContainsFunc(all, func(w string) bool { return slices.Contains(some, w) })
	}
	in, out := has("inp", "input", "prompt"), has("outp", "output", "opt", "completion", "generated")
	switch {
	case has("web") && has("search", "searches"):
		return usage.WebSearches
	case has("file") && has("search", "searches"):
		return usage.FileSearches
	case has("container", "containers") || has("code") && has("interpreter"):
		return usage.Containers
	case has("cached", "cchd", "cache", "caching"):
		if has("write", "creation", "storage") {
			return usage.CacheWrite
		}
		return usage.CacheRead
	case thing == Characters || has("character", "characters"):
		return usage.Characters
	case thing == Images && !has("token", "tokens"):
		return usage.Images
	case thing == Seconds || thing == Minutes || thing == Hours:
		return usage.Seconds
	case has("audio", "aud"):
		if out {
			return usage.OutputAudio
		}
		return usage.InputAudio
	case has("image", "img"):
		if out {
			return usage.OutputImage
		}
		return usage.InputImage
	case in == out:
		return 0
	case in:
		return usage.Input
	}
	return usage.Output
}

func tierOf(all []string) usage.Tier {
	for _, w := range all {
		switch w {
		case "batch", "btch":
			return usage.Batch
		case "flex":
			return usage.Flex
		case "priority", "pri", "fast":
			return usage.Priority
		}
	}
	return usage.Standard
}

// meterName is the meter that a class is billed on: what is thought and rejected is billed as output.
func meterName(c usage.Class, tier usage.Tier) string {
	if c == usage.Reasoning || c == usage.Rejected {
		c = usage.Output
	}
	if tier == usage.Standard {
		return c.String()
	}
	return c.String() + "/" + tier.String()
}

// account returns the account that a billing account's number stands for.
func (m *Mapping) account(number string) string {
	if name, ok := m.Accounts[number]; ok {
		return name
	}
	if name, ok := m.Accounts[""]; ok {
		return name
	}
	return number
}

// region completes the region that a charge leaves out, where the model has one in the account.
func (m *Mapping) region(account, model, region string) string {
	if region != "" {
		return region
	}
	for _, p := range m.Places {
		if p.Account != account || model != "" && p.Model != model {
			continue
		}
		if region != "" && region != p.Region {
			return ""
		}
		region = p.Region
	}
	return region
}

// Check refuses accounts that are not there.
func (m *Mapping) Check() error {
	for number, name := range m.Accounts {
		if !slices.ContainsFunc(m.Places, func(p Place) bool { return p.Account == name }) {
			var known []string
			for _, p := range m.Places {
				if !slices.Contains(known, p.Account) {
					known = append(known, p.Account)
				}
			}
			slices.Sort(known)
			if number != "" {
				number = ", which number " + number + " is to stand for,"
			}
			return fmt.Errorf("account %q%s is none of this cloud's: use one of %s", name, number, strings.Join(known, ", "))
		}
	}
	return nil
}
