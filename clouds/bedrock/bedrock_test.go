package bedrock_test

import (
	"net/url"
	"testing"

	"concord/clouds"
	"concord/clouds/bedrock"
	"concord/clouds/cloudtest"
	"concord/clouds/emulator"
)

// hosts are those of the planes: the adapter goes by them.
var hosts = map[string]string{"runtime": "bedrock-runtime.us-east-1.amazonaws.com", "mantle": "bedrock-mantle.us-east-1.api.aws"}

func TestConformance(t *testing.T) {
	t.Parallel()
	pair := "AKIDEXAMPLE:wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY:session"
	for name, row := range map[string]struct{ model, path, plane, key string }{
		"runtime, open weights, API key":   {"openai.gpt-oss-120b-1:0", "/openai/v1", "runtime", "ABSK-emulated"},
		"runtime, profile, signature":      {"us.openai.gpt-5.6-sol", "/openai/v1", "runtime", pair},
		"runtime, open weights, signature": {"openai.gpt-oss-120b-1:0", "/openai/v1", "runtime", pair},
		"InvokeModel, API key":             {"openai.gpt-oss-120b-1:0", "/model", "runtime", "ABSK-emulated"},
		"InvokeModel, signature":           {"openai.gpt-oss-120b-1:0", "/model", "runtime", pair},
		"mantle, open weights, API key":    {"openai.gpt-oss-120b", "/v1", "mantle", "ABSK-emulated"},
		"mantle, frontier model, API key":  {"openai.gpt-6-sol", "/openai/v1", "mantle", "ABSK-emulated"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloudtest.Run(t, cloudtest.Subject{
				Adapter:  bedrock.New(),
				Host:     hosts[row.plane],
				Emulator: emulator.Config{Cloud: "aws", Models: []emulator.Model{{Name: row.model}}, Keys: []string{row.key}, Region: "us-east-1", Plane: row.plane},
				Target: clouds.Target{Cloud: "aws", Base: &url.URL{Path: row.path}, Model: row.model, Region: "us-east-1",
					Secret: clouds.NewSecret(row.key)},
			})
		})
	}
}

func TestSurfaces(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ model, path, plane string }{
		"runtime": {"us.openai.gpt-6-astra", "/openai/v1", "runtime"},
		"mantle":  {"openai.gpt-6-sol", "/openai/v1", "mantle"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := cloudtest.Subject{
				Adapter:  bedrock.New(),
				Host:     hosts[row.plane],
				Emulator: emulator.Config{Cloud: "aws", Models: []emulator.Model{{Name: row.model}}, Keys: []string{"ABSK-emulated"}, Region: "us-east-1", Plane: row.plane},
				Target: clouds.Target{Cloud: "aws", Base: &url.URL{Path: row.path}, Model: row.model, Region: "us-east-1",
					Secret: clouds.NewSecret("ABSK-emulated")},
			}
			models := cloudtest.Everything("openai.")
			models["gpt-5.4"] = emulator.Model{Name: row.model}
			if got, want := cloudtest.Surfaces(t, s, models), clouds.OperationsOf(clouds.CreateResponse); got != want {
				t.Errorf("served %b, want %b", got, want)
			}
			cloudtest.Stored(t, s)
			if row.plane == "mantle" {
				cloudtest.Background(t, s)
			}
		})
	}
}
