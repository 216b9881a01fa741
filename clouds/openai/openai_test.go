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
