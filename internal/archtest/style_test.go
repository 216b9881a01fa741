package archtest_test

import (
	"bytes"
	"go/ast"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// The budgets of style.
const (
	maxFileLines     = 500
	maxFunctionLines = 100
	maxMainLines     = 40
)

func TestFilesAndFunctionsFitAReader(t *testing.T) {
	code := load(t)
	for _, f := range code.sorted() {
		for _, s := range f.files {
			if s.lines > maxFileLines {
				t.Errorf("%s has %d lines, the budget is %d: one concept a file; split it", s.name, s.lines, maxFileLines)
			}
			if s.name == "cmd/concord/main.go" && s.lines > maxMainLines {
				t.Errorf("%s has %d lines, the budget is %d: what it does belongs to internal/cli", s.name, s.lines, maxMainLines)
			}
			for _, d := range s.tree.Decls {
				fn, ok := d.(*ast.FuncDecl)
				if !ok {
					continue
				}
				lines := code.fset.Position(fn.End()).Line - code.fset.Position(fn.Pos()).Line + 1
				if lines > maxFunctionLines {
					t.Errorf("%s: %s has %d lines, the budget is %d: a function fits a screen", code.fset.Position(fn.Pos()), fn.Name.Name, lines, maxFunctionLines)
				}
				if fn.Recv == nil && fn.Name.Name == "init" {
					t.Errorf("%s: init: what runs before main cannot be ordered, tested or refused; call it", code.fset.Position(fn.Pos()))
				}
			}
		}
	}
}

func TestEveryPackageSaysWhatItOwns(t *testing.T) {
	for _, f := range load(t).sorted() {
		documented := false
		for _, s := range f.code() {
			documented = documented || s.tree.Doc != nil
		}
		if !documented {
			t.Errorf("%s has no package comment: say what it owns and what it does not", f.path)
		}
	}
}

func TestEveryExportedNameIsDocumented(t *testing.T) {
	code := load(t)
	for _, f := range code.sorted() {
		for _, s := range f.code() {
			for _, d := range s.tree.Decls {
				for _, name := range undocumented(d) {
					t.Errorf("%s: %s has no comment: a reader should not have to read the body", code.fset.Position(name.Pos()), name.Name)
				}
			}
		}
	}
}

// undocumented returns the exported names of a declaration that no comment covers: its own, its line's or its group's.
func undocumented(d ast.Decl) []*ast.Ident {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && d.Doc == nil && exportedReceiver(d.Recv) {
			return []*ast.Ident{d.Name}
		}
	case *ast.GenDecl:
		if d.Tok == token.IMPORT {
			return nil
		}
		var bare []*ast.Ident
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				if spec.Name.IsExported() && spec.Doc == nil && (d.Doc == nil || d.Lparen.IsValid()) {
					bare = append(bare, spec.Name)
				}
			case *ast.ValueSpec:
				for _, name := range spec.Names {
					if name.IsExported() && spec.Doc == nil && spec.Comment == nil && d.Doc == nil {
						bare = append(bare, name)
					}
				}
			}
		}
		return bare
	}
	return nil
}

// exportedReceiver reports functions, and methods of exported types.
func exportedReceiver(receiver *ast.FieldList) bool {
	if receiver == nil || len(receiver.List) == 0 {
		return true
	}
	kind := receiver.List[0].Type
	for {
		switch k := kind.(type) {
		case *ast.StarExpr:
			kind = k.X
		case *ast.IndexExpr:
			kind = k.X
		case *ast.IndexListExpr:
			kind = k.X
		case *ast.Ident:
			return k.IsExported()
		default:
			return true
		}
	}
}

func TestTheWordIsLicense(t *testing.T) {
	code := load(t)
	other := []byte("lic" + "ence")
	err := filepath.WalkDir(code.root, func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == ".git" || entry.Name() == "bin"):
			return filepath.SkipDir
		case entry.IsDir() || !slices.Contains([]string{".go", ".md", ".yaml", ".txtar"}, filepath.Ext(file)):
			return nil
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if i := bytes.Index(bytes.ToLower(text), other); i >= 0 {
			t.Errorf("%s:%d: one word per idea, and one spelling per word: write license", file, 1+bytes.Count(text[:i], []byte("\n")))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
