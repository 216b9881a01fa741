package archtest_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

const module = "concord"

// source is one Go file.
type source struct {
	name  string // relative to the repository
	test  bool
	lines int
	tree  *ast.File
}

// folder is one package of the repository.
type folder struct {
	path  string // relative: "clouds/azure"
	files []source
}

// tree is the repository's Go code, read once.
type tree struct {
	root    string
	fset    *token.FileSet
	folders map[string]*folder
}

var read = sync.OnceValues(func() (*tree, error) {
	root, err := repositoryRoot()
	if err != nil {
		return nil, err
	}
	t := &tree{root: root, fset: token.NewFileSet(), folders: make(map[string]*folder)}
	return t, filepath.WalkDir(root, t.visit)
})

func load(t *testing.T) *tree {
	t.Helper()
	code, err := read()
	if err != nil {
		t.Fatal(err)
	}
	if len(code.folders) == 0 {
		t.Fatal("the repository has no Go code below " + code.root)
	}
	return code
}

func repositoryRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", fs.ErrNotExist
		}
		dir = parent
	}
}

// skipped reports folders that hold no code of the module.
func skipped(name string) bool {
	return name == "testdata" || name == "vendor" || len(name) > 1 && (name[0] == '.' || name[0] == '_')
}

func (t *tree) visit(file string, entry fs.DirEntry, err error) error {
	switch {
	case err != nil:
		return err
	case entry.IsDir() && skipped(entry.Name()):
		return filepath.SkipDir
	case entry.IsDir() || !strings.HasSuffix(file, ".go"):
		return nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	name, err := filepath.Rel(t.root, file)
	if err != nil {
		return err
	}
	parsed, err := parser.ParseFile(t.fset, filepath.ToSlash(name), text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	dir := path.Dir(filepath.ToSlash(name))
	if t.folders[dir] == nil {
		t.folders[dir] = &folder{path: dir}
	}
	t.folders[dir].files = append(t.folders[dir].files, source{
		name: filepath.ToSlash(name), test: strings.HasSuffix(name, "_test.go"), lines: bytes.Count(text, []byte("\n")), tree: parsed,
	})
	return nil
}

// sorted returns the folders by path.
func (t *tree) sorted() []*folder {
	var all []*folder
	for _, f := range t.folders {
		all = append(all, f)
	}
	slices.SortFunc(all, func(a, b *folder) int { return strings.Compare(a.path, b.path) })
	return all
}

// code returns the files that are compiled into the program.
func (f *folder) code() []source {
	return slices.DeleteFunc(slices.Clone(f.files), func(s source) bool { return s.test })
}

// imports returns what a folder's code imports, with the file that does.
func (f *folder) imports() map[string]string {
	found := make(map[string]string)
	for _, s := range f.code() {
		for _, spec := range s.tree.Imports {
			if name, err := strconv.Unquote(spec.Path.Value); err == nil {
				found[name] = s.name
			}
		}
	}
	return found
}

// own returns the folder that an import path names within the module.
func own(importPath string) (string, bool) { return strings.CutPrefix(importPath, module+"/") }

// within reports whether a path is one of the folders or below one.
func within(name string, folders ...string) bool {
	return slices.ContainsFunc(folders, func(f string) bool { return name == f || strings.HasPrefix(name, f+"/") })
}
