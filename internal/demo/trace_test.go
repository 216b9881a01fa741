package demo_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"concord/examples"
	"concord/internal/demo"
)

func TestTrace_columns_may_stand_in_any_order(t *testing.T) {
	rows, err := demo.ReadTrace("t.csv", strings.NewReader(
		"GeneratedTokens,kind,ContextTokens,TIMESTAMP\n9,x,100,2023-11-16 18:15:47.5\n44,x,374,2023-11-16 18:15:46.5\n"))
	if err != nil {
		t.Fatal(err)
	}

	want := []demo.Row{{0, 374, 44}, {time.Second, 100, 9}}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Error(diff)
	}
}

func TestTrace_may_be_compressed(t *testing.T) {
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	w.Write([]byte("TIMESTAMP,ContextTokens,GeneratedTokens\n2024-05-10 00:00:00.009930+00:00,7,8\n"))
	w.Close()

	rows, err := demo.ReadTrace("t.csv.gz", &zipped)

	if err != nil || len(rows) != 1 || rows[0].Context != 7 {
		t.Errorf("got %v, %v", rows, err)
	}
}

func TestTrace_broken_lines_are_named(t *testing.T) {
	head := "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46,1,1\n"
	for name, c := range map[string]struct {
		text string
		line int
		says string
	}{
		"too few fields":    {head + "2023-11-16 18:15:46,5\n", 3, "2 fields"},
		"no number":         {head + "\n2023-11-16 18:15:46,many,5\n", 4, `"many"`},
		"no instant":        {head + "yesterday,5,5\n", 3, `"yesterday"`},
		"nothing generated": {head + "2023-11-16 18:15:46,5,0\n", 3, "GeneratedTokens 0"},
		"bare quote":        {head + "2023-11-16 18:15:46,\"5,5\n", 3, "quote"},
		"column missing":    {"TIMESTAMP,ContextTokens\n", 1, "GeneratedTokens is missing"},
		"empty":             {"", 1, "no header"},
		"only a header":     {"TIMESTAMP,ContextTokens,GeneratedTokens\n", 2, "no request"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := demo.ReadTrace("t.csv", strings.NewReader(c.text))

			broken, ok := errors.AsType[*demo.TraceError](err)
			if !ok || broken.Line != c.line || !strings.Contains(broken.Error(), c.says) || broken.Remedy == "" {
				t.Errorf("got %v, want line %d with %q and a remedy", err, c.line, c.says)
			}
		})
	}
}

func TestTrace_embedded_one_is_whole(t *testing.T) {
	f, err := examples.Files().Open(examples.Trace)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()

	rows, err := demo.ReadTrace(examples.Trace, f)

	if err != nil || len(rows) != 19366 {
		t.Errorf("got %d rows, %v", len(rows), err)
	}
}

func FuzzReadTrace(f *testing.F) {
	f.Add([]byte("TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.6805900,374,44\n"))
	f.Add([]byte("\x1f\x8b"))
	f.Add([]byte("TIMESTAMP,ContextTokens,GeneratedTokens\n\"2023\"\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		rows, err := demo.ReadTrace("t.csv", bytes.NewReader(text))
		if err != nil {
			if broken, ok := errors.AsType[*demo.TraceError](err); !ok || broken.Line < 1 {
				t.Fatalf("an error without a place: %v", err)
			}
			return
		}
		for i, row := range rows {
			if row.Context < 1 || row.Generated < 1 || row.At < 0 || i > 0 && row.At < rows[i-1].At {
				t.Fatalf("row %d is %+v", i, row)
			}
		}
	})
}
