package emulator

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"concord/clouds/behaviour"
)

// ParseFaults reads a fault file, a YAML list with one entry per fault:
//
//   - {fault: throttle, retry_after: 2s, from: 10s, until: 20s}
//   - {fault: cut, after: 40, requests: 100-200, every: 10}
//
// Errors name file, line and column; all of them are reported, not the first only.
func ParseFaults(file string, data []byte) (behaviour.Faults, error) {
	tree, err := parser.ParseBytes(data, 0)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if len(tree.Docs) != 1 || tree.Docs[0].Body == nil {
		return nil, fmt.Errorf("%s: expected one list of faults, such as: - {fault: throttle, retry_after: 2s}", file)
	}
	list, ok := tree.Docs[0].Body.(*ast.SequenceNode)
	if !ok {
		return nil, at(file, tree.Docs[0].Body, "expected a list of faults, such as: - {fault: throttle, retry_after: 2s}")
	}
	var faults behaviour.Faults
	var problems []error
	for _, node := range list.Values {
		f, err := parseFault(file, node)
		problems = append(problems, err)
		faults = append(faults, f)
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return faults, nil
}

func at(file string, node ast.Node, format string, args ...any) error {
	p := node.GetToken().Position
	return fmt.Errorf("%s:%d:%d: %s", file, p.Line, p.Column, fmt.Sprintf(format, args...))
}

func parseFault(file string, node ast.Node) (behaviour.Fault, error) {
	var f behaviour.Fault
	m, ok := node.(ast.MapNode)
	if !ok {
		return f, at(file, node, "expected a fault with its members, such as: {fault: throttle, retry_after: 2s}")
	}
	var problems []error
	seen, down := map[string]ast.Node{}, ""
	for it := m.MapRange(); it.Next(); {
		key := it.Key().String()
		seen[key] = it.Value()
		value := scalar(it.Value())
		if key == "down" {
			key, down = "fault", value
			if value == "503" {
				value = "down"
			}
		}
		if err := setFault(&f, key, value); err != nil {
			problems = append(problems, at(file, it.Value(), "%v", err))
		}
	}
	if down != "" && down != "reset" && down != "503" {
		problems = append(problems, at(file, seen["down"], "down is %q, expected reset or 503", down))
	}
	if f.Kind == behaviour.None && len(problems) == 0 {
		problems = append(problems, at(file, node, "no fault named, expected fault: and one of %s", strings.Join(behaviour.Kinds(), ", ")))
	}
	problems = append(problems, needs(file, node, &f)...)
	return f, errors.Join(problems...)
}

// needs reports what a kind of fault cannot do without.
func needs(file string, node ast.Node, f *behaviour.Fault) []error {
	var problems []error
	if f.Kind == behaviour.Status && (f.Status < 400 || f.Status > 599) {
		problems = append(problems, at(file, node, "fault status needs status: between 400 and 599, has %d", f.Status))
	}
	if (f.Kind == behaviour.Latency || f.Kind == behaviour.Slow) && f.Delay == 0 {
		problems = append(problems, at(file, node, "fault %s needs delay:, such as 500ms", f.Kind))
	}
	if f.Until > 0 && f.Until <= f.From {
		problems = append(problems, at(file, node, "until is not after from"))
	}
	return problems
}

func scalar(n ast.Node) string {
	var v any
	if err := yaml.NodeToValue(n, &v); err != nil || v == nil {
		return string(bytes.TrimSpace([]byte(n.String())))
	}
	return fmt.Sprint(v)
}

func setFault(f *behaviour.Fault, key, value string) (err error) {
	switch key {
	case "fault":
		kind, ok := behaviour.ParseKind(value)
		if !ok {
			return fmt.Errorf("unknown fault %q, expected one of %s", value, strings.Join(behaviour.Kinds(), ", "))
		}
		f.Kind = kind
	case "status":
		n, err := count(key, value)
		f.Status = int(n)
		return err
	case "after":
		f.After, err = count(key, value)
	case "every":
		f.Every, err = count(key, value)
	case "retry_after":
		f.RetryAfter, err = duration(key, value)
	case "delay":
		f.Delay, err = duration(key, value)
	case "from":
		f.From, err = duration(key, value)
	case "until":
		f.Until, err = duration(key, value)
	case "requests":
		from, to, ok := strings.Cut(value, "-")
		if f.First, err = count(key, from); err != nil {
			return err
		}
		if f.Last = f.First; ok {
			f.Last, err = count(key, to)
		}
		if err == nil && (f.First < 1 || f.Last < f.First) {
			return fmt.Errorf("requests is %q, expected a range such as 100-200, counted from 1", value)
		}
	default:
		return fmt.Errorf("unknown member %q, expected fault, down, status, after, every, retry_after, delay, from, until or requests", key)
	}
	return err
}

func count(key, value string) (int64, error) {
	n, err := strconv.ParseInt(strings.TrimSpace(value), 10, 32)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%s is %q, expected a whole number", key, value)
	}
	return n, nil
}

func duration(key, value string) (int64, error) {
	d, err := time.ParseDuration(value)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%s is %q, expected a duration such as 500ms or 2s", key, value)
	}
	return int64(d), nil
}
