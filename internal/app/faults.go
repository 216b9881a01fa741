package app

import (
	"strconv"
	"strings"
	"time"

	"concord/agreement"
	"concord/agreement/agreementfile"
	"concord/clouds/behaviour"
)

// faultsDocument is a faults file:
//
//	faults:
//	  - {kind: down, from: 10s, until: 20s}
//	  - {kind: throttle, retry_after: 2s, every: 3}
//	  - {kind: cut, after: 40, first: 100, last: 200}
//	  - {kind: status, status: 500, share: 5, seed: 7}
type faultsDocument struct {
	Faults []struct {
		Kind       text `yaml:"kind"`
		Status     text `yaml:"status"`
		RetryAfter text `yaml:"retry_after"`
		After      text `yaml:"after"`
		Delay      text `yaml:"delay"`
		From       text `yaml:"from"`
		Until      text `yaml:"until"`
		First      text `yaml:"first"`
		Last       text `yaml:"last"`
		Every      text `yaml:"every"`
		Share      text `yaml:"share"`
		Seed       text `yaml:"seed"`
		Percent    text `yaml:"percent"`
		Form       text `yaml:"retry_form"`
	} `yaml:"faults"`
}

// LoadFaults reads a faults file.
func LoadFaults(path string, src Source) (behaviour.Faults, error) {
	source, err := src.Read(path)
	if err != nil {
		return nil, unreadable("faults-file", agreement.Pos{File: path}, "the faults file", path, err)
	}
	return ParseFaults(path, source)
}

// ParseFaults reads the bytes of a faults file; name is used in positions.
func ParseFaults(name string, source []byte) (behaviour.Faults, error) {
	var doc faultsDocument
	if err := agreementfile.Decode(source, &doc); err != nil {
		return nil, &Invalid{"faults file", []agreement.Finding{*formFinding(name, source, err)}}
	}
	l := &loader{source: source, config: &Config{File: name}}
	var faults behaviour.Faults
	for _, d := range doc.Faults {
		kind, ok := behaviour.ParseKind(d.Kind.Value)
		if !ok {
			l.reject("faults-kind", d.Kind, "use one of: "+strings.Join(behaviour.Kinds(), ", "), "%q is no fault", d.Kind.Value)
			continue
		}
		f := behaviour.Fault{
			Kind: kind, Status: int(l.count(d.Status)), RetryAfter: l.span(d.RetryAfter), After: l.count(d.After), Delay: l.span(d.Delay),
			From: l.span(d.From), Until: l.span(d.Until), First: l.count(d.First), Last: l.count(d.Last), Every: l.count(d.Every),
			Share: l.count(d.Share), Seed: uint64(l.count(d.Seed)), Percent: l.count(d.Percent),
		}
		switch d.Form.Value {
		case "", "seconds":
		case "milliseconds":
			f.Milliseconds = true
		default:
			l.reject("faults-retry-form", d.Form, "use one of: seconds, milliseconds", "%q is no form of a pause", d.Form.Value)
		}
		if err := f.Check(); err != nil && !HasErrors(l.findings) {
			l.reject("faults-incomplete", d.Kind, "see docs/clouds.md for what each fault takes", "%v", err)
		}
		faults = append(faults, f)
	}
	if HasErrors(l.findings) {
		return nil, &Invalid{"faults file", l.findings}
	}
	return faults, nil
}

func (l *loader) span(t text) int64 {
	if !t.Given() {
		return 0
	}
	d, err := time.ParseDuration(t.Value)
	if err != nil || d < 0 {
		l.reject("faults-duration", t, "write a number with its unit, such as 500ms or 10s", "%q is not a duration", t.Value)
	}
	return int64(d)
}

func (l *loader) count(t text) int64 {
	if !t.Given() {
		return 0
	}
	n, err := strconv.ParseInt(t.Value, 10, 32)
	if err != nil || n < 0 {
		l.reject("faults-number", t, "write a whole number", "%q is not a number", t.Value)
	}
	return n
}
