package emulator_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"concord/clouds/behaviour"
	"concord/clouds/emulator"
)

// reply is what a test reads of a response.
type reply struct {
	ID, Status string
	Usage      *struct {
		Input  int64 `json:"input_tokens"`
		Output int64 `json:"output_tokens"`
	}
}

func TestAResponseStaysWithItsAccount(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		config       emulator.Config
		path, header string
		status       int
		unknown      string
	}{
		{emulator.Config{Cloud: "openai", Models: everything}, "/v1/responses", "Authorization: Bearer ", 404, `{"error":{"code":null,"message":"Response with id '%' not found."`},
		{emulator.Config{Cloud: "azure", Models: everything}, "/openai/v1/responses", "Api-Key: ", 404, `{"error":{"code":null,"message":"Response with id '%' not found."`},
		{emulator.Config{Cloud: "aws", Plane: "mantle", Models: everything}, "/openai/v1/responses", "Authorization: Bearer ", 404, `{"error":{"code":"not_found","message":"Response with id '%' not found."`},
		{emulator.Config{Cloud: "aws", Models: everything}, "/openai/v1/responses", "Authorization: Bearer ", 404, `{"message":"Response with id '%' not found."}`},
	} {
		row.config.Keys, row.config.Accounts = []string{"key-one", "key-two", "key-three"}, map[string]string{"key-one": "one", "key-two": "two", "key-three": "one"}
		_, s := serve(t, row.config)
		_, _, body := post(t, s.URL+row.path, row.header+"key-one", `{"model":"gpt-5.4","input":"hello [reasoning 2 tokens]","include":["reasoning.encrypted_content"]}`)
		var made reply
		if err := json.Unmarshal([]byte(body), &made); err != nil || made.Status != "completed" {
			t.Fatalf("%s: %s", row.config.Cloud, body)
		}
		read := func(key string) (int, string) {
			name, value, _ := strings.Cut(row.header+key, ": ")
			status, _, body := do(t, get(t, s.URL+row.path+"/"+made.ID, name, value))
			return status, body
		}
		if status, body := read("key-three"); status != 200 {
			t.Errorf("another key of the account: %d %s", status, body)
		}
		if status, body := read("key-two"); status != row.status || !strings.HasPrefix(body, strings.Replace(row.unknown, "%", made.ID, 1)) {
			t.Errorf("%s: another account: %d %s", row.config.Cloud, status, body)
		}
		status, _, body := post(t, s.URL+row.path, row.header+"key-two", `{"model":"gpt-5.4","input":"and","previous_response_id":"`+made.ID+`"}`)
		if status != 400 || !strings.Contains(body, "Previous response with id") {
			t.Errorf("%s: another account goes on: %d %s", row.config.Cloud, status, body)
		}
	}
}

func TestEncryptedReasoningOpensInItsAccountOnly(t *testing.T) {
	t.Parallel()
	_, s := serve(t, emulator.Config{Cloud: "azure", Models: everything, Keys: []string{"key-one", "key-two"}, Accounts: map[string]string{"key-one": "one", "key-two": "two"}})
	_, _, body := post(t, s.URL+"/openai/v1/responses", "Api-Key: key-one", `{"model":"gpt-5.4","input":"hello [reasoning 2 tokens]","include":["reasoning.encrypted_content"],"store":false}`)
	_, rest, _ := strings.Cut(body, `"encrypted_content":"`)
	sealed, _, ok := strings.Cut(rest, `"`)
	if !ok {
		t.Fatal(body)
	}
	again := `{"model":"gpt-5.4","input":[{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"` + sealed + `"},{"role":"user","content":"go on"}]}`
	if status, _, body := post(t, s.URL+"/openai/v1/responses", "Api-Key: key-one", again); status != 200 {
		t.Errorf("its own account: %d %s", status, body)
	}
	if status, _, body := post(t, s.URL+"/openai/v1/responses", "Api-Key: key-two", again); status != 400 || !strings.Contains(body, "invalid_encrypted_content") {
		t.Errorf("another account: %d %s", status, body)
	}
}

func TestAResponseInTheBackgroundBecomesReadyInItsOwnTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var served []emulator.Served
		e, err := emulator.New(emulator.Config{Cloud: "openai", Models: everything, Keys: []string{key}, Speed: 1,
			Profile: behaviour.Profile{FirstToken: int64(2 * time.Second), PerToken: int64(time.Second)},
			Observe: func(s emulator.Served) { mu.Lock(); defer mu.Unlock(); served = append(served, s) }})
		if err != nil {
			t.Fatal(err)
		}
		call := func(method, path, body string) (int, reply) {
			r := httptest.NewRequestWithContext(t.Context(), method, "/v1/responses"+path, strings.NewReader(body))
			r.Header.Set("Authorization", "Bearer "+key)
			w := httptest.NewRecorder()
			e.ServeHTTP(w, r)
			var got reply
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
				t.Fatal(err)
			}
			return w.Code, got
		}
		const ask = `{"model":"gpt-5.4","input":"hello [reply 10 tokens]","background":true}`
		_, first := call(http.MethodPost, "", ask)
		_, second := call(http.MethodPost, "", ask)
		states := []string{first.Status}
		for range 3 {
			time.Sleep(5 * time.Second) // of the bubble: no time passes
			synctest.Wait()
			if len(states) == 2 {
				if status, got := call(http.MethodPost, "/"+second.ID+"/cancel", ""); status != 200 || got.Status != "cancelled" {
					t.Errorf("cancelled: %d %+v", status, got)
				}
			}
			_, got := call(http.MethodGet, "/"+first.ID, "")
			states = append(states, got.Status)
			if got.Status == "completed" && (got.Usage == nil || got.Usage.Output != 10) {
				t.Errorf("%+v", got)
			}
		}
		if d := cmp.Diff([]string{"queued", "in_progress", "in_progress", "completed"}, states); d != "" {
			t.Error(d)
		}
		if _, got := call(http.MethodGet, "/"+second.ID, ""); got.Status != "cancelled" {
			t.Errorf("%+v", got)
		}
		mu.Lock()
		defer mu.Unlock()
		billed := map[string]int64{}
		for _, s := range served {
			if s.Operation == "responses.background" {
				billed[s.Object] += s.Usage.Completion
			} else if s.Usage != (emulator.Usage{}) {
				t.Errorf("%s bills %+v", s.Operation, s.Usage)
			}
		}
		if d := cmp.Diff(map[string]int64{first.ID: 10, second.ID: 8}, billed); d != "" {
			t.Errorf("what was made is billed, up to where it was cancelled: %s", d)
		}
	})
}
