package archtest_test

import (
	"go/ast"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// kinds returns the clause kinds that package agreement has: the structs that embed Common, and the word of each.
func kinds(t *testing.T, code *tree) (types []string, words map[string]string) {
	t.Helper()
	words = map[string]string{}
	for _, s := range code.folders["agreement"].code() {
		ast.Inspect(s.tree, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.TypeSpec:
				if st, ok := n.Type.(*ast.StructType); ok && len(st.Fields.List) > 0 && len(st.Fields.List[0].Names) == 0 {
					if embedded, ok := st.Fields.List[0].Type.(*ast.Ident); ok && embedded.Name == "Common" {
						types = append(types, n.Name.Name)
					}
				}
			case *ast.FuncDecl:
				if n.Name.Name == "KindOf" && n.Recv == nil {
					wordsOf(n, words)
				}
			}
			return true
		})
	}
	if len(types) < 6 || len(words) != len(types) {
		t.Fatalf("%d kinds of clauses (%v), and agreement.KindOf has words for %v: add its case", len(types), types, words)
	}
	slices.Sort(types)
	return types, words
}

// wordsOf reads the words of agreement.KindOf.
func wordsOf(fn *ast.FuncDecl, words map[string]string) {
	ast.Inspect(fn, func(n ast.Node) bool {
		c, ok := n.(*ast.CaseClause)
		if !ok || len(c.List) != 1 || len(c.Body) != 1 {
			return true
		}
		ret, ok := c.Body[0].(*ast.ReturnStmt)
		if !ok || len(ret.Results) != 1 {
			return true
		}
		if word, ok := ret.Results[0].(*ast.BasicLit); ok {
			words[kindName(c.List[0])], _ = strconv.Unquote(word.Value)
		}
		return true
	})
}

// kindName returns T of *T and *agreement.T, else "".
func kindName(e ast.Expr) string {
	star, ok := e.(*ast.StarExpr)
	if !ok {
		return ""
	}
	switch x := star.X.(type) {
	case *ast.Ident:
		return x.Name
	case *ast.SelectorExpr:
		if pkg, ok := x.X.(*ast.Ident); ok && pkg.Name == "agreement" {
			return x.Sel.Name
		}
	}
	return ""
}

// TestEverySwitchOverClausesHandlesEveryKind makes the set of clauses closed: a kind that is added to package agreement
// has to be handled, or named as one that needs nothing, wherever clauses are told apart by kind.
func TestEverySwitchOverClausesHandlesEveryKind(t *testing.T) {
	code := load(t)
	types, _ := kinds(t, code)
	switches := 0
	for _, f := range code.sorted() {
		for _, s := range f.code() {
			ast.Inspect(s.tree, func(n ast.Node) bool {
				sw, ok := n.(*ast.TypeSwitchStmt)
				if !ok {
					return true
				}
				var handled []string
				for _, c := range sw.Body.List {
					for _, e := range c.(*ast.CaseClause).List {
						if name := kindName(e); slices.Contains(types, name) {
							handled = append(handled, name)
						}
					}
				}
				if len(handled) == 0 {
					return true
				}
				switches++
				for _, kind := range types {
					if !slices.Contains(handled, kind) {
						t.Errorf("%s: this switch tells clauses apart and does not handle *agreement.%s: add a case, an empty one if there is nothing to do",
							code.fset.Position(sw.Pos()), kind)
					}
				}
				return true
			})
		}
	}
	if switches < 8 {
		t.Errorf("%d switches over clauses were found: canonical bytes, lint, description, view, difference, ledger and settlement each have one", switches)
	}
}

// TestEveryListOfKindsNamesEveryKind does the same for words: the loader's cases, schemas and lists of kinds.
func TestEveryListOfKindsNamesEveryKind(t *testing.T) {
	code := load(t)
	_, words := kinds(t, code)
	for _, f := range code.sorted() {
		for _, s := range f.code() {
			ast.Inspect(s.tree, func(n ast.Node) bool {
				listed := literals(n)
				found := 0
				for _, word := range words {
					if slices.Contains(listed, word) {
						found++
					}
				}
				if found < 4 || found == len(words) {
					return true
				}
				for kind, word := range words {
					if !slices.Contains(listed, word) {
						t.Errorf("%s: this list names kinds of clauses and leaves out %q (agreement.%s)", code.fset.Position(n.Pos()), word, kind)
					}
				}
				return false
			})
		}
	}
	page, err := os.ReadFile(filepath.Join(code.root, "docs", "agreement-format.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range words {
		if !strings.Contains(string(page), "\n## "+word+"\n") {
			t.Errorf("docs/agreement-format.md has no section on %s", word)
		}
		if _, err := os.Stat(filepath.Join(code.root, "agreement", "testdata", "clauses", word+".txtar")); err != nil {
			t.Errorf("no file specifies the clause by cases: %v", err)
		}
	}
}

// literals returns the strings that a node lists: a composite literal's elements or keys, a call's arguments, a switch's
// cases.
func literals(n ast.Node) (all []string) {
	add := func(e ast.Expr) {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			e = kv.Key
		}
		if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if s, err := strconv.Unquote(lit.Value); err == nil {
				all = append(all, s)
			}
		}
	}
	switch n := n.(type) {
	case *ast.CompositeLit:
		for _, e := range n.Elts {
			add(e)
		}
	case *ast.CallExpr:
		for _, e := range n.Args {
			add(e)
		}
	case *ast.SwitchStmt:
		for _, c := range n.Body.List {
			for _, e := range c.(*ast.CaseClause).List {
				add(e)
			}
		}
	}
	return all
}
