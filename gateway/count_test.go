package gateway_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"concord/clouds/behaviour"
	"concord/clouds/tokens"
	"concord/gateway"
	"concord/journal"
	"concord/usage"
)

// counting is a gateway that counts what no cloud reports.
func counting(c *gateway.Config) { c.Count = new(tokens.Counter).Count }

// tokensOf is what the tokenizer makes of a text.
func tokensOf(t testing.TB, text string) int64 {
	t.Helper()
	n, err := new(tokens.Counter).Count([]byte(text))
	if err != nil || n == 0 {
		t.Fatalf("%d tokens, %v", n, err)
	}
	return n
}

// delivered is the text that a chat's client got.
func delivered(t testing.TB, body string) (text string) {
	t.Helper()
	for line := range strings.Lines(strings.TrimPrefix(body, "data: ")) {
		line = strings.TrimPrefix(strings.TrimSpace(line), "data: ")
		var m struct {
			Choices []struct{ Delta, Message struct{ Content string } }
		}
		if line == "" || line == "[DONE]" {
			continue
		}
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatal(err)
		}
		for _, c := range m.Choices {
			text += c.Delta.Content + c.Message.Content
		}
	}
	return text
}

func TestWhatNoCloudReportsIsCountedInTheDeliveredText(t *testing.T) {
	for name, c := range map[string]struct {
		extra   string
		fault   behaviour.Fault
		outcome journal.Outcome
	}{
		"a whole answer":        {"", behaviour.Fault{Kind: behaviour.NoUsage}, journal.Answered},
		"a stream":              {`,"stream":true`, behaviour.Fault{Kind: behaviour.NoUsage}, journal.Answered},
		"what was cut":          {`,"stream":true`, behaviour.Fault{Kind: behaviour.Cut, After: 25}, journal.Cut},
		"what ended for no end": {`,"stream":true`, behaviour.Fault{Kind: behaviour.Truncate, After: 25}, journal.Cut},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, counting, func(w *world) {
				w.emulators(c.fault)

				got := w.prompt(forty, c.extra)

				text := delivered(t, got.Body)
				r := w.row()
				if want := tokensOf(t, text); r.Usage.Evidence != usage.Counted || r.Usage.Tokens[usage.Output] != want || r.Outcome != c.outcome {
					t.Errorf("%v, %d tokens counted of %d: %q", r, r.Usage.Tokens[usage.Output], want, text)
				}
				// Strings of the prompt, its role among them; keys and the model's name are none.
				if want := tokensOf(t, "user\n"+forty+"\n"); r.Usage.Tokens[usage.Input] != want {
					t.Errorf("%d tokens of prompt, want %d", r.Usage.Tokens[usage.Input], want)
				}
				if !r.Attempts[r.Served].CostUnsure || len(r.Lines) == 0 {
					t.Errorf("%+v", r.Attempts[r.Served])
				}
			})
		})
	}
}

func TestCallsOfToolsAndReasoningAreCountedToo(t *testing.T) {
	inWorld(t, counting, func(w *world) {
		w.clouds["azure"].serve = sends(roleEvent(),
			event(`{"choices":[{"index":0,"delta":{"reasoning_content":"thinking about the weather","content":"It is"}}]}`),
			event(`{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c","function":{"name":"weather","arguments":"{\"in\":\"M\u00fcnchen\"}"}}]}}]}`),
			finishEvent(), doneEvent)

		w.post(`,"stream":true`)

		want := tokensOf(t, `thinking about the weatherIt isweather{"in":"München"}`)
		if r := w.record(); r.Usage.Tokens[usage.Output] != want || r.Usage.Evidence != usage.Counted {
			t.Errorf("%+v, want %d tokens", r.Usage, want)
		}
	})
}

func TestALongTextIsCountedInPartsWhileItIsDelivered(t *testing.T) {
	inWorld(t, counting, func(w *world) {
		piece := strings.Repeat("all of these words are delivered one after the other ", 100)
		var events []string
		for range 50 {
			events = append(events, textEvent(piece))
		}
		w.clouds["azure"].serve = then(sends(roleEvent()), sends(events...), sends(finishEvent(), doneEvent))

		w.post(`,"stream":true`)

		want := tokensOf(t, strings.Repeat(piece, 50))
		if r := w.record(); r.Usage.Tokens[usage.Output] != want || r.Usage.Evidence != usage.Counted {
			t.Errorf("%+v, want %d tokens", r.Usage, want)
		}
	})
}

func TestWhatCannotBeCountedStaysAnEstimate(t *testing.T) {
	picture := `,"more":[{"type":"image_url","image_url":{"url":"data:image/png;base64,` + strings.Repeat("A", 4000) + `"}}]`
	for name, c := range map[string]struct {
		extra string
		input int64 // at most
	}{
		"a prompt with a picture": {picture, 50},
		"two choices":             {`,"n":2`, 1000},
		"a prompt of 2 MB":        {fmt.Sprintf(`,"more":%q`, strings.Repeat("word ", 400_000)), 1 << 20},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, counting, func(w *world) {
				w.clouds["azure"].serve = sends(roleEvent(), textEvent("one two three"), finishEvent(), finishEvent(), doneEvent)

				w.post(c.extra + `,"stream":true`)

				r := w.record()
				if u := r.Usage; u.Evidence != usage.Estimated || u.Tokens[usage.Output] == 0 || u.Tokens[usage.Input] == 0 || u.Tokens[usage.Input] > c.input {
					t.Errorf("%+v", u)
				}
			})
		})
	}
}

func TestWhatIsCountedIsNeverMoreThanWasAskedFor(t *testing.T) {
	inWorld(t, counting, func(w *world) {
		w.clouds["azure"].serve = sends(roleEvent(), textEvent("one two three four five six"), finishEvent(), doneEvent)

		w.post(`,"stream":true,"max_completion_tokens":2`)

		if r := w.record(); r.Usage.Tokens[usage.Output] != 2 || r.Usage.Evidence != usage.Counted {
			t.Errorf("%+v", r.Usage)
		}
	})
}

func TestACloudThatReportsIsBelieved(t *testing.T) {
	inWorld(t, func(c *gateway.Config) {
		c.Count = func([]byte) (int64, error) { t.Error("counted what is reported"); return 0, nil }
	}, func(w *world) {
		w.post(`,"stream":true`)
		w.post("")
	})
}
