package clouds_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"concord/clouds"
)

func edited(t interface{ Fatal(...any) }, body string, e clouds.Edit) string {
	s, err := clouds.ScanRequest(clouds.CreateChat, "", []byte(body), nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(e.Append(nil, []byte(body), &s))
}

func TestEditChangesOnlyWhatItNames(t *testing.T) {
	t.Parallel()
	usage := clouds.Edit{IncludeUsage: true}
	for _, row := range []struct {
		name, body string
		edit       clouds.Edit
		want       string
	}{
		{"model", `{ "model" : "a", "x":1 }`, clouds.Edit{Model: `b"c`}, `{ "model" : "b\"c", "x":1 }`},
		{"model that is missing", `{"x":1}`, clouds.Edit{Model: "b"}, `{"model":"b","x":1}`},
		{"model of an empty object", `{}`, clouds.Edit{Model: "b"}, `{"model":"b"}`},
		{"usage, no options", `{"x":1}`, usage, `{"stream_options":{"include_usage":true},"x":1}`},
		{"usage, options null", `{"stream_options": null}`, usage, `{"stream_options": {"include_usage":true}}`},
		{"usage, options empty", `{"stream_options":{ }}`, usage, `{"stream_options":{"include_usage":true}}`},
		{"usage false", `{"stream_options":{"a":1,"include_usage":false}}`, usage, `{"stream_options":{"a":1,"include_usage":true}}`},
		{"usage not among the options", `{"stream_options":{"a":1}}`, usage, `{"stream_options":{"include_usage":true,"a":1}}`},
		{"usage true", `{"stream_options":{"include_usage":true}}`, usage, `{"stream_options":{"include_usage":true}}`},
		{"limit", `{"max_tokens":5}`, clouds.Edit{LimitName: "max_completion_tokens"}, `{"max_completion_tokens":5}`},
		{"no limit", `{"x":5}`, clouds.Edit{LimitName: "max_completion_tokens"}, `{"x":5}`},
		{"drop first", `{"user":"u", "x":1}`, clouds.Edit{Drop: clouds.FieldUser}, `{"x":1}`},
		{"drop last", `{"x":1, "user":"u" }`, clouds.Edit{Drop: clouds.FieldUser}, `{"x":1}`},
		{"drop all", `{"user":"u","store":true}`, clouds.Edit{Drop: clouds.FieldUser | clouds.FieldStore}, `{}`},
		{"drop, model and usage", `{"user":"u","model":"a","store":true,"max_tokens":1}`,
			clouds.Edit{Model: "b", IncludeUsage: true, Drop: clouds.FieldUser | clouds.FieldStore, LimitName: "max_completion_tokens"},
			`{"stream_options":{"include_usage":true},"model":"b","max_completion_tokens":1}`},
	} {
		t.Run(row.name, func(t *testing.T) {
			if d := cmp.Diff(row.want, edited(t, row.body, row.edit)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestEditedBodyDiffersByTheEditAlone(t *testing.T) {
	t.Parallel()
	members := []string{`"model":"a"`, `"messages":[{"content":"x, \"y\""}]`, `"stream":true`, `"user":"u"`, `"store":false`, `"metadata":{"a":["}"]}`,
		`"stream_options":null`, `"stream_options":{}`, `"stream_options":{"include_usage":false,"b":{}}`, `"max_tokens":7`,
		`"max_completion_tokens":8`, `"odd \u006d":[1,2]`}
	rapid.Check(t, func(t *rapid.T) {
		picked := rapid.SliceOfNDistinct(rapid.SampledFrom(members), 0, -1, func(s string) string {
			key, _, _ := strings.Cut(s, ":")
			if strings.Contains(key, "max_") {
				return "limit"
			}
			return key
		}).Draw(t, "members")
		space := rapid.SampledFrom([]string{"", " ", "\n\t"}).Draw(t, "space")
		body := "{" + space + strings.Join(picked, space+","+space) + space + "}"
		e := clouds.Edit{
			Model:        rapid.SampledFrom([]string{"", "b", "quote\"\x01"}).Draw(t, "model"),
			IncludeUsage: rapid.Bool().Draw(t, "usage"),
			LimitName:    rapid.SampledFrom([]string{"", "max_tokens", "max_completion_tokens"}).Draw(t, "limit"),
			Drop:         clouds.Fields(rapid.SampledFrom([]clouds.Fields{0, clouds.FieldUser, clouds.FieldStore | clouds.FieldMetadata}).Draw(t, "drop")),
		}
		var want, got map[string]any
		if err := json.Unmarshal([]byte(body), &want); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(edited(t, body, e)), &got); err != nil {
			t.Fatal(err)
		}
		apply(want, e)
		if d := cmp.Diff(want, got); d != "" {
			t.Fatal(d)
		}
	})
}

// apply makes the edit on decoded members.
func apply(m map[string]any, e clouds.Edit) {
	if e.Model != "" {
		m["model"] = e.Model
	}
	for f := clouds.Fields(1); f != 0; f <<= 1 {
		if name := f.First(); e.Drop&f != 0 {
			delete(m, name)
		}
	}
	if e.IncludeUsage {
		options, _ := m["stream_options"].(map[string]any)
		if options == nil {
			options = map[string]any{}
		}
		options["include_usage"] = true
		m["stream_options"] = options
	}
	for _, name := range []string{"max_tokens", "max_completion_tokens"} {
		if v, ok := m[name]; ok && e.LimitName != "" {
			delete(m, name)
			m[e.LimitName] = v
			break
		}
	}
}
