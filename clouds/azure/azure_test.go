package azure_test

import (
	"net/url"
	"testing"

	"concord/clouds"
	"concord/clouds/azure"
	"concord/clouds/cloudtest"
	"concord/clouds/emulator"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	cloudtest.Run(t, cloudtest.Subject{
		Adapter:  azure.New(),
		Emulator: emulator.Config{Cloud: "azure", Models: []emulator.Model{{Name: "chat-prod"}}, Keys: []string{"sk-emulated-0001"}},
		Target:   clouds.Target{Cloud: "azure", Base: &url.URL{Path: ""}, Model: "chat-prod", APIVersion: "2024-10-21", Secret: clouds.NewSecret("sk-emulated-0001")},
	})
}

func TestSurfaces(t *testing.T) {
	t.Parallel()
	want := clouds.OperationsOf(clouds.CreateResponse, clouds.CreateEmbedding, clouds.CreateCompletion, clouds.GenerateImage, clouds.EditImage,
		clouds.CreateSpeech, clouds.CreateTranscription, clouds.CreateTranslation)
	for name, version := range map[string]string{"v1": "", "dated": "2025-04-01-preview"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := cloudtest.Subject{
				Adapter: azure.New(),
				Emulator: emulator.Config{Cloud: "azure", Models: []emulator.Model{{Name: "prod", Serve: "gpt-5.4"}}, Keys: []string{"sk-emulated-0001"},
					APIVersions: []string{"2025-04-01-preview"}},
				Target: clouds.Target{Cloud: "azure", Base: &url.URL{}, Model: "prod", APIVersion: version, Secret: clouds.NewSecret("sk-emulated-0001")},
			}
			if got := cloudtest.Surfaces(t, s, cloudtest.Everything("prod-")); got != want {
				t.Errorf("served %b, want %b", got, want)
			}
			cloudtest.Stored(t, s)
			cloudtest.Background(t, s)
		})
	}
}
