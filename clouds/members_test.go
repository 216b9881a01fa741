package clouds_test

import (
	"bytes"
	"encoding/json"
	"mime/multipart"
	"testing"

	"github.com/google/go-cmp/cmp"

	"concord/clouds"
)

func members(op clouds.Operation, contentType, body string) (out []string) {
	clouds.Members(op, contentType, []byte(body), func(name, value []byte, file bool) {
		if file {
			value = []byte("a file")
		}
		out = append(out, string(name)+"="+string(value))
	})
	return out
}

func TestMembersAreToldAsOftenAsTheyAreGiven(t *testing.T) {
	t.Parallel()
	got := members(clouds.GenerateImage, "", `{"prompt":"a","si\u007ae":"auto", "prompt":["b"],"n":{"x":1}}`)
	if diff := cmp.Diff([]string{`prompt="a"`, `size="auto"`, `prompt=["b"]`, `n={"x":1}`}, got); diff != "" {
		t.Error(diff)
	}
}

func TestMembersOfAFormAreItsParts(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	_ = form.WriteField("quality", "high")
	for range 2 {
		file, err := form.CreateFormFile("image[]", "a.png")
		if err != nil {
			t.Fatal(err)
		}
		_, _ = file.Write([]byte{1, 2})
	}
	_ = form.Close()
	got := members(clouds.EditImage, form.FormDataContentType(), b.String())
	if diff := cmp.Diff([]string{"quality=high", "image[]=a file", "image[]=a file"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestElementsCountsThePromptsOfACompletion(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]int64{`"one"`: 1, `["one","two"]`: 2, `[1,2,3]`: 1, `[[1,2],[3]]`: 2, `[]`: 1, `null`: 1, ``: 1} {
		if got := clouds.Elements([]byte(value)); got != want {
			t.Errorf("%s: %d, want %d", value, got, want)
		}
	}
}

func FuzzMembers(f *testing.F) {
	f.Add([]byte(`{"prompt":["a","b"],"n":2}`))
	f.Add([]byte(` {"a":"\u0061\\","b":[[1],"x"]} `))
	f.Fuzz(func(t *testing.T, body []byte) {
		if _, err := clouds.ScanRequest(clouds.CreateCompletion, "", body, nil); err != nil {
			return
		}
		told := 0
		clouds.Members(clouds.CreateCompletion, "", body, func(_, value []byte, _ bool) {
			told++
			if !json.Valid(value) || clouds.Elements(value) < 1 {
				t.Errorf("value %q", value)
			}
		})
		var want map[string]json.RawMessage
		if err := json.Unmarshal(body, &want); err != nil {
			t.Fatal(err)
		}
		if len(want) > told {
			t.Errorf("%d members, encoding/json has %d", told, len(want))
		}
	})
}
