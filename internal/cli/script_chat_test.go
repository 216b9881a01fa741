package cli_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/rogpeppe/go-internal/testscript"
)

// chat BASE KEY MODEL TOKENS [stream] asks for an answer of TOKENS words with OpenAI's own client, and puts what came into
// $REQUEST, $CLOUD, $TERMS and $WORDS.
func chat(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 4 {
		ts.Fatalf("usage: chat BASE KEY MODEL TOKENS [stream]")
	}
	client := openai.NewClient(option.WithBaseURL(args[0]), option.WithAPIKey(args[1]), option.WithMaxRetries(0))
	params := openai.ChatCompletionNewParams{
		Model:    args[2],
		Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("say something [reply " + args[3] + " tokens]")},
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var response *http.Response
	var words strings.Builder
	var err error
	if len(args) > 4 {
		stream := client.Chat.Completions.NewStreaming(ctx, params, option.WithResponseInto(&response))
		for stream.Next() {
			for _, choice := range stream.Current().Choices {
				words.WriteString(choice.Delta.Content)
			}
		}
		err = stream.Err()
	} else {
		var answer *openai.ChatCompletion
		answer, err = client.Chat.Completions.New(ctx, params, option.WithResponseInto(&response))
		if err == nil {
			words.WriteString(answer.Choices[0].Message.Content)
		}
	}
	if neg != (err != nil) {
		ts.Fatalf("chat: %v", err)
	}
	if err != nil {
		fmt.Fprintln(ts.Stderr(), err)
		if answered, ok := errors.AsType[*openai.Error](err); ok {
			fmt.Fprintln(ts.Stderr(), answered.Message)
		}
	}
	if response != nil {
		ts.Setenv("REQUEST", response.Header.Get("X-Concord-Request-Id"))
		ts.Setenv("CLOUD", response.Header.Get("X-Concord-Cloud"))
		ts.Setenv("TERMS", response.Header.Get("X-Concord-Terms"))
	}
	ts.Setenv("WORDS", fmt.Sprint(len(strings.Fields(words.String()))))
}

// A witness is what a client saw of one request: the request's id, and whether the answer came to its end.
type witness struct {
	Request string `json:"request"`
	Whole   bool   `json:"whole"`
	Content int    `json:"content"` // events with content
}

// crash BASE KEY N FILE opens N streams, waits until a third of them have ended and another third have content, kills the
// server that runs in the background with SIGKILL, and writes what the clients saw to FILE.
func crash(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 4 {
		ts.Fatalf("usage: crash BASE KEY N FILE")
	}
	var n int
	_, err := fmt.Sscan(args[2], &n)
	ts.Check(err)

	seen := make([]witness, n)
	content, ended := make(chan struct{}, n), make(chan struct{}, n)
	var open sync.WaitGroup
	for i := range n {
		tokens := 5
		if i%2 == 1 {
			tokens = 4000 // a minute of talk: these are open when the server dies
		}
		open.Go(func() {
			stream(args[0], args[1], tokens, &seen[i], func() { content <- struct{}{} })
			ended <- struct{}{}
		})
	}
	for range n {
		<-content
	}
	for range n / 2 {
		<-ended
	}
	killed := 0
	for _, cmd := range ts.BackgroundCmds() {
		if slices.Contains(cmd.Args, "serve") {
			ts.Check(cmd.Process.Kill())
			killed++
		}
	}
	if killed != 1 {
		ts.Fatalf("%d servers were running", killed)
	}
	open.Wait()
	out, err := json.Marshal(seen)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[3]), out, 0o644))
}

func stream(base, key string, tokens int, seen *witness, first func()) {
	once := sync.OnceFunc(first)
	defer once()
	body := fmt.Sprintf(`{"model":"gpt-5.4","stream":true,"messages":[{"role":"user","content":"talk [reply %d tokens]"}]}`, tokens)
	request, err := http.NewRequest(http.MethodPost, base+"/chat/completions", strings.NewReader(body))
	if err != nil {
		return
	}
	request.Header.Set("Authorization", "Bearer "+key)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return
	}
	defer response.Body.Close()
	seen.Request = response.Header.Get("X-Concord-Request-Id")
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		if lines.Text() == "data: [DONE]" {
			seen.Whole = true
		} else if strings.Contains(lines.Text(), `"content":"`) && !strings.Contains(lines.Text(), `"content":""`) {
			seen.Content++
			once()
		}
	}
}

// unchanged FILE RECORDS holds what clients saw before a crash to the records after it: every request that a client saw has
// exactly one record, those that came to their end are answered, and the others are interrupted.
func unchanged(ts *testscript.TestScript, _ bool, args []string) {
	var seen []witness
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &seen))
	var list struct {
		Records []struct{ Request, Outcome string }
	}
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[1])), &list))
	outcomes := map[string][]string{}
	for _, r := range list.Records {
		outcomes[r.Request] = append(outcomes[r.Request], r.Outcome)
	}
	for _, w := range seen {
		if w.Request == "" {
			continue // died before its headers: the client saw nothing
		}
		want := "interrupted"
		if w.Whole {
			want = "answered"
		}
		if got := outcomes[w.Request]; !slices.Equal(got, []string{want}) {
			ts.Fatalf("request %s: a client saw whole=%v and %d contents; its records are %v", w.Request, w.Whole, w.Content, got)
		}
	}
}
