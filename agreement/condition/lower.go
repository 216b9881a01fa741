package condition

import (
	"slices"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"
)

func (c *compiler) isTruth(e ast.Expr) bool { return c.types.GetType(e.ID()).Kind() == types.BoolKind }

// test makes code of a part that is true or false.
func (c *compiler) test(e ast.Expr) test {
	switch e.Kind() {
	case ast.LiteralKind:
		return constant(Of(e.AsLiteral() == types.True))
	case ast.IdentKind: // of the facts, stream alone is true or false
		c.use(Stream, e)
		return func(f *Facts) Truth { return f.Stream }
	case ast.SelectKind: // has(attributes.NAME); any other select is a text
		name := e.AsSelect().FieldName()
		c.use(Attributes, e.AsSelect().Operand())
		c.condition.attributes = append(c.condition.attributes, name)
		return has(operand{literal: true, value: name})
	case ast.CallKind:
		return c.call(e)
	default:
		c.report(e, `write it like cloud == "azure" && !stream`, "this is neither true nor false")
		return constant(Unknown)
	}
}

func (c *compiler) call(e ast.Expr) test {
	call := e.AsCall()
	args := call.Args()
	switch call.FunctionName() {
	case operators.LogicalAnd:
		return and(c.test(args[0]), c.test(args[1]))
	case operators.LogicalOr:
		return or(c.test(args[0]), c.test(args[1]))
	case operators.LogicalNot:
		return not(c.test(args[0]))
	case operators.Equals:
		return c.equality(e, args[0], args[1])
	case operators.NotEquals:
		return not(c.equality(e, args[0], args[1]))
	case operators.Less:
		if c.isTruth(args[0]) {
			c.report(e, "compare texts with <, truths with ==", "< does not compare true with false")
			return constant(Unknown)
		}
		x, y := c.operand(args[0]), c.operand(args[1])
		c.compare(x, y, args[1], Literal{Ordered: true})
		c.compare(y, x, args[0], Literal{Ordered: true})
		return less(x, y)
	case overloads.StartsWith:
		x, y := c.operand(call.Target()), c.operand(args[0])
		c.compare(x, y, args[0], Literal{Prefix: true})
		c.compare(y, x, call.Target(), Literal{})
		return begins(x, y)
	case operators.In:
		return c.membership(args[0], args[1])
	}
	c.report(e, "use ==, !=, <, in, startsWith, &&, || and !", "%s is not admitted in a condition", call.FunctionName())
	return constant(Unknown)
}

func (c *compiler) equality(e, a, b ast.Expr) test {
	switch {
	case c.isTruth(a):
		return sameTruth(c.test(a), c.test(b))
	case c.types.GetType(a.ID()).Kind() != types.StringKind:
		c.report(e, `compare one fact with one text: attributes.class == "gov"`, "== compares texts, or truths, and not lists or maps")
		return constant(Unknown)
	}
	x, y := c.operand(a), c.operand(b)
	c.compare(x, y, b, Literal{})
	c.compare(y, x, a, Literal{})
	return equal(x, y)
}

// membership makes TEXT in [TEXT, ...] and "NAME" in attributes.
func (c *compiler) membership(of, in ast.Expr) test {
	if in.Kind() == ast.IdentKind {
		c.use(Attributes, in)
		name := c.operand(of)
		if !name.literal {
			c.report(of, `name one attribute: "class" in attributes`, "the name of an attribute is a text in quotes")
			return constant(Unknown)
		}
		c.condition.attributes = append(c.condition.attributes, name.value)
		return has(name)
	}
	if in.Kind() != ast.ListKind {
		c.report(in, `write a list of texts: cloud in ["azure", "aws"]`, "in looks into a list that stands beside it, or into attributes")
		return constant(Unknown)
	}
	if c.types.GetType(of.ID()).Kind() != types.StringKind {
		c.report(of, `write a fact: cloud in ["azure", "aws"]`, "only texts stand in a list")
		return constant(Unknown)
	}
	x := c.operand(of)
	var list []string
	for _, item := range in.AsList().Elements() {
		y := c.operand(item)
		c.compare(x, y, item, Literal{})
		list = append(list, y.value)
	}
	return among(x, list)
}

// operand makes a part that is a text.
func (c *compiler) operand(e ast.Expr) operand {
	switch e.Kind() {
	case ast.LiteralKind:
		s, _ := e.AsLiteral().Value().(string)
		return operand{literal: true, value: s}
	case ast.IdentKind:
		name := Name(e.AsIdent())
		c.use(name, e)
		return operand{fact: name, get: getter(name)}
	case ast.SelectKind:
		c.use(Attributes, e.AsSelect().Operand())
		return c.attribute(e.AsSelect().FieldName())
	case ast.CallKind:
		if call := e.AsCall(); call.FunctionName() == operators.Index {
			return c.indexed(call)
		}
	default:
	}
	c.report(e, `compare a fact with a text: cloud == "azure"`, "this is no fact and no text")
	return operand{literal: true}
}

// indexed makes attributes["NAME"].
func (c *compiler) indexed(call ast.CallExpr) operand {
	of, key := call.Args()[0], call.Args()[1]
	switch {
	case of.Kind() != ast.IdentKind || Name(of.AsIdent()) != Attributes:
		c.report(of, `write attributes["class"]`, "only attributes are looked up by name")
		return operand{literal: true}
	case key.Kind() != ast.LiteralKind:
		c.report(key, `write attributes["class"]`, "the name of an attribute is a text in quotes")
		return operand{literal: true}
	}
	c.use(Attributes, of)
	name, _ := key.AsLiteral().Value().(string)
	return c.attribute(name)
}

func (c *compiler) attribute(name string) operand {
	c.condition.attributes = append(c.condition.attributes, name)
	return operand{fact: Attributes, attribute: name}
}

// use notes that the condition names a fact.
func (c *compiler) use(n Name, e ast.Expr) {
	at := c.offset(e)
	i := slices.IndexFunc(c.condition.uses, func(u Use) bool { return u.Fact == n })
	switch {
	case i < 0:
		c.condition.uses = append(c.condition.uses, Use{n, at})
	case at < c.condition.uses[i].Offset:
		c.condition.uses[i].Offset = at
	}
}

// compare notes that a fact is compared with a literal.
func (c *compiler) compare(fact, literal operand, e ast.Expr, l Literal) {
	if fact.literal || !literal.literal {
		return
	}
	l.Fact, l.Attribute, l.Value, l.Offset = fact.fact, fact.attribute, literal.value, c.offset(e)
	c.condition.literals = append(c.condition.literals, l)
}
