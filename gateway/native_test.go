package gateway_test

import (
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"

	"concord/clouds"
	"concord/clouds/behaviour"
	"concord/clouds/openai"
	"concord/gateway"
	"concord/journal"
	"concord/usage"
)

// native reaches aws through InvokeModel.
func native(c *gateway.Config) {
	for id, target := range c.Targets {
		if target.Cloud != "aws" {
			continue
		}
		to, base := *target, *target.Base
		base.Path = "/model"
		to.Base = &base
		c.Targets[id] = &to
	}
}

func TestABinaryStreamReachesTheClientAsServerSentEvents(t *testing.T) {
	inWorld(t, native, func(w *world) {
		for _, c := range w.clouds {
			c.serve = resets
		}
		served := w.emulated("aws")

		got := w.prompt("one two three [reply 40 tokens]", `,"stream":true`)

		r := w.record()
		if got.Status != 200 || !strings.HasPrefix(got.Header.Get("Content-Type"), "text/event-stream") || !strings.HasSuffix(got.Body, doneEvent) ||
			r.Outcome != journal.Answered {
			t.Fatalf("%d %s %v\n%s", got.Status, got.Header.Get("Content-Type"), r.Outcome, got.Body)
		}
		if u := r.Usage; u.Evidence != usage.Reported || u.Tokens[usage.Output] != 40 || len(*served) != 1 || (*served)[0].Operation != "invoke.stream" {
			t.Errorf("recorded %+v, served %+v", r.Usage, *served)
		}
	})
}

func TestABinaryStreamThatIsCutHasNoEnd(t *testing.T) {
	for _, kind := range []behaviour.Kind{behaviour.Cut, behaviour.Truncate, behaviour.LateError} {
		t.Run(kind.String(), func(t *testing.T) {
			inWorld(t, native, func(w *world) {
				for _, c := range w.clouds {
					c.serve = resets
				}
				w.emulated("aws", behaviour.Fault{Kind: kind, After: 7})

				got := w.prompt("[reply 40 tokens] please", `,"stream":true`)

				if r := w.record(); r.Outcome != journal.Cut || strings.Contains(got.Body, "[DONE]") || !strings.Contains(got.Body, `"error"`) {
					t.Errorf("%v %s", r.Outcome, got.Body)
				}
			})
		})
	}
}

func TestATargetsKindDecidesHowItIsSpokenTo(t *testing.T) {
	compatible := func(c *gateway.Config) {
		c.Adapters = maps.Clone(c.Adapters)
		c.Adapters[clouds.OpenAICompatible] = openai.NewCompatible()
		for id, target := range c.Targets {
			to := *target
			to.Kind, to.Rejects = clouds.OpenAICompatible, clouds.FieldUser
			c.Targets[id] = &to
		}
	}
	inWorld(t, compatible, func(w *world) {
		for _, c := range w.clouds {
			c.serve = resets
		}
		w.emulated("openai")
		sent := ""
		emulated := w.clouds["openai"].handler
		w.clouds["openai"].handler = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				w.Error(err)
			}
			sent = string(body)
			r.Body = io.NopCloser(strings.NewReader(sent))
			emulated.ServeHTTP(rw, r)
		})

		got := w.prompt("[reply 4 tokens]", `,"user":"u","seed":1`)

		if got.Status != 200 || strings.Contains(sent, `"user":"u"`) || !strings.Contains(sent, `"seed":1`) {
			t.Errorf("%d %s, sent %s", got.Status, got.Body, sent)
		}
	})
}
