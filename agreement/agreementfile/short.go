package agreementfile

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"concord/agreement"
)

// The blocks of the article's short form. A document with one of them, and without the version of the full form, is one.
const (
	strategyBlock = "cloud_deployment_strategy"
	licenseBlock  = "ip_licensing_model"
)

// A Short is what the article's short form says, with the place of everything: which clouds come first, who holds which
// license, who pays whom. It leaves open what a program must know, so that it is read, and never in force.
type Short struct {
	Pos    agreement.Pos
	Clouds []ShortCloud // the primary one, then by priority, then in the file's order

	Flexibility *ShortFlag // of hybrid
	MultiCloud  *ShortFlag
	Choice      *ShortFlag

	Duration    ShortText
	Exclusivity ShortText
	Types       []ShortType  // license_type
	Shares      []ShortShare // revenue_share
	Timeline    ShortText

	Alternatives agreement.Pos // of alternative_clouds
}

// ShortCloud is a cloud of the short form. The first one is the primary cloud.
type ShortCloud struct {
	Name     string
	Priority int
	Says     ShortText     // rationale of the primary cloud, capability of an alternative one
	Pos      agreement.Pos // of the priority
}

// ShortText is a text of the short form; "" = not there.
type ShortText struct {
	Text string
	Pos  agreement.Pos
}

// ShortFlag is a flag of the short form.
type ShortFlag struct {
	Name string
	On   bool
	Pos  agreement.Pos
}

// ShortType is an entry of license_type: a cloud, or "others", and the exclusivity of its license.
type ShortType struct {
	Of          string
	Exclusivity string
	Pos         agreement.Pos
}

// ShortShare is an entry of revenue_share: who pays whom, if anything is paid.
type ShortShare struct {
	Name         string // openai_to_microsoft
	Payer, Payee string
	Owed         bool
	Pos          agreement.Pos
}

// An operator of the short form: it names clouds and means those who run them.
type operator struct {
	cloud, party, name, run string // run: what the party's customers call its service
}

// operators lists the clouds that the short form can name, the product's owner first.
func operators() []operator {
	return []operator{
		{"openai", "openai", "OpenAI", "its own platform"},
		{"azure", "microsoft", "Microsoft", "Azure"},
		{"aws", "amazon", "Amazon Web Services", "Amazon Bedrock"},
		{"gcp", "google", "Google", "Google Vertex AI"},
		{"alibaba", "alibaba", "Alibaba Cloud", "Alibaba Cloud Model Studio"},
	}
}

func operatorOf(cloud string) operator {
	for _, o := range operators() {
		if o.cloud == cloud {
			return o
		}
	}
	return operator{}
}

// What is public about the two ends of the article: posts of 27 April 2026 (examples/openai-microsoft.yaml has the sources).
const (
	publicLicenseEnd = "2032"
	publicShareEnd   = "2030"
)

// isShort recognises the short form by its blocks.
func isShort(n ast.Node) bool {
	var pairs []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		pairs = n.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{n}
	}
	short := false
	for _, p := range pairs {
		switch name, _ := text(p.Key); name {
		case "concord", "agreement":
			return false
		case strategyBlock, licenseBlock:
			short = true
		}
	}
	return short
}

// shortForm reads both blocks.
func (r *reader) shortForm(n ast.Node) *Short {
	r.zone = time.UTC
	s := &Short{Pos: r.at(n)}
	o := r.object(n, "the short form")
	if o == nil {
		return s
	}
	o.path = "short"
	if v, ok := o.need(strategyBlock, "write both blocks of the short form"); ok {
		v.strategy(s)
	}
	if v, ok := o.need(licenseBlock, "write both blocks of the short form"); ok {
		v.licensing(s)
	}
	o.done()
	return s
}

func (v value) strategy(s *Short) {
	o := v.object("the deployment strategy")
	if o == nil {
		return
	}
	const one = "name the one primary cloud: {azure: {priority: 1}}"
	if v, ok := o.need("primary_cloud", one); ok {
		s.Clouds = v.shortClouds("rationale", "azure", "aws", "gcp", "alibaba")
		if len(s.Clouds) != 1 {
			v.report("wrong-type", one, "primary_cloud names %d clouds", len(s.Clouds))
		}
	}
	primaries := s.Clouds
	if v, ok := o.take("alternative_clouds"); ok {
		s.Alternatives = v.keyPos()
		for _, c := range v.shortClouds("capability", "azure", "aws", "gcp", "alibaba", "openai") {
			if len(primaries) == 1 && c.Name == primaries[0].Name {
				v.o.r.report("duplicate-item", c.Pos, "name it once", "%s is the primary and an alternative cloud", c.Name)
			} else if len(primaries) == 1 && c.Priority <= primaries[0].Priority {
				v.o.r.report("unknown-value", c.Pos, "give the primary cloud the lowest number", "priority of %s is %d, which is not after that of the primary cloud, %d", c.Name, c.Priority, primaries[0].Priority)
			}
			s.Clouds = append(s.Clouds, c)
		}
	}
	if v, ok := o.take("hybrid"); ok {
		v.hybrid(s)
	}
	o.done()
	slices.SortStableFunc(s.Clouds, func(x, y ShortCloud) int { return cmp.Compare(x.Priority, y.Priority) })
}

// keyPos is where the field's name stands.
func (v value) keyPos() agreement.Pos {
	for _, e := range v.o.entries {
		if e.name == v.name {
			return e.pos
		}
	}
	return v.pos
}

// shortClouds reads clouds with their priority and the text that says more, in the file's order.
func (v value) shortClouds(more string, known ...string) (clouds []ShortCloud) {
	names := v.object(v.name)
	if names == nil {
		return nil
	}
	for _, name := range names.names(known) {
		v, ok := names.take(name)
		if !ok {
			continue
		}
		o := v.object("the cloud " + name)
		if o == nil {
			continue
		}
		c := ShortCloud{Name: name, Pos: v.keyPos()}
		if v, ok := o.need("priority", "write priority: 1"); ok {
			c.Priority, c.Pos = int(v.int(1, 1000)), v.pos
		}
		if name != "openai" { // the owner needs no license, and has no rank to explain
			if v, ok := o.take(more); ok {
				c.Says = ShortText{v.text(), v.pos}
			}
		}
		o.done()
		clouds = append(clouds, c)
	}
	names.done()
	return clouds
}

// names returns the fields whose names are known, in the file's order; done reports the others.
func (o *object) names(known []string) (names []string) {
	for _, e := range o.entries {
		if slices.Contains(known, e.name) {
			names = append(names, e.name)
		}
	}
	o.known = append(o.known, known...)
	return names
}

func (v value) hybrid(s *Short) {
	o := v.object("hybrid")
	if o == nil {
		return
	}
	for _, f := range []struct {
		name string
		to   **ShortFlag
	}{{"flexibility", &s.Flexibility}, {"multi_cloud", &s.MultiCloud}, {"customer_choice", &s.Choice}} {
		if v, ok := o.take(f.name); ok {
			*f.to = &ShortFlag{Name: f.name, On: v.bool(), Pos: v.pos}
		}
	}
	o.done()
}

func (v value) licensing(s *Short) {
	o := v.object("the licensing model")
	if o == nil {
		return
	}
	if v, ok := o.need("duration", "write duration: the end of the license"); ok {
		s.Duration = v.shortDate()
	}
	if v, ok := o.take("exclusivity"); ok {
		s.Exclusivity = ShortText{word(v, agreement.Exclusive, agreement.NonExclusive), v.pos}
	}
	if v, ok := o.take("license_type"); ok {
		if types := v.object("license_type"); types != nil {
			for _, name := range types.names([]string{"azure", "aws", "gcp", "alibaba", "others"}) {
				if v, ok := types.take(name); ok {
					s.Types = append(s.Types, ShortType{name, word(v, agreement.Exclusive, agreement.NonExclusive), v.pos})
				}
			}
			types.done()
		}
	}
	if v, ok := o.take("revenue_share"); ok {
		v.shortShares(s)
	}
	o.done()
}

func (v value) shortShares(s *Short) {
	o := v.object("revenue_share")
	if o == nil {
		return
	}
	for _, name := range []string{"microsoft_to_openai", "openai_to_microsoft"} {
		if v, ok := o.take(name); ok {
			payer, payee, _ := strings.Cut(name, "_to_")
			s.Shares = append(s.Shares, ShortShare{Name: name, Payer: payer, Payee: payee, Owed: v.bool(), Pos: v.pos})
		}
	}
	if v, ok := o.take("timeline"); ok {
		s.Timeline = v.shortDate()
	}
	for _, share := range s.Shares {
		if share.Owed && s.Timeline.Text == "" && !o.has("timeline") {
			o.r.report("missing-field", share.Pos, "write timeline: the end of the shares", "%s is owed, and %s has no %q", share.Name, o.what, "timeline")
			break
		}
	}
	o.done()
}

// shortDate reads a day. What it means as an end is asked later.
func (v value) shortDate() ShortText {
	s, _ := text(v.node)
	if _, _, day, ok := v.o.r.span(s); !ok || !day {
		v.report("bad-date", "write a day like 2032-01-01", "%s of %s is not a day: %s", v.name, v.o.what, describe(v.node))
		return ShortText{Pos: v.pos}
	}
	return ShortText{s, v.pos}
}
