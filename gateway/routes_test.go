package gateway_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	openaigo "github.com/openai/openai-go/v3"
	azuresdk "github.com/openai/openai-go/v3/azure"
	"github.com/openai/openai-go/v3/option"

	"concord/clouds"
	"concord/gateway"
	"concord/journal"
)

func (w *world) get(path string) answer {
	r, err := http.NewRequestWithContext(w.Context(), http.MethodGet, "http://gateway.test"+path, nil)
	if err != nil {
		w.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+goodKey)
	return w.do(r)
}

func TestWhatIsNotMeteredIsNotServed(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		for _, path := range []string{"/v1/files", "/v1/realtime", "/v1/batches", "/v1", "/v1/chat/completions/x", "/openai/v1/files", "/openai/deployments/x/files", "/v1/responses/a/b",
			"/v1/responses//cancel", "/v1/responses/x/other", "/openai/deployments/x/responses/y", "/v1/images/variations",
			"/openai/deployments//chat/completions", "/openai/deployments/a/b/chat/completions", "/v1//chat/completions", "/anything"} {
			got := w.get(path)
			if got.Status != 404 || got.code() != "unknown_url" {
				t.Errorf("%s: %d %s", path, got.Status, got.Body)
			}
		}
		if got := w.get("/v1/chat/completions"); got.Status != 405 || got.Header.Get("Allow") != "POST" {
			t.Errorf("GET: %d %v", got.Status, got.Header)
		}
	})
}

func TestAKeyIsNeeded(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		for name, header := range map[string][2]string{
			"none": {"X-Nothing", "x"}, "wrong": {"Authorization", "Bearer sk-wrong"}, "empty": {"Authorization", "Bearer "},
			"injection": {"Api-Key", "' OR 1=1"}, "basic": {"Authorization", "Basic " + goodKey},
		} {
			r, _ := http.NewRequestWithContext(w.Context(), http.MethodPost, "http://gateway.test/v1/chat/completions", strings.NewReader("{}"))
			r.Header.Set(header[0], header[1])
			if got := w.do(r); got.Status != 401 || got.code() != "invalid_api_key" {
				t.Errorf("%s: %d %s", name, got.Status, got.Body)
			}
		}
		synctest.Wait()
		if n := len(entries[*journal.Record](w)); n != 0 {
			t.Errorf("%d records", n)
		}
	})
}

func TestWhatCannotBeReadIsTheClientsFault(t *testing.T) {
	inWorld(t, func(c *gateway.Config) {
		c.MaxBody = 1000
		c.Keys[gateway.HashKey(goodKey)] = gateway.Key{ID: "acme-1", Customer: "acme", MaxOutput: 100}
	}, func(w *world) {
		for name, c := range map[string]struct {
			body   string
			status int
			code   string
		}{
			"no JSON":       {`hello`, 400, ""},
			"no model":      {`{"messages":[]}`, 400, ""},
			"unknown model": {`{"model":"gpt-9"}`, 404, "model_not_found"},
			"too long":      {`{"model":"gpt-5.4","x":"` + strings.Repeat("y", 1000) + `"}`, 413, "request_too_large"},
			"too much":      {`{"model":"gpt-5.4","max_tokens":101}`, 400, "max_tokens_above_limit"},
		} {
			r, _ := http.NewRequestWithContext(w.Context(), http.MethodPost, "http://gateway.test/v1/chat/completions", strings.NewReader(c.body))
			r.Header.Set("Authorization", "Bearer "+goodKey)
			if got := w.do(r); got.Status != c.status || got.code() != c.code || !strings.Contains(got.Body, `"type":"invalid_request_error"`) {
				t.Errorf("%s: %d %s", name, got.Status, got.Body)
			}
		}
		if n := w.clouds["azure"].count(); n != 0 {
			t.Errorf("azure was asked %d times", n)
		}
	})
}

func TestModelsAreThoseThatTheCustomerMayBeServed(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		got := w.get("/v1/models")
		var list struct {
			Object string
			Data   []struct{ ID, Object, OwnedBy string }
		}
		if err := json.Unmarshal([]byte(got.Body), &list); err != nil || list.Object != "list" || len(list.Data) != 1 || list.Data[0].ID != "gpt-5.4" {
			t.Errorf("%v: %s", err, got.Body)
		}
		if got := w.get("/openai/v1/models/gpt-5.4"); got.Status != 200 || !strings.Contains(got.Body, `"owned_by":"openai"`) {
			t.Errorf("%d %s", got.Status, got.Body)
		}
		for _, hidden := range []string{"gpt-secret", "gpt-9"} {
			if got := w.get("/v1/models/" + hidden); got.Status != 404 || got.code() != "model_not_found" {
				t.Errorf("%s: %d %s", hidden, got.Status, got.Body)
			}
		}
	})
}

func TestOfficialClientsWorkAfterABaseURLChange(t *testing.T) {
	for name, options := range map[string]func(url string) []option.RequestOption{
		"openai": func(url string) []option.RequestOption {
			return []option.RequestOption{option.WithBaseURL(url + "/v1/"), option.WithAPIKey(goodKey)}
		},
		"azure v1": func(url string) []option.RequestOption {
			return []option.RequestOption{option.WithBaseURL(url + "/openai/v1/"), option.WithHeader("api-key", goodKey)}
		},
		"azure": func(url string) []option.RequestOption {
			return []option.RequestOption{azuresdk.WithEndpoint(url, "2024-10-21"), azuresdk.WithAPIKey(goodKey), azuresdk.WithUnsafeAllowHTTP()}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			server := httptest.NewServer(w.gateway.Handler())
			defer server.Close()
			client := openaigo.NewClient(append(options(server.URL), option.WithMaxRetries(0))...)
			params := openaigo.ChatCompletionNewParams{Model: testModel, Messages: []openaigo.ChatCompletionMessageParamUnion{openaigo.UserMessage("hello")}}

			whole, err := client.Chat.Completions.New(t.Context(), params)
			if err != nil {
				t.Fatal(err)
			}
			if whole.Choices[0].Message.Content != "from azure" || whole.Usage.CompletionTokens != 600 {
				t.Errorf("%+v", whole)
			}
			stream := client.Chat.Completions.NewStreaming(t.Context(), params)
			text := ""
			for stream.Next() {
				for _, c := range stream.Current().Choices {
					text += c.Delta.Content
				}
			}
			if err := stream.Err(); err != nil || text != "from azure more" {
				t.Errorf("%v: %q", err, text)
			}
			if n := len(entries[*journal.Record](w)); n != 2 {
				t.Errorf("%d records", n)
			}
			if h := w.clouds["azure"].head; h.Get("X-Ms-Client-Request-Id") == "" || h.Get("Api-Key") != "secret-of-azure" || h.Get("Authorization") != "" {
				t.Errorf("headers that azure got: %v", h)
			}
		})
	}
}

func TestACutStreamIsAnErrorForTheOfficialClient(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.clouds["azure"].serve = then(sends(roleEvent(), textEvent("half")), resets)
		client := openaigo.NewClient(option.WithBaseURL("http://gateway.test/v1/"), option.WithAPIKey(goodKey), option.WithHTTPClient(w.client))
		stream := client.Chat.Completions.NewStreaming(w.Context(), openaigo.ChatCompletionNewParams{
			Model: testModel, Messages: []openaigo.ChatCompletionMessageParamUnion{openaigo.UserMessage("hello")}})
		for stream.Next() {
		}
		if stream.Err() == nil {
			t.Error("the client took a cut stream for whole")
		}
	})
}

func TestDrainingFinishesWhatIsOpenAndRefusesWhatIsNew(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		goOn := make(chan struct{})
		w.clouds["azure"].serve = func(rw http.ResponseWriter, r *http.Request, _ int) {
			sends(roleEvent(), textEvent("early"))(rw, r, 0)
			<-goOn
			sends(textEvent("late"), finishEvent(), usageEvent(), doneEvent)(rw, r, 0)
		}
		resp, err := w.open(w.Context(), `,"stream":true`)
		if err != nil {
			t.Fatal(err)
		}
		drained := make(chan error, 1)
		go func() { drained <- w.gateway.Drain(w.Context()) }()
		synctest.Wait()

		refused := w.post("")
		if refused.Status != 503 || refused.Header.Get("Retry-After") == "" || refused.code() != "shutting_down" {
			t.Errorf("%d %v %s", refused.Status, refused.Header, refused.Body)
		}
		if ready := w.get("/readyz"); ready.Status != 503 {
			t.Errorf("readyz says %d", ready.Status)
		}
		close(goOn)
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err := <-drained; err != nil || !strings.HasSuffix(string(body), doneEvent) {
			t.Errorf("%v\n%s", err, body)
		}
		_ = w.record()
	})
}

func TestWhatIsOpenAfterTheGraceEndsWithAnErrorAndARecord(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.clouds["azure"].serve = then(sends(roleEvent(), textEvent("early")), stalls)
		resp, err := w.open(w.Context(), `,"stream":true`)
		if err != nil {
			t.Fatal(err)
		}
		got := make(chan string, 1)
		go func() {
			body, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			got <- string(body)
		}()
		waiting := make(chan answer, 1)
		w.clouds["azure"].serve = hangs
		go func() { waiting <- w.post("") }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(w.Context(), 3*time.Second)
		defer cancel()

		if err := w.gateway.Drain(ctx); err != nil {
			t.Error(err)
		}

		if body := <-got; !strings.Contains(body, "shutting_down") || strings.Contains(body, "DONE") {
			t.Error(body)
		}
		if got := <-waiting; got.Status != 503 || got.code() != "shutting_down" {
			t.Errorf("%d %s", got.Status, got.Body)
		}
		synctest.Wait()
		var outcomes []journal.Outcome
		for _, r := range entries[*journal.Record](w) {
			outcomes = append(outcomes, r.Outcome)
		}
		if len(outcomes) != 2 || len(entries[*journal.Intent](w)) != 2 {
			t.Errorf("outcomes %v", outcomes)
		}
	})
}

func TestABodyThatNeverEndsHoldsNothingUp(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		got := make(chan answer, 1)
		body, more := io.Pipe()
		go func() {
			r, _ := http.NewRequestWithContext(w.Context(), http.MethodPost, "http://gateway.test/v1/chat/completions", body)
			r.Header.Set("Authorization", "Bearer "+goodKey)
			got <- w.do(r)
		}()
		_, _ = io.WriteString(more, `{"model":`)
		synctest.Wait()
		ctx, cancel := context.WithTimeout(w.Context(), time.Second)
		defer cancel()

		if err := w.gateway.Drain(ctx); err != nil {
			t.Error(err)
		}

		more.Close()
		if a := <-got; a.Err == nil && a.Status != 503 {
			t.Errorf("%d %s", a.Status, a.Body)
		}
	})
}

func TestAClientThatDoesNotReadHoldsNothingForEver(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.clouds["azure"].serve = func(rw http.ResponseWriter, r *http.Request, _ int) {
			for r.Context().Err() == nil {
				sends(textEvent(strings.Repeat("word ", 1000)))(rw, r, 0)
			}
		}
		resp, err := w.open(w.Context(), `,"stream":true`)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()

		f := <-w.finished

		if f.Outcome != journal.Cancelled || time.Duration(f.Duration) > 2*time.Minute {
			t.Errorf("outcome %v after %v", f.Outcome, time.Duration(f.Duration))
		}
		_ = w.record()
	})
}

// panicking is an adapter that breaks while it reads a stream, or an answer.
type panicking struct {
	clouds.Adapter
	after int
}

func (p *panicking) Event(c *clouds.Call, data []byte) clouds.Event {
	if p.after--; p.after < 0 {
		panic("broken adapter")
	}
	return p.Adapter.Event(c, data)
}

func TestAPanicGetsItsRecordToo(t *testing.T) {
	for name, after := range map[string]int{"before content": 0, "after content": 2} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(c *gateway.Config) { c.Adapters["azure"] = &panicking{c.Adapters["azure"], after} }, func(w *world) {
				got := w.post(`,"stream":true`)

				if !strings.Contains(got.Body, "internal_error") || strings.Contains(got.Body, "DONE") || after == 0 && got.Status != 500 {
					t.Errorf("%d %s", got.Status, got.Body)
				}
				if r := w.record(); r.Outcome != journal.Failed {
					t.Errorf("record %+v", r)
				}
				if f := <-w.finished; !f.Panicked {
					t.Errorf("observed %+v", f)
				}
				w.clouds["aws"].serve = answers("still here")
			})
		})
	}
}

func TestNewSaysEverythingThatIsWrong(t *testing.T) {
	c := testConfig(t)
	c.Journal = fullQueue{}
	c.Targets["a"] = nil
	delete(c.Adapters, "aws")
	c.Keys[gateway.HashKey("x")] = gateway.Key{Customer: "nobody"}
	c.Now = func() time.Time { return time.Date(2026, 5, 4, 0, 0, 0, 0, time.UTC) }

	_, err := gateway.New(c)

	var got []string
	for _, part := range []string{"deployment a has no target", `no adapter`, "has no id", `customer "nobody"`} {
		if err == nil || !strings.Contains(err.Error(), part) {
			got = append(got, part)
		}
	}
	if diff := cmp.Diff([]string(nil), got); diff != "" {
		t.Errorf("%v\nlacks %s", err, diff)
	}
	if _, err := gateway.New(gateway.Config{}); err == nil || !strings.Contains(err.Error(), "Timeline is missing") {
		t.Error(err)
	}
}
