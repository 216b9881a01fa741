package agreementfile

import (
	"errors"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"concord/agreement"
)

// Text is a scalar of a YAML file and its place, so that what is found wrong later can still be shown where it stands; the
// zero Text was not given. Configurations, fault files and cases are structs of them, read by Decode.
type Text struct {
	Value        string
	Line, Column int
}

// UnmarshalYAML takes any scalar as it is written.
func (t *Text) UnmarshalYAML(node ast.Node) error {
	switch n := node.(type) {
	case *ast.MappingNode, *ast.MappingValueNode, *ast.SequenceNode:
		return &yaml.SyntaxError{Message: "one value is expected here, not a list or a mapping", Token: node.GetToken()}
	case *ast.LiteralNode:
		t.Value = n.Value.Value
	case *ast.NullNode:
		return &yaml.SyntaxError{Message: "a value is missing here", Token: node.GetToken()}
	default:
		t.Value = node.GetToken().Value
	}
	at := node.GetToken().Position
	t.Line, t.Column = at.Line, at.Column
	return nil
}

// Given reports whether the file has the scalar.
func (t Text) Given() bool { return t.Line > 0 }

// Pos returns its place.
func (t Text) Pos(file string) agreement.Pos {
	return agreement.Pos{File: file, Line: t.Line, Column: t.Column}
}

// Decode decodes YAML into a struct and refuses unknown fields. The library panics on some malformed documents; whoever
// wrote one is told so as of any other mistake of form.
func Decode(doc []byte, into any) (err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("this is not well-formed YAML")
		}
	}()
	return yaml.UnmarshalWithOptions(doc, into, yaml.Strict())
}
