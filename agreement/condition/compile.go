package condition

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"
)

// Bounds of a condition. They are what one evaluation can cost: every step is a comparison of two texts at most.
const (
	MaxLength = 2000 // characters
	MaxSteps  = 200  // operators, facts and literals
	maxDepth  = 24
)

// A Problem is something that is wrong with a condition.
type Problem struct {
	Offset  int // in the text, in characters
	Message string
	Remedy  string // what to write instead
}

// A Language reads conditions. Make one for a document that has any: it is the environment of CEL's checker.
type Language struct{ env *cel.Env }

// NewLanguage declares the facts.
func NewLanguage() (*Language, error) {
	options := []cel.EnvOption{
		cel.ParserRecursionLimit(maxDepth), cel.ParserExpressionSizeLimit(MaxLength), cel.ExpressionNodeLimit(4 * MaxSteps),
		cel.EnableMacroCallTracking(),
	}
	for _, name := range Names() {
		kind := cel.StringType
		switch name {
		case Stream:
			kind = cel.BoolType
		case Attributes:
			kind = cel.MapType(cel.StringType, cel.StringType)
		default:
		}
		options = append(options, cel.Variable(string(name), kind))
	}
	env, err := cel.NewEnv(options...)
	if err != nil {
		return nil, fmt.Errorf("declare the facts of conditions: %w", err)
	}
	return &Language{env: env}, nil
}

// Env returns CEL's environment, for those who evaluate the same text by CEL itself.
func (l *Language) Env() *cel.Env { return l.env }

// Compile reads a condition: CEL parses and types it, what is left of CEL's language is refused, and the rest is made into code.
func (l *Language) Compile(text string) (*Condition, []Problem) {
	if n := utf8.RuneCountInString(text); n > MaxLength {
		return nil, []Problem{{0, fmt.Sprintf("the condition has %d characters; %d are admitted", n, MaxLength), "split the clause into several"}}
	}
	if strings.TrimSpace(text) == "" {
		return nil, []Problem{{0, "the condition is empty", "leave when out, or write cloud == \"azure\""}}
	}
	parsed, issues := l.env.Parse(text)
	if problems := fromCEL(text, issues); len(problems) > 0 {
		return nil, problems
	}
	c := &compiler{info: parsed.NativeRep().SourceInfo(), condition: &Condition{text: text}}
	c.admit(parsed.NativeRep().Expr())
	if len(c.problems) > 0 {
		return nil, c.sorted()
	}
	checked, issues := l.env.Check(parsed)
	if problems := fromCEL(text, issues); len(problems) > 0 {
		return nil, problems
	}
	native := checked.NativeRep()
	c.info, c.types = native.SourceInfo(), native
	root := native.Expr()
	if !c.isTruth(root) {
		return nil, []Problem{{c.offset(root), "the condition is " + typeWord(c.types.GetType(root.ID())) + ", and has to be true or false", `compare it: cloud == "azure"`}}
	}
	c.condition.root = c.test(root)
	if len(c.problems) > 0 {
		return nil, c.sorted()
	}
	slices.SortStableFunc(c.condition.literals, func(a, b Literal) int { return a.Offset - b.Offset })
	slices.SortStableFunc(c.condition.uses, func(a, b Use) int { return a.Offset - b.Offset })
	slices.Sort(c.condition.attributes)
	c.condition.attributes = slices.Compact(c.condition.attributes)
	return c.condition, nil
}

// fromCEL puts what CEL says into our words. Of errors of form only the first is told: a slip makes a parser stumble again.
func fromCEL(text string, issues *cel.Issues) (problems []Problem) {
	if issues == nil || issues.Err() == nil {
		return nil
	}
	for _, e := range issues.Errors() {
		p := Problem{Offset: runeOffset(text, e.Location)}
		if message, ok := strings.CutPrefix(e.Message, "Syntax error: "); ok {
			p.Message, p.Remedy = syntax(message)
			return append(problems, p)
		}
		p.Message, p.Remedy = mistake(e.Message)
		problems = append(problems, p)
		if len(problems) == maxProblems {
			break
		}
	}
	return problems
}

const maxProblems = 5

func syntax(message string) (said, remedy string) {
	remedy = `write it like cloud == "azure" && !stream`
	rest, unreadable := strings.CutPrefix(message, "token recognition error at: '")
	_, rejected, _ := strings.Cut(message, " input '")
	rejected, _, _ = strings.Cut(rejected, "'")
	switch {
	case unreadable && strings.HasPrefix(rest, "="):
		return "one = compares nothing", "write =="
	case unreadable && (strings.HasPrefix(rest, `"`) || strings.HasPrefix(rest, "'")):
		return "the text that begins here is not closed", `write it in quotes: "azure"`
	case unreadable:
		return fmt.Sprintf("%s cannot stand here", strings.TrimSuffix(rest, "'")), remedy
	case rejected == "<EOF>":
		return "the condition breaks off here", remedy
	case rejected == "and":
		return "and is no word of a condition", "write &&"
	case rejected == "or":
		return "or is no word of a condition", "write ||"
	case rejected == "not":
		return "not is no word of a condition", "write !"
	case rejected != "":
		return rejected + " is not expected here", remedy
	}
	return message, remedy
}

func mistake(message string) (said, remedy string) {
	if name, ok := strings.CutPrefix(message, "undeclared reference to '"); ok {
		name, _, _ = strings.Cut(name, "'")
		return fmt.Sprintf("there is no fact %q", name), "use one of " + factList()
	}
	rest, ok := strings.CutPrefix(message, "found no matching overload for '")
	if !ok {
		return message, `write it like cloud == "azure" && !stream`
	}
	operator, sides, _ := strings.Cut(rest, "' applied to '")
	words := strings.NewReplacer("map(string, string)", "attributes", "list(string)", "a list", "string", "a text", "bool", "true or false", "(", "", ")", "", "'", "", ".", ", ")
	return fmt.Sprintf("%s does not take these: %s", strings.Trim(operator, "_@"), words.Replace(sides)),
		`compare texts with texts in quotes, such as cloud == "azure"; stream and what && and || join are true or false`
}

func factList() string {
	var names []string
	for _, n := range Names() {
		names = append(names, string(n))
	}
	return strings.Join(names, ", ")
}

// runeOffset turns a line and column of the text into an offset.
func runeOffset(text string, at common.Location) int {
	if at == nil || at.Line() < 1 {
		return 0
	}
	offset := 0
	for i, line := range strings.SplitAfter(text, "\n") {
		if i+1 == at.Line() {
			return offset + min(max(at.Column(), 0), utf8.RuneCountInString(line))
		}
		offset += utf8.RuneCountInString(line)
	}
	return offset
}

// A compiler makes a condition of a checked tree.
type compiler struct {
	info      *ast.SourceInfo
	types     *ast.AST
	condition *Condition
	problems  []Problem
	steps     int
}

func (c *compiler) offset(e ast.Expr) int {
	r, ok := c.info.GetOffsetRange(e.ID())
	if !ok {
		return 0
	}
	at := int(r.Start)
	if e.Kind() == ast.CallKind { // CEL places a function at its parenthesis
		name := e.AsCall().FunctionName()
		if runes := []rune(c.condition.text); at < len(runes) && runes[at] == '(' && at >= len(name) && string(runes[at-len(name):at]) == name {
			return at - len(name)
		}
	}
	return at
}

func (c *compiler) report(e ast.Expr, remedy, format string, args ...any) {
	c.problems = append(c.problems, Problem{c.offset(e), fmt.Sprintf(format, args...), remedy})
}

func (c *compiler) sorted() []Problem {
	slices.SortStableFunc(c.problems, func(a, b Problem) int { return a.Offset - b.Offset })
	return c.problems
}

// admit refuses what is CEL and no part of the language, before the checker stumbles over it.
func (c *compiler) admit(e ast.Expr) {
	if c.steps++; c.steps > MaxSteps {
		if c.steps == MaxSteps+1 {
			c.report(e, "split the clause into several", "the condition has more than %d steps", MaxSteps)
		}
		return
	}
	switch e.Kind() {
	case ast.CallKind:
		c.admitCall(e)
	case ast.ListKind:
		for _, item := range e.AsList().Elements() {
			if item.Kind() != ast.LiteralKind || item.AsLiteral().Type() != types.StringType {
				c.report(item, `write texts in quotes: cloud in ["azure", "aws"]`, "a list holds texts only")
			}
			c.steps++
		}
	case ast.LiteralKind:
		if t := e.AsLiteral().Type(); t != types.StringType && t != types.BoolType {
			c.report(e, "compare texts; amounts and rates stand in fields of a clause", "%v is no text, and facts are texts, true or false", e.AsLiteral().Value())
		}
	case ast.SelectKind:
		s := e.AsSelect()
		if s.Operand().Kind() != ast.IdentKind || s.Operand().AsIdent() != string(Attributes) {
			c.report(e, `write attributes.NAME, or product == "owner/model"`, "only attributes have parts, and this asks for .%s of something else", s.FieldName())
			return
		}
		c.admit(s.Operand())
	case ast.ComprehensionKind:
		c.report(e, `write the cases out: cloud in ["azure", "aws"]`, "conditions have no loops: all, exists, exists_one, map and filter are not admitted")
	case ast.MapKind, ast.StructKind:
		c.report(e, `compare facts with texts: cloud == "azure"`, "a condition makes no maps and no messages")
	case ast.IdentKind, ast.UnspecifiedExprKind:
	}
}

func (c *compiler) admitCall(e ast.Expr) {
	call := e.AsCall()
	name := call.FunctionName()
	switch name {
	case operators.LogicalAnd, operators.LogicalOr, operators.LogicalNot, operators.Equals, operators.NotEquals, operators.Less,
		operators.In, operators.Index, overloads.StartsWith:
	case operators.Conditional:
		c.report(e, "write (A && B) || (!A && C)", "a condition has no ?:")
		return
	case operators.Greater, operators.GreaterEquals, operators.LessEquals:
		c.report(e, "write a < b, or !(a < b)", "a condition compares by ==, != and < only")
		return
	case operators.Add, operators.Subtract, operators.Multiply, operators.Divide, operators.Modulo, operators.Negate:
		c.report(e, "compare texts; amounts and rates stand in fields of a clause", "a condition has no arithmetic")
		return
	case overloads.Matches, overloads.Contains, overloads.EndsWith:
		c.report(e, `write product.startsWith("openai/"), or list the values with in`, "%s is not admitted in a condition", name)
		return
	case overloads.TypeConvertTimestamp, overloads.TypeConvertDuration:
		c.report(e, "state the date by an amendment's effective, or by from and until of the clause", "a condition does not ask for the time: %s is not admitted", name)
		return
	default:
		if strings.HasPrefix(name, "get") || name == "now" {
			c.report(e, "state the date by an amendment's effective, or by from and until of the clause", "a condition does not ask for the time: %s is not admitted", name)
			return
		}
		c.report(e, "use ==, !=, <, in, startsWith, &&, || and !", "%s is not admitted in a condition", strings.Trim(name, "_@"))
		return
	}
	if call.IsMemberFunction() {
		c.admit(call.Target())
	}
	for _, arg := range call.Args() {
		c.admit(arg)
	}
}

func typeWord(t *types.Type) string {
	switch t.Kind() {
	case types.StringKind:
		return "a text"
	case types.ListKind:
		return "a list"
	case types.MapKind:
		return "a map"
	default:
		return "of type " + t.String()
	}
}
