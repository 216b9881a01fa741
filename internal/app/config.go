package app

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"concord/agreement"
	"concord/agreement/agreementfile"
	"concord/agreement/condition"
	"concord/clouds"
	"concord/delivery"
	"concord/gateway"
	"concord/journal"
	"concord/ledger"
	"concord/pricing"
)

// A Config is a whole configuration, read and checked: what is offered to whom under which terms, and how the clouds are
// reached. It holds secrets: never log it.
type Config struct {
	File       string
	Gateway    string
	Listen     string
	Data       string // directory
	Store      StoreSettings
	Known      time.Time
	Set        *agreement.Set
	Books      delivery.Books
	Catalog    *agreement.Catalog
	Targets    []clouds.Target // one for each deployment, in the catalog's order
	Keys       []Key
	Budgets    []gateway.Budget
	MaxOutput  map[string]int64   // tokens that a model can answer with, by deployment; what is not there is not known
	Context    map[string]int64   // tokens that a model can read, in the same way
	MaxSound   map[string]int64   // seconds of sound that a model takes, in the same way
	Documents  []journal.Document // agreements and price books as read, in order
	Timeouts   Timeouts
	Breaker    delivery.Settings
	Failover   Failover
	CommitWait time.Duration
	Journal    JournalSettings
	Findings   []agreement.Finding // warnings: errors keep a Config from being made

	source    Source
	follows   string   // the set that the next one follows, hex; "" = nobody else writes
	files     *lookout // over all that was read
	timeline  *delivery.Timeline
	intervals []agreement.Interval     // of Set, as known at Known
	places    map[string]agreement.Pos // of settings that need a restart
}

// A Key lets a customer in. Only its hash is known.
type Key struct {
	ID        string
	Customer  string
	Hash      [32]byte // SHA-256 of the key
	MaxOutput int64    // tokens a request may ask for at most; 0 = no bound
}

// Timeouts of requests and of stopping.
type Timeouts struct {
	Connect, FirstByte, Idle, Request, Drain time.Duration
	Tail                                     time.Duration // for usage after the last content; 0 = the gateway's own bound
}

// A Source is where a configuration reads from; the demo reads the embedded examples, everything else the disk.
type Source struct {
	Read   func(path string) ([]byte, error)
	Getenv func(name string) (string, bool)
	Stat   func(path string) (fs.FileInfo, error) // nil = what is read never changes
}

// Disk is the Source of the command line.
func Disk() Source { return Source{Read: os.ReadFile, Getenv: os.LookupEnv, Stat: os.Stat} }

// Embedded reads files from fsys and no secret from the environment.
func Embedded(fsys fs.FS) Source {
	return Source{
		Read:   func(path string) ([]byte, error) { return fs.ReadFile(fsys, filepath.ToSlash(path)) },
		Getenv: func(string) (string, bool) { return "", false },
	}
}

// Load reads and checks a configuration with everything that it names. known is the instant up to which amendments and
// facts count as known. What is wrong comes back as one *Invalid with all findings.
func Load(path string, src Source, known time.Time) (*Config, error) {
	seen, files := reading(src)
	config, err := load(path, seen, known, nil)
	if err != nil {
		return nil, err
	}
	config.source, config.files = src, files
	return config, nil
}

// load reads a configuration, and beside its agreements the facts that were recorded of them.
func load(path string, src Source, known time.Time, facts []journal.Entry) (*Config, error) {
	source, err := src.Read(path)
	if err != nil {
		return nil, unreadable("config-file", agreement.Pos{File: path}, "the configuration", path, err)
	}
	doc, finding := parseDocument(path, source)
	if finding != nil {
		return nil, &Invalid{"configuration", []agreement.Finding{*finding}}
	}
	l := &loader{src: src, facts: facts, doc: doc, source: source, sources: map[string][]byte{}, config: &Config{File: path, Known: known.UTC()}}
	l.settings()
	l.agreements()
	l.prices()
	l.deployments()
	l.customers()
	l.budgets()
	if !HasErrors(l.findings) {
		l.terms()
	}
	agreementfile.Annotate(l.findings, l.sources)
	if HasErrors(l.findings) {
		return nil, &Invalid{"configuration", l.findings}
	}
	l.config.Findings = l.findings
	return l.config, nil
}

// DataDir reads only where a configuration keeps its data, so that reading the books needs no secret.
func DataDir(path string, src Source) (string, error) {
	source, err := src.Read(path)
	if err != nil {
		return "", unreadable("config-file", agreement.Pos{File: path}, "the configuration", path, err)
	}
	doc, finding := parseDocument(path, source)
	if finding != nil {
		return "", &Invalid{"configuration", []agreement.Finding{*finding}}
	}
	return or(doc.Data, "concord-data"), nil
}

func unreadable(rule string, pos agreement.Pos, what, path string, err error) *Invalid {
	if pathError, ok := errors.AsType[*fs.PathError](err); ok {
		err = pathError.Err
	}
	return &Invalid{"configuration", []agreement.Finding{{
		Rule: rule, Severity: agreement.Error, Pos: pos,
		Message: fmt.Sprintf("%s %s cannot be read: %v", what, path, err),
		Remedy:  "correct the path, or make the file readable",
	}}}
}

// loader turns a document into a Config and collects what is wrong on the way.
type loader struct {
	src      Source
	doc      *document
	source   []byte
	sources  map[string][]byte // of the agreements, by path
	config   *Config
	findings []agreement.Finding
	facts    []journal.Entry // recorded
	missing  bool            // an agreement could not be read: who and what it knows is unknown
}

func (l *loader) reject(rule string, at text, remedy, format string, args ...any) {
	pos := at.Pos(l.config.File)
	if !at.Given() {
		pos = agreement.Pos{File: l.config.File}
	}
	l.findings = append(l.findings, agreement.Finding{
		Rule: rule, Severity: agreement.Error, Pos: pos, Message: fmt.Sprintf(format, args...), Remedy: remedy,
		Excerpt: excerpt(l.source, at.Line, at.Column),
	})
}

func (l *loader) settings() {
	doc, c := l.doc, l.config
	if doc.Concord.Value != "1" {
		l.reject("config-version", doc.Concord, "write concord: 1 at the top", "the version is %q, this program reads version 1", doc.Concord.Value)
	}
	c.Gateway = or(doc.Gateway, "concord")
	c.Listen = or(doc.Listen, "127.0.0.1:8080")
	c.Data = or(doc.Data, "concord-data")
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		l.reject("config-listen", doc.Listen, "write host:port, such as 127.0.0.1:8080", "%q is not an address to listen on", c.Listen)
	}
	c.places = map[string]agreement.Pos{
		"gateway": doc.Gateway.Pos(c.File), "listen": doc.Listen.Pos(c.File), "data": doc.Data.Pos(c.File),
		"journal.commit_wait": doc.Journal.CommitWait.Pos(c.File),
	}
	c.Store = l.store()
	l.journal()
	c.CommitWait = l.duration(doc.Journal.CommitWait, 2*time.Second)
	c.Timeouts = Timeouts{
		Connect:   l.duration(doc.Timeouts.Connect, 5*time.Second),
		FirstByte: l.duration(doc.Timeouts.FirstByte, time.Minute),
		Idle:      l.duration(doc.Timeouts.Idle, time.Minute),
		Request:   l.duration(doc.Timeouts.Request, 10*time.Minute),
		Drain:     l.duration(doc.Timeouts.Drain, 30*time.Second),
	}
	c.Breaker = delivery.Settings{
		Cooldown: int64(l.duration(doc.Breaker.Cooldown, 10*time.Second)),
		Longest:  int64(l.duration(doc.Breaker.Longest, 2*time.Minute)),
		Quota:    int64(l.duration(doc.Breaker.Quota, time.Minute)),
	}
	c.Breaker.Failures = l.number(doc.Breaker.Failures, 3, "failures")
	c.Breaker.Ramp = l.number(doc.Breaker.Ramp, 8, "answers")
	l.failover()
}

func (l *loader) duration(t text, preset time.Duration) time.Duration {
	if !t.Given() {
		return preset
	}
	d, err := time.ParseDuration(t.Value)
	if err != nil || d <= 0 {
		l.reject("config-duration", t, "write a number with its unit, such as 500ms, 2s or 10m", "%q is not a duration above 0", t.Value)
		return preset
	}
	return d
}

// read returns a file that the configuration names, relative to the configuration.
func (l *loader) read(what string, t text) (path string, content []byte, ok bool) {
	path = t.Value
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(l.config.File), path)
	}
	content, err := l.src.Read(path)
	if err != nil {
		l.findings = append(l.findings, unreadable("config-file", t.Pos(l.config.File), what, path, err).Findings...)
		return path, nil, false
	}
	return path, content, true
}

func (l *loader) agreements() {
	var all []*agreement.Agreement
	if len(l.doc.Agreements) == 0 {
		l.reject("config-agreements", text{}, "list the agreement files under agreements:", "no agreement is named, and what no agreement permits is refused")
	}
	for _, t := range l.doc.Agreements {
		path, content, ok := l.read("the agreement", t)
		if !ok {
			l.missing = true
			continue
		}
		l.sources[path] = content
		parsed, findings := agreementfile.Parse(path, content)
		if parsed != nil && len(l.facts) > 0 {
			content = withFacts(parsed, content, l.facts)
			parsed, findings = agreementfile.Parse(path, content)
		}
		l.findings = append(l.findings, findings...)
		l.missing = l.missing || parsed == nil
		if parsed != nil {
			all = append(all, parsed)
			l.config.Documents = append(l.config.Documents, journal.Document{
				Doc: journal.DocAgreement, Name: parsed.Name, Hash: sum(content), Bytes: content,
			})
		}
	}
	l.config.Set = agreement.NewSet(all...)
}

func (l *loader) prices() {
	for _, t := range l.doc.Prices {
		path, content, ok := l.read("the price book", t)
		if !ok {
			continue
		}
		books, findings := pricing.ParseAll(path, content)
		l.findings = append(l.findings, findings...)
		for _, book := range books {
			l.config.Books = append(l.config.Books, book)
			l.config.Documents = append(l.config.Documents, journal.Document{
				Doc: journal.DocPrices, Name: book.Name, Hash: book.Hash, Bytes: book.Bytes(),
			})
		}
	}
}

// terms checks the whole: agreements against each other, and what is offered against what they permit.
func (l *loader) terms() {
	found := l.config.Set.Lint(l.config.Catalog)
	if !HasErrors(found) {
		timeline, compiled := delivery.NewTimeline(l.config.Set, l.config.Catalog, l.config.Books, l.config.Known)
		l.config.timeline = timeline
		found = append(append(found, compiled...), l.money()...)
	}
	for _, f := range found {
		if f.Pos.File == l.config.File && f.Excerpt == "" {
			f.Excerpt = excerpt(l.source, f.Pos.Line, f.Pos.Column)
		}
		if !slices.ContainsFunc(l.findings, func(o agreement.Finding) bool {
			return o.Rule == f.Rule && o.Pos == f.Pos && o.Message == f.Message
		}) {
			l.findings = append(l.findings, f)
		}
	}
}

// money reports what some terms of the history ask for and the ledger does not post.
func (l *loader) money() []agreement.Finding {
	intervals, err := l.config.Set.Timeline(l.config.Known)
	if err != nil {
		return nil // NewTimeline has reported it
	}
	l.config.intervals = intervals
	var found []agreement.Finding
	for _, interval := range intervals {
		found = append(found, ledger.Check(interval.Terms)...)
	}
	return found
}

// parties and clouds that the agreements know.
func (l *loader) knows(party string) bool {
	for _, a := range l.config.Set.Agreements() {
		if slices.ContainsFunc(a.Parties, func(p agreement.Party) bool { return p.ID == party }) {
			return true
		}
	}
	return l.missing
}

func (l *loader) parties() string {
	var ids []string
	for _, a := range l.config.Set.Agreements() {
		for _, p := range a.Parties {
			ids = append(ids, p.ID)
		}
	}
	slices.Sort(ids)
	return strings.Join(slices.Compact(ids), ", ")
}

func (l *loader) product(id string) bool {
	for _, a := range l.config.Set.Agreements() {
		if slices.ContainsFunc(a.Products, func(p agreement.Product) bool { return p.ID == id }) {
			return true
		}
	}
	return l.missing
}

func (l *loader) products() string {
	var ids []string
	for _, a := range l.config.Set.Agreements() {
		for _, p := range a.Products {
			ids = append(ids, p.ID)
		}
	}
	slices.Sort(ids)
	return strings.Join(slices.Compact(ids), ", ")
}

func (l *loader) customers() {
	l.config.Catalog.Customers = nil
	seen := map[string]bool{}
	for _, c := range l.doc.Customers {
		if c.ID.Value == "" || seen[c.ID.Value] {
			l.reject("config-customer", c.ID, "give every customer an id of its own", "customer id %q is missing or used twice", c.ID.Value)
			continue
		}
		seen[c.ID.Value] = true
		out := agreement.Customer{
			ID: c.ID.Value, Name: or(c.Name, c.ID.Value), Home: c.Home.Value, Zones: values(c.Zones),
			Territory: c.Territory.Value, Pos: c.ID.Pos(l.config.File),
		}
		for _, name := range slices.Sorted(maps.Keys(c.Attributes)) {
			out.Attributes = append(out.Attributes, condition.Attribute{Name: name, Value: c.Attributes[name].Value})
		}
		for _, group := range c.Sellers {
			for _, seller := range group {
				if !l.knows(seller.Value) {
					l.reject("config-party", seller, "use one of: "+l.parties(), "customer %s buys from %q, which no agreement knows", out.ID, seller.Value)
				}
			}
			out.Sellers = append(out.Sellers, values(group))
		}
		l.config.Catalog.Customers = append(l.config.Catalog.Customers, out)
		for _, key := range c.Keys {
			l.key(out.ID, key.ID, key.Hash)
			if n, ok := l.tokens(key.MaxOutput); ok && len(l.config.Keys) > 0 && l.config.Keys[len(l.config.Keys)-1].ID == key.ID.Value {
				l.config.Keys[len(l.config.Keys)-1].MaxOutput = n
			}
		}
	}
}

func (l *loader) key(customer string, id, hash text) {
	raw, err := hex.DecodeString(strings.TrimPrefix(hash.Value, "sha256:"))
	switch {
	case !strings.HasPrefix(hash.Value, "sha256:") || err != nil || len(raw) != 32:
		// The value is not repeated: it may be the key itself.
		l.reject("config-key", text{Line: hash.Line, Column: hash.Column}, `write "sha256:" and 64 hex digits: printf %s "$KEY" | sha256sum`,
			"key %q of customer %s has no SHA-256 hash", id.Value, customer)
		l.findings[len(l.findings)-1].Excerpt = ""
		return
	case id.Value == "" || slices.ContainsFunc(l.config.Keys, func(k Key) bool { return k.ID == id.Value }):
		l.reject("config-key", id, "give every key an id of its own", "key id %q is missing or used twice", id.Value)
		return
	}
	key := Key{ID: id.Value, Customer: customer}
	copy(key.Hash[:], raw)
	l.config.Keys = append(l.config.Keys, key)
}

func (l *loader) deployments() {
	l.config.Catalog = &agreement.Catalog{}
	targets := map[string]clouds.Target{}
	for _, id := range sortedKeys(l.doc.Accounts) {
		targets[id] = l.target(id, l.doc.Accounts[id])
	}
	seen := map[string]bool{}
	for _, d := range l.doc.Deployments {
		account, ok := l.doc.Accounts[d.Account.Value]
		switch {
		case d.ID.Value == "" || seen[d.ID.Value]:
			l.reject("config-deployment", d.ID, "give every deployment an id of its own", "deployment id %q is missing or used twice", d.ID.Value)
			continue
		case !ok:
			l.reject("config-account", d.Account, "use one of: "+strings.Join(sortedKeys(l.doc.Accounts), ", "), "deployment %s is in account %q, which is not declared", d.ID.Value, d.Account.Value)
			continue
		case !l.product(d.Product.Value):
			l.reject("config-product", d.Product, "use one of: "+l.products(), "deployment %s offers %q, which no agreement knows", d.ID.Value, d.Product.Value)
		case !l.knows(d.Seller.Value):
			l.reject("config-party", d.Seller, "use one of: "+l.parties(), "deployment %s is sold by %q, which no agreement knows", d.ID.Value, d.Seller.Value)
		case d.Model.Value == "":
			l.reject("config-deployment", d.ID, "add model: with the cloud's own name", "deployment %s has no model", d.ID.Value)
		}
		seen[d.ID.Value] = true
		out := agreement.Deployment{
			ID: d.ID.Value, Product: d.Product.Value, Cloud: account.Cloud.Value, Region: account.Region.Value,
			Zone: account.Zone.Value, Account: d.Account.Value, Holder: account.Holder.Value, Seller: d.Seller.Value,
			Model: d.Model.Value, Capacity: d.Capacity.Value, Provisioned: l.flag(d.Paid), Pos: d.ID.Pos(l.config.File),
		}
		for _, api := range d.APIs {
			out.APIs = append(out.APIs, agreement.API(api.Value))
		}
		target := targets[d.Account.Value]
		target.Deployment, target.Model, target.Protocol = out.ID, out.Model, l.protocol(d, account)
		l.config.Catalog.Deployments = append(l.config.Catalog.Deployments, out)
		l.config.Targets = append(l.config.Targets, target)
	}
}

func (l *loader) target(id string, a account) clouds.Target {
	rejects := l.dialect(id, a)
	if !l.knows(a.Holder.Value) {
		l.reject("config-party", a.Holder, "use one of: "+l.parties(), "account %s is held by %q, which no agreement knows", id, a.Holder.Value)
	}
	base, err := url.Parse(a.Endpoint.Value)
	if err != nil || base.Host == "" || base.Scheme != "https" && base.Scheme != "http" {
		l.reject("config-endpoint", a.Endpoint, "write a URL such as https://api.openai.com", "account %s has endpoint %q", id, a.Endpoint.Value)
		base = &url.URL{}
	}
	t := clouds.Target{
		Cloud: a.Cloud.Value, Base: base, Region: a.Region.Value, Account: id,
		APIVersion: a.APIVersion.Value, Project: a.Project.Value, Plane: l.plane(id, a), Kind: a.Kind.Value, Rejects: rejects,
	}
	l.credential(id, a, &t)
	return t
}

func (l *loader) secret(id string, s secret, base *url.URL) clouds.Secret {
	switch {
	case s.Env.Given():
		value, ok := l.src.Getenv(s.Env.Value)
		if !ok || value == "" {
			l.reject("config-secret", s.Env, "set it before you start: export "+s.Env.Value+"=...", "the secret of account %s is missing: the environment variable %s is not set", id, s.Env.Value)
		}
		return clouds.NewSecret(value)
	case s.File.Given():
		_, content, ok := l.read("the secret of account "+id, s.File)
		value := strings.TrimSpace(string(content))
		if ok && value == "" {
			l.reject("config-secret", s.File, "write the secret into the file", "the secret of account %s is missing: %s is empty", id, s.File.Value)
		}
		return clouds.NewSecret(value)
	case s.Inline.Given():
		if ip := net.ParseIP(base.Hostname()); base.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
			l.reject("config-secret", text{Line: s.Inline.Line, Column: s.Inline.Column}, "write {env: NAME} or {file: PATH}",
				"the secret of account %s stands in the file, which is accepted for emulators on this machine only", id)
			l.findings[len(l.findings)-1].Excerpt = ""
		}
		return clouds.NewSecret(s.Inline.Value)
	}
	l.reject("config-secret", l.doc.Accounts[id].Cloud, "add secret: {env: NAME}", "account %s has no secret", id)
	return clouds.Secret{}
}
