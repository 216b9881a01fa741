package clienttest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// dayOne are the numbers of the behaviours that a platform engineer tries on the first day, of those that a gateway has.
var dayOne = []string{"01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12", "13", "19", "21", "22", "23", "24", "29"}

var behaviour = regexp.MustCompile(`(?m)^func TestBehaviour([0-9]{2})_([A-Za-z0-9_]+)\(`)

func TestEveryDayOneBehaviourHasATestThatTheDocsList(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../gateway/*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range behaviour.FindAllStringSubmatch(string(text), -1) {
			said[m[1]] = strings.ReplaceAll(m[2], "_", " ")
		}
	}
	var b strings.Builder
	b.WriteString("| | the behaviour |\n|---|---|\n")
	for _, number := range dayOne {
		if said[number] == "" {
			t.Errorf("behaviour %s has no test in gateway/", number)
		}
		fmt.Fprintf(&b, "| %s | %s |\n", number, said[number])
		delete(said, number)
	}
	for number := range said {
		if !slices.Contains(dayOne, number) {
			t.Errorf("behaviour %s is not listed", number)
		}
	}
	documented(t, "../../docs/gateway.md", "<!-- made by go test ./internal/clienttest -run DayOne -update -->\n", b.String())
}
