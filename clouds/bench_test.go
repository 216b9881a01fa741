package clouds_test

import (
	"bytes"
	"strings"
	"testing"

	"concord/clouds"
)

func BenchmarkScanRequest(b *testing.B) {
	known := map[string]string{"gpt-5.4": "gpt-5.4"}
	for name, words := range map[string]int{"1KB": 150, "100KB": 16_000} {
		body := []byte(`{"model":"gpt-5.4","messages":[{"role":"user","content":"` + strings.Repeat("hello ", words) + `"}],"stream":true,"temperature":0.2}`)
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := clouds.ScanRequest(clouds.CreateChat, "", body, known); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkEdit(b *testing.B) {
	body := []byte(`{"model":"gpt-5.4","messages":[{"role":"user","content":"` + strings.Repeat("hello ", 150) + `"}],"stream":true,"max_tokens":10}`)
	s, err := clouds.ScanRequest(clouds.CreateChat, "", body, nil)
	if err != nil {
		b.Fatal(err)
	}
	e := clouds.Edit{Model: "openai.gpt-5.4", IncludeUsage: true, LimitName: "max_completion_tokens"}
	dst := make([]byte, 0, 2*len(body))
	b.ReportAllocs()
	for b.Loop() {
		dst = e.Append(dst[:0], body, &s)
	}
}

func BenchmarkEvent(b *testing.B) {
	for name, data := range map[string]string{
		"text":  sampleChunk,
		"typed": `{"type":"response.output_text.delta","sequence_number":41,"item_id":"msg_68af4030baa48193b0b43b4c2a176a1a","output_index":0,"content_index":0,"delta":" token","logprobs":[],"obfuscation":"IPio8PDeczEmdPr"}`,
		"usage": `{"id":"x","choices":[],"usage":{"prompt_tokens":12,"completion_tokens":100,"total_tokens":112,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":100,"audio_tokens":0}}}`,
	} {
		b.Run(name, func(b *testing.B) {
			data, c := []byte(data), chat
			if name == "typed" {
				c = call(clouds.CreateResponse)
			}
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				clouds.ReadEvent(c, data, clouds.EventRules{})
			}
		})
	}
}

func BenchmarkSplitter(b *testing.B) {
	const events = 50
	stream := []byte(strings.Repeat("data: "+sampleChunk+"\n\n", events))
	r := bytes.NewReader(stream)
	s := clouds.NewSplitter(r, make([]byte, 4096))
	b.SetBytes(int64(len(stream)))
	b.ReportAllocs()
	for b.Loop() {
		r.Reset(stream)
		s.Reset(r)
		for {
			if _, err := s.Next(); err != nil {
				break
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/events, "ns/event")
}

func BenchmarkScanForm(b *testing.B) {
	body := []byte(strings.Replace(bodies[clouds.CreateTranscription], "ID3", strings.Repeat("\x00\xff\r\n--x", 200_000), 1))
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := clouds.ScanRequest(clouds.CreateTranscription, formType, body, nil); err != nil {
			b.Fatal(err)
		}
	}
}
