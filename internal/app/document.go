package app

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"

	"concord/agreement"
	"concord/agreement/agreementfile"
)

// document is the configuration file as written. Every scalar keeps its place, so that what is found wrong later can
// still be shown where it stands.
type document struct {
	Concord     text               `yaml:"concord"`
	Gateway     text               `yaml:"gateway"`
	Listen      text               `yaml:"listen"`
	Data        text               `yaml:"data"`
	Agreements  []text             `yaml:"agreements"`
	Prices      []text             `yaml:"prices"`
	Accounts    map[string]account `yaml:"accounts"`
	Deployments []deployment       `yaml:"deployments"`
	Customers   []customer         `yaml:"customers"`
	Budgets     []budgetDocument   `yaml:"budgets"`
	Store       *storeDocument     `yaml:"store"`
	Journal     struct {
		Durability text `yaml:"durability"`
		Intent     text `yaml:"intent"`
		CommitWait text `yaml:"commit_wait"`
		Reserve    text `yaml:"reserve"`
		Unwell     text `yaml:"unwell"` // refuse or credit
		Credit     text `yaml:"credit"`
	} `yaml:"journal"`
	Timeouts struct {
		Connect   text `yaml:"connect"`
		FirstByte text `yaml:"first_byte"`
		Idle      text `yaml:"idle"`
		Request   text `yaml:"request"`
		Drain     text `yaml:"drain"`
	} `yaml:"timeouts"`
	Breaker struct {
		Failures text `yaml:"failures"`
		Cooldown text `yaml:"cooldown"`
		Longest  text `yaml:"longest"`
		Quota    text `yaml:"quota"`
		Ramp     text `yaml:"ramp"`
	} `yaml:"breaker"`
	Retries struct {
		Percent text `yaml:"percent"`
		Burst   text `yaml:"burst"`
	} `yaml:"retries"`
	Hedge struct {
		After text `yaml:"after"`
		Slow  text `yaml:"slow"`
	} `yaml:"hedge"`
	Probe struct {
		Every text `yaml:"every"`
	} `yaml:"probe"`
}

type account struct {
	Cloud      text   `yaml:"cloud"`
	Kind       text   `yaml:"kind"`
	Rejects    []text `yaml:"rejects"`
	Holder     text   `yaml:"holder"`
	Region     text   `yaml:"region"`
	Zone       text   `yaml:"zone"`
	Endpoint   text   `yaml:"endpoint"`
	APIVersion text   `yaml:"api_version"`
	Project    text   `yaml:"project"`
	Plane      text   `yaml:"plane"` // aws: runtime or mantle
	Secret     secret `yaml:"secret"`
	Auth       auth   `yaml:"auth"`
}

type secret struct {
	Env    text `yaml:"env"`
	File   text `yaml:"file"`
	Inline text `yaml:"inline"`
}

type deployment struct {
	ID        text   `yaml:"id"`
	Product   text   `yaml:"product"`
	Account   text   `yaml:"account"`
	Seller    text   `yaml:"seller"`
	Model     text   `yaml:"model"`
	APIs      []text `yaml:"apis"`
	Protocol  text   `yaml:"protocol"` // aws, runtime: openai, invoke or converse
	Capacity  text   `yaml:"capacity"`
	Paid      text   `yaml:"provisioned"`
	MaxOutput text   `yaml:"max_output"`  // tokens that the model can answer with; of a picture, tokens of one
	Context   text   `yaml:"context"`     // tokens that the model can read
	MaxSound  text   `yaml:"max_seconds"` // of sound that the model takes
}

type customer struct {
	ID         text            `yaml:"id"`
	Name       text            `yaml:"name"`
	Sellers    [][]text        `yaml:"sellers"`
	Home       text            `yaml:"home"`
	Zones      []text          `yaml:"zones"`
	Territory  text            `yaml:"territory"`
	Attributes map[string]text `yaml:"attributes"` // what conditions of clauses ask for
	Keys       []struct {
		ID        text `yaml:"id"`
		Hash      text `yaml:"hash"`
		MaxOutput text `yaml:"max_output"` // tokens a request may ask for
	} `yaml:"keys"`
}

// text is a scalar and its place.
type text = agreementfile.Text

func values(list []text) []string {
	var out []string
	for _, t := range list {
		out = append(out, t.Value)
	}
	return out
}

// parseDocument reads the file's form; everything that is wrong with it is one finding with its place.
func parseDocument(file string, source []byte) (*document, *agreement.Finding) {
	doc := &document{}
	if err := agreementfile.Decode(source, doc); err != nil {
		return nil, formFinding(file, source, err)
	}
	return doc, nil
}

// formFinding turns what the YAML library says into a finding for people.
func formFinding(file string, source []byte, err error) *agreement.Finding {
	finding := &agreement.Finding{
		Rule: "config-form", Severity: agreement.Error, Pos: agreement.Pos{File: file, Line: 1, Column: 1},
		Message: err.Error(), Remedy: "see examples/concord.yaml for the form",
	}
	if broken, ok := errors.AsType[yaml.Error](err); ok {
		finding.Message = plainWords(broken.GetMessage())
		if token := broken.GetToken(); token != nil && token.Position != nil {
			finding.Pos.Line, finding.Pos.Column = token.Position.Line, token.Position.Column
			finding.Excerpt = excerpt(source, token.Position.Line, token.Position.Column)
		}
	}
	return finding
}

// plainWords rewrites what the YAML library says of Go and of nodes: whoever writes a configuration knows nothing of that.
func plainWords(message string) string {
	kind := func(name string) string {
		switch {
		case strings.HasPrefix(name, "[]"), strings.HasPrefix(strings.ToLower(name), "sequence"):
			return "a list"
		case strings.HasPrefix(strings.ToLower(name), "map"), strings.Contains(name, "."):
			return "a mapping"
		}
		return "one value"
	}
	for _, pattern := range []string{
		`cannot unmarshal (\S+) into Go (?:struct field \S+|value) of type (\S+)`, `^(\S+) was used where (\S+) is expected`,
	} {
		if m := regexp.MustCompile(pattern).FindStringSubmatch(message); m != nil {
			return fmt.Sprintf("%s is expected here, not %s", kind(m[2]), kind(m[1]))
		}
	}
	return message
}

// excerpt shows the line with a caret under the column.
func excerpt(source []byte, line, column int) string {
	lines := strings.Split(string(source), "\n")
	if line < 1 || line > len(lines) {
		return ""
	}
	return lines[line-1] + "\n" + strings.Repeat(" ", max(0, column-1)) + "^"
}

func parseCount(s string) (int, bool) {
	n, err := strconv.Atoi(s)
	return n, err == nil && n > 0
}
