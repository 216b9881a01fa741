package archtest_test

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"
)

// heights orders the packages from the words at the bottom to main at the top: the tens are the rings of
// docs/architecture.md, the ones order a ring. An import must go strictly down, so packages of one height never import
// each other.
var heights = map[string]int{
	"money": 0, "usage": 0,

	"agreement/condition": 10, "agreement": 11, "agreement/agreementfile": 12,

	"pricing": 20, "delivery": 21, "journal": 22, "journal/events": 23, "ledger": 23, "ledger/export": 24, "settlement": 24, "settlement/focus": 25,
	"clouds/behaviour": 22,

	"clouds":       30,
	"clouds/azure": 31, "clouds/bedrock": 31, "clouds/vertex": 31, "clouds/alibaba": 31, "clouds/openai": 31, "clouds/emulator": 31,
	"clouds/credential": 31, "clouds/tokens": 31, "clouds/upstream": 31,
	"store": 30, "store/sqlite": 31, "store/postgres": 31,

	"report": 40, "gateway": 40, "simulate": 40, "simulate/cases": 41, "web": 41,

	"examples": 49, // data that the demo carries

	"internal/archtest": 50, "internal/proctest": 50, "internal/telemetry": 50, "internal/app": 51, "internal/demo": 52, "internal/cli": 53, "internal/killtest": 54, "internal/figures": 54, "internal/bench": 54, "internal/clienttest": 54, "internal/year": 54,
	"cmd/concord": 60, "examples/year": 60,
}

// helper reports the package of a conformance suite or of test helpers, which lies in its subject's folder: ledger/ledgertest.
// internal/proctest serves tests of the whole program.
func helper(name string) (subject string, ok bool) {
	if name == "internal/proctest" {
		return name, true
	}
	subject = path.Dir(name)
	return subject, path.Base(name) == strings.TrimSuffix(path.Base(subject), "s")+"test"
}

// height returns where a package stands. Only tests import helpers, so these stand at the top of their subject's ring.
func height(name string) (int, bool) {
	if subject, ok := helper(name); ok {
		h, known := heights[subject]
		return h - h%10 + 9, known
	}
	h, known := heights[name]
	return h, known
}

// concrete are the adapters and stores that only the composition root names.
var concrete = []string{
	"clouds/azure", "clouds/bedrock", "clouds/vertex", "clouds/alibaba", "clouds/openai", "store/sqlite", "store/postgres",
}

// faces are what people and programs touch.
var faces = []string{"gateway", "simulate", "report", "web"}

func pure(name string) bool {
	h, known := heights[name]
	return known && h < 30 || within(name, "simulate")
}

func TestEveryPackageHasItsPlace(t *testing.T) {
	for _, f := range load(t).sorted() {
		if _, ok := height(f.path); !ok {
			t.Errorf("%s has no place in the layout: give it a height in internal/archtest and say in docs/architecture.md what it is for", f.path)
		}
	}
}

func TestImportsPointDownOnly(t *testing.T) {
	for _, f := range load(t).sorted() {
		for name, file := range f.imports() {
			target, ok := own(name)
			if !ok {
				continue
			}
			from, _ := height(f.path)
			to, _ := height(target)
			if to >= from {
				t.Errorf("%s: %s imports %s, which does not stand below it: imports point down only, so that a ring can be read, tested and replaced without those above it", file, f.path, target)
			}
			_, also := helper(f.path)
			if _, tests := helper(target); tests && !also {
				t.Errorf("%s imports %s: helpers of tests do not belong into the program", file, target)
			}
		}
	}
}

func TestAnAdapterKnowsItsOwnSystemOnly(t *testing.T) {
	for _, f := range load(t).sorted() {
		for name, file := range f.imports() {
			target, ok := own(name)
			if !ok {
				continue
			}
			if within(f.path, "clouds") && within(target, "store") || within(f.path, "store") && within(target, "clouds") && !pure(target) {
				t.Errorf("%s imports %s: clouds and stores meet in internal/app only, so that either can change alone", file, target)
			}
			if slices.Contains(concrete, target) && !within(f.path, "internal/app", "internal/demo") {
				t.Errorf("%s imports %s: only internal/app (and the demo that it is run by) names concrete adapters and stores; everything else sees the contract", file, target)
			}
			if target == "clouds/emulator" && !within(f.path, "internal", "clouds/cloudtest") {
				t.Errorf("%s imports %s: an emulated cloud is reached over HTTP like any other; only the glue starts one", file, target)
			}
		}
	}
}

func TestFacesDoNotImportEachOther(t *testing.T) {
	for _, f := range load(t).sorted() {
		if !slices.Contains(faces, f.path) {
			continue
		}
		for name, file := range f.imports() {
			target, ok := own(name)
			if ok && slices.Contains(faces, target) && !(f.path == "web" && target == "report") {
				t.Errorf("%s imports %s: a face reads the rings below, not another face; only web renders with report", file, target)
			}
		}
	}
}

// TestThePureRingsReachNoWorld follows the imports of the module's own packages. What a library imports is its own
// business: the YAML parser reaches os without using it for what it is given.
func TestThePureRingsReachNoWorld(t *testing.T) {
	code := load(t)
	for _, f := range code.sorted() {
		if !pure(f.path) {
			continue
		}
		for name, way := range reachable(code, f.path) {
			if worldly(name) {
				t.Errorf("%s reaches %s by way of %s: the same facts must give the same decision and the same books anywhere, so rings 0 to 2 and simulate touch no network, file, process, database or log",
					f.path, name, way)
			}
		}
	}
}

// worldly reports packages through which the outside comes in.
func worldly(name string) bool {
	switch name {
	case "net/url", "net/netip": // text and numbers
		return false
	case "syscall", "unsafe", "C", "plugin", "testing", "golang.org/x/sys", "golang.org/x/term":
		return true
	}
	return within(name, "net", "os", "database/sql", "log", "io/ioutil", "runtime", "golang.org/x/sys")
}

// reachable returns every package that a folder imports, by itself or through packages of the module, with the way.
func reachable(code *tree, from string) map[string]string {
	found := make(map[string]string)
	var walk func(folder, way string)
	walk = func(folder, way string) {
		f := code.folders[folder]
		if f == nil {
			return
		}
		imports := f.imports()
		for _, name := range slices.Sorted(maps.Keys(imports)) {
			if _, seen := found[name]; seen {
				continue
			}
			found[name] = way + imports[name]
			if target, ok := own(name); ok {
				walk(target, found[name]+" -> ")
			}
		}
	}
	walk(from, "")
	return found
}

func TestTheRuleOfTheWorldKnowsWhatItMeans(t *testing.T) {
	var got []string
	for _, name := range []string{"net", "net/http", "net/url", "network", "os", "os/exec", "osmium", "database/sql", "log/slog", "math/bits", "runtime"} {
		got = append(got, fmt.Sprintf("%s %v", name, worldly(name)))
	}
	want := "net true, net/http true, net/url false, network false, os true, os/exec true, osmium false, database/sql true, log/slog true, math/bits false, runtime true"
	if strings.Join(got, ", ") != want {
		t.Errorf("got %s", strings.Join(got, ", "))
	}
}
