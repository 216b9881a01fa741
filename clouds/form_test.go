package clouds_test

import (
	"bytes"
	"errors"
	"io"
	"mime/multipart"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"concord/clouds"
)

// part writes one part of a form; head is its Content-Disposition's parameters.
func part(head, value string) string {
	return "--xx\r\nContent-Disposition: form-data; " + head + "\r\n\r\n" + value + "\r\n"
}

func TestAFormIsScanned(t *testing.T) {
	t.Parallel()
	body := part(`name="file"; filename="a \"b\".wav"`, "RIFF\r\n--x not the boundary") + part(`name="model"`, "gpt-4o-transcribe") +
		part(`name="stream"`, "true") + part(`name="response_format"`, "srt") + part(`name="n"`, "2") +
		part(`name="timestamp_granularities[]"`, "word") + part(`name="timestamp_granularities[]"`, "segment") + "--xx--\r\n"
	s, err := clouds.ScanRequest(clouds.CreateTranscription, formType, []byte(body), nil)
	if err != nil {
		t.Fatal(err)
	}
	got := []any{s.Model, body[s.ModelAt[0]:s.ModelAt[1]], s.Form, s.Stream, s.Format, s.Choices, s.FileBytes}
	if d := cmp.Diff([]any{"gpt-4o-transcribe", "gpt-4o-transcribe", true, true, "srt", int64(2), int64(26)}, got); d != "" {
		t.Error(d)
	}
}

func TestFormsThatCouldBeReadInTwoWaysAreRefused(t *testing.T) {
	t.Parallel()
	model, end := part(`name="model"`, "m"), "--xx--\r\n"
	for name, row := range map[string]struct{ body, want string }{
		"two models":             {model + model + end, "request body: model: given more than once at byte 111"},
		"another case":           {part(`name="Model"`, "m") + end, `request body: Model: unknown member, write "model" at byte 0`},
		"a model that is a file": {part(`name="model"; filename="f"`, "m") + end, "request body: model: expected a value, not a file at byte 68"},
		"stream":                 {part(`name="stream"`, "yes") + end, "request body: stream: expected true or false at byte 55"},
		"n":                      {part(`name="n"`, "1.5") + end, "request body: n: expected a whole number at byte 50"},
		"no end":                 {model, "request body: not a valid form: it ends inside a part at byte 57"},
		"a name in two forms":    {part(`name="a"; name*=UTF-8''model`, "m") + end, "request body: not a valid form: the head of a part is not understood at byte 6"},
		"no name":                {part(`filename="f"`, "m") + end, "request body: not a valid form: the head of a part is not understood at byte 6"},
		"no head":                {"--xx\r\n\r\nm\r\n" + end, "request body: not a valid form: a part without a name at byte 0"},
		"two heads":              {"--xx\r\nContent-Disposition: form-data; name=\"a\"\r\ncontent-disposition: form-data; name=\"model\"\r\n\r\nm\r\n" + end, "request body: not a valid form: the head of a part is not understood at byte 48"},
		"a head over two lines":  {"--xx\r\nContent-Disposition: form-data;\r\n name=\"model\"\r\n\r\nm\r\n" + end, "request body: not a valid form: the head of a part is not understood at byte 6"},
		"an encoding":            {"--xx\r\nContent-Disposition: form-data; name=\"a\"\r\nContent-Transfer-Encoding: base64\r\n\r\nbQ==\r\n" + end, "request body: not a valid form: the head of a part is not understood at byte 48"},
		"bare line ends":         {strings.ReplaceAll(model+end, "\r\n", "\n"), "request body: not a valid form: a boundary without a line end at byte 4"},
		"another boundary":       {"--yy" + end, "request body: not a form: it does not begin with its boundary at byte 0"},
		"something after it":     {model + end + model, "request body: not a valid form: something follows the end of the form at byte 63"},
		"nothing":                {"", "request body: not a form: it does not begin with its boundary at byte 0"},
	} {
		_, err := clouds.ScanRequest(clouds.EditImage, formType, []byte(row.body), nil)
		if _, ok := errors.AsType[*clouds.BodyError](err); !ok {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if d := cmp.Diff(row.want, err.Error()); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
	if _, err := clouds.ScanRequest(clouds.EditImage, "multipart/form-data", []byte(model+end), nil); err == nil {
		t.Error("a form without a boundary was read")
	}
	if _, err := clouds.ScanRequest(clouds.CreateChat, formType, []byte(model+end), nil); err == nil {
		t.Error("a form was read where none is taken")
	}
}

// values reads a form with the standard library: name to value, files by their size.
func values(t interface {
	Fatalf(string, ...any)
}, body []byte, boundary string) map[string]string {
	got, r := map[string]string{}, multipart.NewReader(bytes.NewReader(body), boundary)
	for {
		p, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			return got
		}
		if err != nil {
			t.Fatalf("not a form any more: %v", err)
			return got
		}
		value, err := io.ReadAll(p)
		if err != nil {
			t.Fatalf("not a form any more: %v", err)
			return got
		}
		if p.FileName() != "" {
			value = strconv.AppendInt(nil, int64(len(value)), 10)
		}
		got[p.FormName()] = string(value)
	}
}

func TestAnEditedFormDiffersByItsModelAlone(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var body bytes.Buffer
		w := multipart.NewWriter(&body)
		file := rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, "file")
		f, err := w.CreateFormFile("file", rapid.SampledFrom([]string{"a.mp3", `b"c.wav`, "ü.ogg"}).Draw(t, "name"))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = f.Write(file)
		model := rapid.SampledFrom([]string{"", "whisper-1"}).Draw(t, "model")
		for name, value := range map[string]string{"model": model, "prompt": rapid.StringMatching(`[a-z -]{0,20}`).Draw(t, "prompt")} {
			if value != "" {
				_ = w.WriteField(name, value)
			}
		}
		_ = w.Close()
		s, err := clouds.ScanRequest(clouds.CreateTranscription, w.FormDataContentType(), body.Bytes(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if s.Model != model || s.FileBytes != int64(len(file)) {
			t.Fatalf("model %q, %d bytes in files", s.Model, s.FileBytes)
		}
		want := values(t, body.Bytes(), w.Boundary())
		want["model"] = "theirs"
		edit := clouds.Edit{Model: "theirs"}
		if d := cmp.Diff(want, values(t, edit.Append(nil, body.Bytes(), &s), w.Boundary())); d != "" {
			t.Fatal(d)
		}
	})
}

func FuzzScanForm(f *testing.F) {
	for _, op := range []clouds.Operation{clouds.EditImage, clouds.CreateTranscription, clouds.CreateTranslation} {
		f.Add(formType, []byte(bodies[op]))
	}
	f.Add(`multipart/form-data; boundary="a b"`, []byte("--a b\r\nContent-Disposition: form-data; name=model\r\n\r\nm\r\n--a b--"))
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		before := bytes.Clone(body)
		s, err := clouds.ScanRequest(clouds.CreateTranscription, contentType, body, nil)
		if !bytes.Equal(before, body) {
			t.Fatal("the body was changed in place")
		}
		if err != nil || !s.Form {
			return
		}
		unchanged := clouds.Edit{Model: s.Model}
		if got := unchanged.Append(nil, body, &s); !bytes.Equal(got, body) {
			t.Fatalf("a form that needs no change became %q", got)
		}
		edit := clouds.Edit{Model: "theirs"}
		again, err := clouds.ScanRequest(clouds.CreateTranscription, contentType, edit.Append(nil, body, &s), nil)
		if err != nil || again.Model != "theirs" || again.FileBytes != s.FileBytes || again.Fields != s.Fields|clouds.FieldModel {
			t.Fatalf("after an edit: %v, %+v", err, again)
		}
	})
}
