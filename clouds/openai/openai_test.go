package openai_test

import (
	"net/url"
	"testing"

	"concord/clouds"
	"concord/clouds/cloudtest"
	"concord/clouds/emulator"
	"concord/clouds/openai"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	cloudtest.Run(t, cloudtest.Subject{
		Adapter:  openai.New(),
		Emulator: emulator.Config{Cloud: "openai", Models: []emulator.Model{{Name: "gpt-5.4-2026-03-05"}}, Keys: []string{"sk-emulated-0001"}},
		Target:   clouds.Target{Cloud: "openai", Base: &url.URL{Path: "/v1"}, Model: "gpt-5.4-2026-03-05", APIVersion: "", Secret: clouds.NewSecret("sk-emulated-0001")},
	})
}

func TestSurfaces(t *testing.T) {
	t.Parallel()
	want := clouds.OperationsOf(clouds.CreateResponse, clouds.CreateEmbedding, clouds.CreateCompletion, clouds.GenerateImage, clouds.EditImage,
		clouds.CreateSpeech, clouds.CreateTranscription, clouds.CreateTranslation, clouds.CreateModeration)
	s := cloudtest.Subject{
		Adapter:  openai.New(),
		Emulator: emulator.Config{Cloud: "openai", Models: []emulator.Model{{Name: "gpt-5.4"}}, Keys: []string{"sk-emulated-0001"}},
		Target:   clouds.Target{Cloud: "openai", Base: &url.URL{Path: "/v1"}, Model: "gpt-5.4", Secret: clouds.NewSecret("sk-emulated-0001")},
	}
	if got := cloudtest.Surfaces(t, s, cloudtest.Everything("")); got != want {
		t.Errorf("served %b, want %b", got, want)
	}
	cloudtest.Stored(t, s)
	cloudtest.Background(t, s)
	s.Adapter, s.Target.Kind = openai.NewCompatible(), clouds.OpenAICompatible
	if got := cloudtest.Surfaces(t, s, cloudtest.Everything("")); got != want {
		t.Errorf("as a compatible host: served %b, want %b", got, want)
	}
}
