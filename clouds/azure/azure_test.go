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
