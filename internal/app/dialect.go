package app

import (
	"slices"
	"strings"

	"concord/clouds"
)

// dialect checks how an account's cloud is spoken to, and returns the members of requests that its host does not take.
func (l *loader) dialect(id string, a account) clouds.Fields {
	names := strings.Join(CloudNames(), ", ")
	own := slices.Contains(CloudNames(), a.Cloud.Value)
	compatible := a.Kind.Value == clouds.OpenAICompatible
	switch {
	case a.Kind.Given() && !compatible:
		l.reject("config-kind", a.Kind, "write kind: "+clouds.OpenAICompatible+", or leave it out for one of: "+names, "account %s is of kind %q, which this program does not know", id, a.Kind.Value)
	case compatible && own:
		l.reject("config-kind", a.Kind, "leave kind out, or give the cloud a name of its own", "account %s is on cloud %q, which is spoken to in its own dialect", id, a.Cloud.Value)
	case compatible && a.Cloud.Value == "":
		l.reject("config-cloud", a.Cloud, "name it as the agreements do: cloud: cerebras", "account %s names no cloud", id)
	case !compatible && !own:
		l.reject("config-cloud", a.Cloud, "use one of: "+names+"; or add kind: "+clouds.OpenAICompatible+" if its host takes OpenAI's API as it is", "account %s is on cloud %q, which this program does not speak", id, a.Cloud.Value)
	}
	rejects := clouds.Fields(0)
	for _, name := range a.Rejects {
		field := clouds.FieldOf(name.Value)
		switch {
		case !compatible:
			l.reject("config-rejects", name, "leave rejects out", "account %s lists what its host rejects, which is known of cloud %q", id, a.Cloud.Value)
			return 0
		case field == 0 || field&(clouds.FieldModel|clouds.FieldMessages|clouds.FieldStream|clouds.FieldInput) != 0:
			l.reject("config-rejects", name, "name an optional member of requests, such as logit_bias or service_tier", "account %s: %q is no member of requests that can be left out or refused", id, name.Value)
		}
		rejects |= field
	}
	return rejects
}

// amazon is the cloud whose accounts have planes and whose models have protocols.
const amazon = "aws"

// plane checks on which of Amazon's planes an account's endpoint is; "" = its host says.
func (l *loader) plane(id string, a account) string {
	switch p := a.Plane; {
	case p.Given() && a.Cloud.Value != amazon:
		l.reject("config-plane", p, "leave plane out", "account %s is on cloud %q, which has no planes", id, a.Cloud.Value)
	case p.Given() && p.Value != clouds.Runtime && p.Value != clouds.Mantle:
		l.reject("config-plane", p, "write plane: "+clouds.Runtime+" or plane: "+clouds.Mantle, "account %s is on plane %q, which Bedrock does not have", id, p.Value)
	}
	return a.Plane.Value
}

// protocol checks by which of Amazon's protocols a deployment's model is reached; "" = by its account's endpoint.
func (l *loader) protocol(d deployment, a account) string {
	p := d.Protocol
	switch {
	case !p.Given():
	case a.Cloud.Value != amazon:
		l.reject("config-protocol", p, "leave protocol out", "deployment %s is on cloud %q, which has one protocol", d.ID.Value, a.Cloud.Value)
	case !slices.Contains([]string{clouds.ByOpenAI, clouds.ByInvoke, clouds.ByConverse}, p.Value):
		l.reject("config-protocol", p, "write one of: openai, invoke, converse", "deployment %s is reached by %q, which Bedrock does not speak", d.ID.Value, p.Value)
	case p.Value != clouds.ByOpenAI && (a.Plane.Value == clouds.Mantle || !a.Plane.Given() && strings.Contains(a.Endpoint.Value, "bedrock-mantle")):
		l.reject("config-protocol", p, "leave protocol out, or name an account on the runtime plane", "deployment %s is reached by %s, which Bedrock's mantle plane does not speak", d.ID.Value, p.Value)
	}
	return p.Value
}
