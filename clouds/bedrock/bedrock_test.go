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
	const oss, sol = "openai.gpt-oss-120b-1:0", "us.openai.gpt-6-sol"
	for name, row := range map[string]struct{ model, path, plane, key, protocol string }{
		"runtime, open weights, API key":    {oss, "/openai/v1", "runtime", "ABSK-emulated", ""},
		"runtime, profile, signature":       {"us.openai.gpt-5.6-sol", "/openai/v1", "runtime", pair, ""},
		"runtime, open weights, signature":  {oss, "/openai/v1", "runtime", pair, ""},
		"InvokeModel, API key":              {oss, "/model", "runtime", "ABSK-emulated", ""},
		"InvokeModel by configuration":      {oss, "", "runtime", "ABSK-emulated", clouds.ByInvoke},
		"InvokeModel, signature":            {oss, "/model", "runtime", pair, ""},
		"Converse, open weights, API key":   {oss, "", "runtime", "ABSK-emulated", clouds.ByConverse},
		"Converse, open weights, signature": {oss, "/openai/v1", "runtime", pair, clouds.ByConverse},
		"Converse, profile, signature":      {sol, "/model", "runtime", pair, clouds.ByConverse},
		"mantle, open weights, API key":     {"openai.gpt-oss-120b", "/v1", "mantle", "ABSK-emulated", ""},
		"mantle, frontier model, API key":   {"openai.gpt-6-sol", "/openai/v1", "mantle", "ABSK-emulated", ""},
		"mantle, open weights, no path":     {"openai.gpt-oss-120b", "", "mantle", "ABSK-emulated", ""},
		"mantle, frontier model, no path":   {"openai.gpt-6-sol", "", "mantle", "ABSK-emulated", ""},
		"mantle, frontier model, signature": {"openai.gpt-6-sol", "/openai/v1", "mantle", pair, ""},
	} {
		// Once at the cloud's own host, and once at another, where the configuration says which plane it is.
		for _, host := range []string{hosts[row.plane], ""} {
			t.Run(name+" at "+host, func(t *testing.T) {
				t.Parallel()
				s := cloudtest.Subject{
					Adapter:  bedrock.New(),
					Host:     host,
					Emulator: emulator.Config{Cloud: "aws", Models: []emulator.Model{{Name: row.model}}, Keys: []string{row.key}, Region: "us-east-1", Plane: row.plane},
					Target: clouds.Target{Cloud: "aws", Base: &url.URL{Path: row.path}, Model: row.model, Region: "us-east-1",
						Secret: clouds.NewSecret(row.key), Protocol: row.protocol},
				}
				if host == "" {
					s.Target.Plane = row.plane
				}
				if row.protocol == clouds.ByConverse {
					s.Empty, s.Blind = "must start with a user message", true
				}
				cloudtest.Run(t, s)
			})
		}
	}
}

func TestSurfaces(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ model, path, plane, host, said string }{
		"runtime":                              {"us.openai.gpt-6-astra", "/openai/v1", "runtime", hosts["runtime"], ""},
		"mantle":                               {"openai.gpt-6-sol", "/openai/v1", "mantle", hosts["mantle"], ""},
		"mantle, open weights":                 {"openai.gpt-oss-120b", "/v1", "mantle", hosts["mantle"], ""},
		"mantle, as the configuration says":    {"openai.gpt-6-sol", "/openai/v1", "mantle", "", clouds.Mantle},
		"runtime, against its host's own name": {"us.openai.gpt-6-astra", "/openai/v1", "runtime", "bedrock-mantle.proxy.example", clouds.Runtime},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := cloudtest.Subject{
				Adapter:  bedrock.New(),
				Host:     row.host,
				Emulator: emulator.Config{Cloud: "aws", Models: []emulator.Model{{Name: row.model}}, Keys: []string{"ABSK-emulated"}, Region: "us-east-1", Plane: row.plane},
				Target: clouds.Target{Cloud: "aws", Base: &url.URL{Path: row.path}, Model: row.model, Region: "us-east-1", Plane: row.said,
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
