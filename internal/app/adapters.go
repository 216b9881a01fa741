package app

import (
	"net/http"

	"concord/clouds"
	"concord/clouds/alibaba"
	"concord/clouds/azure"
	"concord/clouds/bedrock"
	"concord/clouds/openai"
	"concord/clouds/upstream"
	"concord/clouds/vertex"
	"concord/gateway"
)

// adapters returns one adapter for each cloud that this program speaks.
func adapters() map[string]clouds.Adapter {
	all := map[string]clouds.Adapter{}
	for _, a := range []clouds.Adapter{azure.New(), bedrock.New(), vertex.New(), alibaba.New(), openai.New(), openai.NewCompatible()} {
		all[a.Cloud()] = a
	}
	return all
}

// CloudNames lists the clouds that this program speaks to in their own dialects. Any other is reached by accounts of the kind
// "openai-compatible".
func CloudNames() []string {
	all := adapters()
	delete(all, clouds.OpenAICompatible)
	return sortedKeys(all)
}

// toClouds returns what carries requests to the clouds: our own client, and net/http's for what that does not do.
func toClouds(c *Config) http.RoundTripper {
	return upstream.New(upstream.Settings{
		Connect: c.Timeouts.Connect, Proxy: http.ProxyFromEnvironment,
		Fallback: gateway.NewTransport(gateway.TransportSettings{Connect: c.Timeouts.Connect}),
	})
}
