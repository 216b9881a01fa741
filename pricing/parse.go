package pricing

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"concord/agreement"
	"concord/money"
	"concord/usage"

	"github.com/goccy/go-yaml/ast"
)

// Parse reads a price book document; name is used in positions. The book is nil if a finding is an error.
func Parse(name string, doc []byte) (*Book, []agreement.Finding) { return parse(name, doc, 0) }

// ParseAll reads a file with one or more price books, each a YAML document of its own behind a line "---". Each book
// keeps its own document's bytes. No book is returned if a finding is an error.
func ParseAll(name string, file []byte) ([]*Book, []agreement.Finding) {
	var books []*Book
	var findings []agreement.Finding
	first := make(map[string]int) // name of a book -> line
	for _, part := range splitDocuments(file) {
		if blank(part.doc) {
			continue
		}
		book, found := parse(name, part.doc, part.shift)
		findings = append(findings, found...)
		if len(findings) >= maxFindings {
			break
		}
		if book == nil {
			continue
		}
		line, taken := first[book.Name]
		if taken {
			findings = append(findings, agreement.Finding{
				Rule: "prices-name", Severity: agreement.Error, Pos: agreement.Pos{File: name, Line: part.shift + 1, Column: 1},
				Message: fmt.Sprintf("a book named %q began at line %d already", book.Name, line), Remedy: "give every book a name of its own",
			})
			continue
		}
		first[book.Name] = part.shift + 1
		books = append(books, book)
	}
	if len(books) == 0 && len(findings) == 0 {
		findings = append(findings, agreement.Finding{
			Rule: "prices-empty", Severity: agreement.Error, Pos: agreement.Pos{File: name, Line: 1, Column: 1},
			Message: "the file has no price book", Remedy: "write a price book: concord: 1, prices: NAME, currency, per and entries",
		})
	}
	if len(findings) > 0 {
		return nil, findings
	}
	return books, nil
}

// part is one document of a file, and how many lines stand before it.
type part struct {
	doc   []byte
	shift int
}

// splitDocuments cuts a file at its "---" lines. YAML allows no such line inside a value, so lines decide.
func splitDocuments(file []byte) []part {
	var parts []part
	start, shift, line := 0, 0, 0
	for at := 0; at < len(file); {
		end := len(file)
		if i := bytes.IndexByte(file[at:], '\n'); i >= 0 {
			end = at + i + 1
		}
		line++
		if string(bytes.TrimRight(file[at:end], " \t\r\n")) == "---" {
			parts = append(parts, part{file[start:at], shift})
			start, shift = end, line
		}
		at = end
	}
	return append(parts, part{file[start:], shift})
}

// blank reports a document of comments and empty lines.
func blank(doc []byte) bool {
	for line := range bytes.Lines(doc) {
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' {
			return false
		}
	}
	return true
}

// bookFields returns the fields that a document may have; entryFields does so for an entry, whose prices are named
// after the token classes.
func bookFields() []string {
	return []string{"concord", Prices, Costs, "currency", "per", "provenance", "source", "entries"}
}

func entryFields(kind string) []string {
	parties := []string{"seller"}
	if kind == Costs {
		parties = []string{"operator", "buyer"}
	}
	return slices.Concat([]string{"product"}, parties, []string{"clouds", "region", "deployment", "tier", "from", "until"},
		classNames(), []string{"provenance", "source", "footnote", "above"})
}

func classNames() []string {
	var names []string
	for class := usage.Input; class.Valid(); class++ {
		names = append(names, class.String())
	}
	return names
}

// bookReader reads one price book.
type bookReader struct {
	reader
	book       *Book
	tokens     int64 // that a price is given for
	provenance agreement.Provenance
	source     string
}

func parse(name string, doc []byte, shift int) (*Book, []agreement.Finding) {
	r := &bookReader{reader: reader{file: name, shift: shift}}
	r.book = &Book{doc: bytes.Clone(doc), Hash: sha256.Sum256(doc)}
	var entries []*entry
	if root := r.read(doc); root != nil {
		entries = r.readBook(root)
	}
	if len(r.findings) == 0 {
		findOverlaps(entries, r.overlap)
	}
	if len(r.findings) > 0 {
		return nil, r.findings
	}
	r.book.index(entries)
	return r.book, nil
}

var currencyCode = regexp.MustCompile(`^[A-Z]{3}$`)

func (r *bookReader) readBook(root ast.Node) []*entry {
	top := r.fields(root, "a price book", bookFields())
	if top == nil {
		return nil
	}
	r.readVersion(root, top["concord"])
	r.readKind(root, top)
	if f := r.require(root, top, "a price book", "currency"); f != nil {
		code, ok := r.text(f, "currency")
		if ok && !currencyCode.MatchString(code) {
			r.fault(f, "currency", fmt.Sprintf("currency %q is not an ISO 4217 code", cut(code)), "write three capital letters, such as USD")
		}
		r.book.Currency = money.Currency(code)
	}
	if f := r.require(root, top, "a price book", "per"); f != nil {
		r.readPer(f)
	}
	if f := top["provenance"].value; f != nil {
		r.provenance = r.readProvenance(f)
	}
	if f := top["source"].value; f != nil {
		r.source, _ = r.text(f, "source")
	}
	list := r.require(root, top, "a price book", "entries")
	if list == nil || r.book.Kind == "" || r.tokens == 0 {
		return nil // the entries cannot be read without kind and unit
	}
	items, _ := r.items(list, "entries")
	var entries []*entry
	for _, item := range items {
		entries = append(entries, r.readEntry(item)...)
	}
	return entries
}

func (r *bookReader) readVersion(root ast.Node, f field) {
	if f.value == nil {
		r.fault(root, "version", "the document does not begin with concord: 1", "write concord: 1 as its first line")
		return
	}
	if i, ok := f.value.(*ast.IntegerNode); !ok || i.GetToken().Value != "1" {
		r.fault(f.value, "version", fmt.Sprintf("concord: %s is not a version that this program reads", describe(f.value)), "write concord: 1")
	}
}

func (r *bookReader) readKind(root ast.Node, top map[string]field) {
	prices, costs := top[Prices].value, top[Costs].value
	switch {
	case (prices == nil) == (costs == nil):
		r.fault(root, "kind", "a price book is either prices: NAME or costs: NAME", "write exactly one of the two")
		return
	case prices != nil:
		if name, ok := r.name(prices, Prices); ok {
			r.book.Kind, r.book.Name = Prices, name
		}
	default:
		if name, ok := r.name(costs, Costs); ok {
			r.book.Kind, r.book.Name = Costs, name
		}
	}
}

func (r *bookReader) readPer(n ast.Node) {
	switch per, _ := r.text(n, "per"); per {
	case "1M tokens":
		r.tokens = 1_000_000
	case "1K tokens":
		r.tokens = 1_000
	case "1 token":
		r.tokens = 1
	default:
		r.fault(n, "per", fmt.Sprintf("per: %s is not a known quantity", describe(n)), "write 1M tokens, 1K tokens or 1 token")
	}
}

// require returns a field's value, or reports that it is missing.
func (r *bookReader) require(at ast.Node, fields map[string]field, what, name string) ast.Node {
	if fields[name].value == nil {
		r.fault(at, "missing-field", fmt.Sprintf("%s lacks the field %q", what, name), "add "+name+":")
		return nil
	}
	return fields[name].value
}

// readEntry reads one entry, and returns one for each cloud that it names.
func (r *bookReader) readEntry(n ast.Node) []*entry {
	const what = "an entry"
	before := len(r.findings)
	fields := r.fields(n, what, entryFields(r.book.Kind))
	if fields == nil {
		return nil
	}
	e := &entry{until: math.MaxInt64}
	if f := r.require(n, fields, what, "product"); f != nil {
		r.readProduct(e, f)
	}
	if r.book.Kind == Costs {
		e.seller = r.requireName(n, fields, "operator")
		e.buyer = r.requireName(n, fields, "buyer")
	} else {
		e.seller = r.requireName(n, fields, "seller")
	}
	if f := fields["region"].value; f != nil {
		e.region, _ = r.name(f, "region")
	}
	if f := fields["deployment"].value; f != nil {
		e.deployment, _ = r.name(f, "deployment")
	}
	if f := fields["tier"].value; f != nil {
		r.readTier(e, f)
	}
	if f := r.require(n, fields, what, "from"); f != nil {
		e.from = r.instant(f, "from")
	}
	if f := fields["until"].value; f != nil {
		if e.until = r.instant(f, "until"); e.until <= e.from && len(r.findings) == before {
			r.fault(f, "until", fmt.Sprintf("until %s is not after from", describe(f)), "write a later instant: until is exclusive")
		}
	}
	r.readRate(n, e, fields)
	clouds := r.readClouds(fields["clouds"].value)
	if len(r.findings) > before {
		return nil
	}
	return forClouds(e, clouds)
}

func forClouds(e *entry, clouds []string) []*entry {
	entries := make([]*entry, 0, len(clouds))
	for _, cloud := range clouds {
		one := *e
		one.cloud = cloud
		entries = append(entries, &one)
	}
	return entries
}

func (r *bookReader) requireName(at ast.Node, fields map[string]field, name string) string {
	f := r.require(at, fields, "an entry of "+r.book.Kind, name)
	if f == nil {
		return ""
	}
	id, _ := r.name(f, name)
	return id
}

func (r *bookReader) readProduct(e *entry, n ast.Node) {
	id, ok := r.text(n, "product")
	if !ok {
		return
	}
	e.product, e.pattern = strings.CutSuffix(id, "*")
	if len(id) > 200 || strings.ContainsAny(e.product, " *\"'") {
		r.fault(n, "product", fmt.Sprintf("product %s is neither an id nor a prefix with one trailing *", describe(n)), "write owner/model, or a prefix such as openai/gpt-oss-*")
	}
}

func (r *bookReader) readTier(e *entry, n ast.Node) {
	name, ok := r.text(n, "tier")
	if !ok {
		return
	}
	tier, err := usage.ParseTier(name)
	if err != nil {
		r.fault(n, "tier", fmt.Sprintf("tier %s is unknown", describe(n)), "write standard, batch, flex or priority")
	}
	e.tier = tier
}

// readClouds returns the clouds of an entry; a single empty one stands for all.
func (r *bookReader) readClouds(n ast.Node) []string {
	if n == nil {
		return []string{""}
	}
	items, _ := r.items(n, "clouds")
	var clouds []string
	for _, item := range items {
		cloud, ok := r.name(item, "cloud")
		if ok && slices.Contains(clouds, cloud) {
			r.fault(item, "cloud", fmt.Sprintf("the cloud %q is there twice", cloud), "remove one of them")
		}
		clouds = append(clouds, cloud)
	}
	return clouds
}

// instant reads a day, which begins at midnight UTC, or an RFC 3339 instant.
func (r *bookReader) instant(n ast.Node, what string) int64 {
	value, ok := r.text(n, what)
	if !ok {
		return 0
	}
	at, err := time.Parse(time.DateOnly, value)
	if err != nil {
		at, err = time.Parse(time.RFC3339Nano, value)
	}
	if err != nil || at.Year() < 1970 || at.Year() > 2200 {
		r.fault(n, "instant", fmt.Sprintf("%s %s is not a day or instant between 1970 and 2200", what, describe(n)), "write 2026-04-27 (midnight UTC) or 2026-04-27T07:00:00Z")
		return 0
	}
	return at.UnixNano()
}

func (r *bookReader) readProvenance(n ast.Node) agreement.Provenance {
	value, ok := r.text(n, "provenance")
	if !ok {
		return ""
	}
	switch p := agreement.Provenance(value); p {
	case agreement.Public, agreement.Reported, agreement.Assumed:
		return p
	}
	r.fault(n, "provenance", fmt.Sprintf("provenance %s is unknown", describe(n)), "write public, reported or assumed")
	return ""
}

// overlap reports two entries that price the same thing at the same instant.
func (r *bookReader) overlap(earlier, later *entry) {
	pos := later.rate.Pos
	cloud := later.cloud
	if cloud != "" {
		cloud = " on " + cloud
	}
	product := later.product
	if later.pattern {
		product += "*"
	}
	r.report(pos.Line-r.shift, pos.Column, "overlap",
		fmt.Sprintf("the entries at lines %d and %d both price %s%s for %s from %s", earlier.rate.Pos.Line, pos.Line, product, cloud,
			later.seller, time.Unix(0, later.from).UTC().Format(time.RFC3339)),
		fmt.Sprintf("end the entry at line %d with until, or make one of them more specific", earlier.rate.Pos.Line))
}
