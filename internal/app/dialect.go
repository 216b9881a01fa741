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
