package vertex_test

import (
	"net/url"
	"testing"

	"concord/clouds"
	"concord/clouds/cloudtest"
	"concord/clouds/emulator"
	"concord/clouds/vertex"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	cloudtest.Run(t, cloudtest.Subject{
		Adapter: vertex.New(),
		Emulator: emulator.Config{Cloud: "gcp", Models: []emulator.Model{{Name: "openai/gpt-oss-120b-maas"}}, Keys: []string{"ya29.emulated"},
			Project: "acme-ai", Region: "global"},
		Target: clouds.Target{Cloud: "gcp", Base: &url.URL{}, Model: "openai/gpt-oss-120b-maas", Project: "acme-ai", Region: "global",
			Secret: clouds.NewSecret("ya29.emulated")},
	})
}

func TestSurfaces(t *testing.T) {
	t.Parallel()
	s := cloudtest.Subject{
		Adapter:  vertex.New(),
		Emulator: emulator.Config{Cloud: "gcp", Keys: []string{"ya29.emulated"}, Project: "acme-ai", Region: "global"},
		Target:   clouds.Target{Cloud: "gcp", Base: &url.URL{}, Project: "acme-ai", Region: "global", Secret: clouds.NewSecret("ya29.emulated")},
	}
	if got := cloudtest.Surfaces(t, s, cloudtest.Everything("openai/")); got != 0 {
		t.Errorf("served %b beside chat", got)
	}
}
