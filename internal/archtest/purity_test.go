package archtest_test

import (
	"go/ast"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// clockCalls read the clock or wait for it.
var clockCalls = []string{"Now", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker", "Since", "Until"}

// seededCalls of math/rand make a source of one's own; all others use the process's.
var seededCalls = []string{"New", "NewSource", "NewPCG", "NewChaCha8", "NewZipf", "Rand", "Source", "Source64", "PCG", "ChaCha8", "Zipf"}

func TestThePureRingsReadNoClockAndDrawNoLots(t *testing.T) {
	code := load(t)
	for _, f := range code.sorted() {
		if !pure(f.path) {
			continue
		}
		for _, s := range f.code() {
			uses(s, func(pkg, name string, pos token.Pos) {
				clock := pkg == "time" && slices.Contains(clockCalls, name)
				lots := (pkg == "math/rand" || pkg == "math/rand/v2") && !slices.Contains(seededCalls, name) || pkg == "crypto/rand"
				if clock || lots {
					t.Errorf("%s: %s.%s: time and randomness are arguments in rings 0 to 2 and simulate, so that every decision can be computed again",
						code.fset.Position(pos), pkg, name)
				}
			})
		}
	}
}

func TestNoFloatIsNearMoney(t *testing.T) {
	code := load(t)
	report := func(pos token.Pos, what string) {
		t.Errorf("%s: %s: money is exact; an amount that went through a binary fraction once is not", code.fset.Position(pos), what)
	}
	for _, f := range code.sorted() {
		if !within(f.path, "money", "usage", "pricing", "agreement", "ledger", "settlement") {
			continue
		}
		for _, s := range f.code() {
			ast.Inspect(s.tree, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.Ident:
					if slices.Contains([]string{"float32", "float64", "complex64", "complex128"}, n.Name) {
						report(n.Pos(), n.Name)
					}
				case *ast.BasicLit:
					if n.Kind == token.FLOAT && strings.Contains(n.Value, ".") || n.Kind == token.IMAG {
						report(n.Pos(), n.Value)
					}
				}
				return true
			})
			uses(s, func(pkg, name string, pos token.Pos) {
				limit := strings.HasPrefix(name, "Max") || strings.HasPrefix(name, "Min")
				if pkg == "math" && (!limit || strings.Contains(name, "Float") || name == "Max" || name == "Min") ||
					pkg == "strconv" && strings.Contains(name, "Float") || pkg == "math/big" && strings.Contains(name, "Float") {
					report(pos, pkg+"."+name)
				}
			})
		}
	}
}

// uses calls found for every name that a file takes from an imported package.
func uses(s source, found func(pkg, name string, pos token.Pos)) {
	packages := make(map[string]string) // name in the file -> import path
	for _, spec := range s.tree.Imports {
		full, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		short := full[strings.LastIndexByte(full, '/')+1:]
		if full == "math/rand/v2" {
			short = "rand"
		}
		if spec.Name != nil {
			short = spec.Name.Name
		}
		packages[short] = full
		if short == "." {
			found(full, "(dot import)", spec.Pos())
		}
	}
	ast.Inspect(s.tree, func(n ast.Node) bool {
		if selector, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := selector.X.(*ast.Ident); ok && packages[x.Name] != "" {
				found(packages[x.Name], selector.Sel.Name, selector.Pos())
			}
		}
		return true
	})
}
