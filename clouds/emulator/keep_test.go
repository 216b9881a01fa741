package emulator_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"concord/clouds/emulator"
)

func TestACloudKeepsALineOfEachRequest(t *testing.T) {
	var file bytes.Buffer
	keeper := emulator.NewKeeper(&file, nil, func(err error) { t.Error(err) })
	e, err := emulator.New(emulator.Config{
		Cloud: "openai", Models: []emulator.Model{{Name: "gpt-5.4"}}, Keys: []string{"k"}, Seed: 1, Observe: keeper.Keep,
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(e)
	var got []int64
	for _, key := range []string{"k", "wrong"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/v1/chat/completions",
			strings.NewReader(`{"model":"gpt-5.4","messages":[{"role":"user","content":"say it [reply 7 tokens]"}]}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+key)
		r.Header.Set("X-Client-Request-Id", "req_"+key)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, n)
		answer.Body.Close()
	}
	server.Close()

	lines := strings.Split(strings.TrimSpace(file.String()), "\n")
	if len(lines) != 2 {
		t.Fatalf("%d lines: %s", len(lines), file.String())
	}
	for i, want := range []emulator.KeptLine{
		{Cloud: "openai", Operation: "chat", Tier: "default", Request: "req_k", Model: "gpt-5.4", Status: 200, Complete: true, Prompt: 5, Completion: 7, Bytes: got[0]},
		{Cloud: "openai", Request: "req_wrong", Status: 401, Complete: true, Bytes: got[1]},
	} {
		var line emulator.KeptLine
		if err := json.Unmarshal([]byte(lines[i]), &line); err != nil {
			t.Fatal(err)
		}
		if line.Ended.Before(line.Started) || line.Started.IsZero() {
			t.Errorf("from %s until %s", line.Started, line.Ended)
		}
		line.Started, line.Ended = want.Started, want.Ended
		if d := cmp.Diff(want, line); d != "" {
			t.Error(d)
		}
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errBroken }

var errBroken = errors.New("no such disk")

func TestALineThatCannotBeWrittenIsTold(t *testing.T) {
	var told error
	emulator.NewKeeper(broken{}, nil, func(err error) { told = err }).Keep(emulator.Served{Cloud: "aws"})
	if !errors.Is(told, errBroken) {
		t.Errorf("got %v", told)
	}
}
