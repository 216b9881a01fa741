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
