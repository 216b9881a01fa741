package alibaba_test

import (
	"net/url"
	"testing"

	"concord/clouds"
	"concord/clouds/alibaba"
	"concord/clouds/cloudtest"
	"concord/clouds/emulator"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	cloudtest.Run(t, cloudtest.Subject{
		Adapter:  alibaba.New(),
		Emulator: emulator.Config{Cloud: "alibaba", Models: []emulator.Model{{Name: "gpt-oss-120b"}}, Keys: []string{"sk-emulated-0001"}},
		Target:   clouds.Target{Cloud: "alibaba", Base: &url.URL{Path: "/compatible-mode/v1"}, Model: "gpt-oss-120b", APIVersion: "", Secret: clouds.NewSecret("sk-emulated-0001")},
	})
}

func TestSurfaces(t *testing.T) {
	t.Parallel()
	models := cloudtest.Everything("")
	models["text-embedding-3-small"] = emulator.Model{Name: "text-embedding-v4"}
	s := cloudtest.Subject{
		Adapter:  alibaba.New(),
		Emulator: emulator.Config{Cloud: "alibaba", Keys: []string{"sk-emulated-0001"}},
		Target:   clouds.Target{Cloud: "alibaba", Base: &url.URL{Path: "/compatible-mode/v1"}, Secret: clouds.NewSecret("sk-emulated-0001")},
	}
	want := clouds.OperationsOf(clouds.CreateEmbedding)
	if got := cloudtest.Surfaces(t, s, models); got != want {
		t.Errorf("served %b, want %b", got, want)
	}
}

func TestResponsesOfQwen(t *testing.T) {
	t.Parallel()
	models := map[string]emulator.Model{"gpt-5.4": {Name: "qwen3-max"}}
	for _, path := range []string{"/compatible-mode/v1", ""} {
		s := cloudtest.Subject{
			Adapter:  alibaba.New(),
			Emulator: emulator.Config{Cloud: "alibaba", Keys: []string{"sk-emulated-0001"}},
			Target:   clouds.Target{Cloud: "alibaba", Base: &url.URL{Path: path}, Secret: clouds.NewSecret("sk-emulated-0001")},
		}
		if got, want := cloudtest.Surfaces(t, s, models), clouds.OperationsOf(clouds.CreateResponse); got != want {
			t.Errorf("served %b, want %b", got, want)
		}
	}
}
