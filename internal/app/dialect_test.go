package app_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"concord/clouds"
	"concord/internal/app"
)

const gcpAccount = "    cloud: gcp\n    holder: google"

func TestConfig_any_host_that_takes_OpenAIs_API_is_a_cloud(t *testing.T) {
	text := strings.ReplaceAll(example(t), gcpAccount,
		"    cloud: cerebras\n    kind: openai-compatible\n    rejects: [logit_bias, service_tier]\n    holder: google")
	src := withConfig(text, nil)
	read := src.Read
	src.Read = func(path string) ([]byte, error) { // the agreements know the cloud by that name too
		content, err := read(path)
		return bytes.ReplaceAll(content, []byte("gcp"), []byte("cerebras")), err
	}

	c, err := app.Load("concord.yaml", src, known)
	if err != nil {
		t.Fatal(err)
	}

	found := 0
	for i := range c.Targets {
		if to := &c.Targets[i]; to.Cloud == "cerebras" {
			found++
			if to.Speaks() != clouds.OpenAICompatible || to.Rejects != clouds.FieldLogitBias|clouds.FieldServiceTier {
				t.Errorf("speaks %s, rejects %b", to.Speaks(), to.Rejects)
			}
		}
	}
	if found == 0 {
		t.Error("no target on the new cloud")
	}
}

func TestConfig_mistakes_in_how_a_cloud_is_spoken_to(t *testing.T) {
	for name, c := range map[string]struct{ by, says string }{
		"another kind":               {"    cloud: x\n    kind: grpc\n    holder: google", `of kind "grpc", which this program does not know`},
		"a dialect of its own":       {"    cloud: azure\n    kind: openai-compatible\n    holder: google", `on cloud "azure", which is spoken to in its own dialect`},
		"no name":                    {"    kind: openai-compatible\n    holder: google", "names no cloud"},
		"no member of requests":      {"    cloud: x\n    kind: openai-compatible\n    rejects: [colour]\n    holder: google", `"colour" is no member of requests`},
		"what cannot be left out":    {"    cloud: x\n    kind: openai-compatible\n    rejects: [model]\n    holder: google", `"model" is no member of requests`},
		"a plane of another cloud":   {"    cloud: gcp\n    plane: runtime\n    holder: google", `on cloud "gcp", which has no planes`},
		"rejects of a cloud we know": {"    cloud: gcp\n    rejects: [logit_bias]\n    holder: google", `which is known of cloud "gcp"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := app.Load("concord.yaml", withConfig(strings.ReplaceAll(example(t), gcpAccount, c.by), nil), known)
			if _, ok := errors.AsType[*app.Invalid](err); !ok || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want %q", err, c.says)
			}
		})
	}
}

// awsAccount and awsDeployment are as the example has them.
const (
	awsAccount    = "    cloud: aws\n"
	awsDeployment = "account: openai-us-east-1"
)

func TestConfig_Bedrocks_plane_and_protocol_are_settings(t *testing.T) {
	text := strings.Replace(example(t), awsAccount, awsAccount+"    plane: mantle\n", 1)
	c, err := app.Load("concord.yaml", withConfig(text, nil), known)
	if err != nil {
		t.Fatal(err)
	}
	planes := 0
	for i := range c.Targets {
		if to := &c.Targets[i]; to.Plane == clouds.Mantle && to.Cloud == "aws" {
			planes++
		}
	}
	if planes == 0 {
		t.Error("no target on mantle")
	}

	text = strings.Replace(example(t), awsDeployment, awsDeployment+", protocol: converse", 1)
	if c, err = app.Load("concord.yaml", withConfig(text, nil), known); err != nil {
		t.Fatal(err)
	}
	conversing := 0
	for i := range c.Targets {
		if c.Targets[i].Protocol == clouds.ByConverse {
			conversing++
		}
	}
	if conversing != 1 {
		t.Errorf("%d targets converse", conversing)
	}
}

func TestConfig_mistakes_in_plane_and_protocol(t *testing.T) {
	for name, row := range map[string]struct{ account, deployment, says string }{
		"no such plane":          {"    plane: moon\n", "", `on plane "moon", which Bedrock does not have`},
		"no such protocol":       {"", ", protocol: grpc", `reached by "grpc", which Bedrock does not speak`},
		"mantle has no Converse": {"    plane: mantle\n", ", protocol: converse", "which Bedrock's mantle plane does not speak"},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(example(t), awsAccount, awsAccount+row.account, 1)
			text = strings.Replace(text, awsDeployment, awsDeployment+row.deployment, 1)
			_, err := app.Load("concord.yaml", withConfig(text, nil), known)
			if _, ok := errors.AsType[*app.Invalid](err); !ok || !strings.Contains(err.Error(), row.says) {
				t.Errorf("got %v, want %q", err, row.says)
			}
		})
	}
}
