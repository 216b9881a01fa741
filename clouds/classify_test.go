package clouds_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"concord/clouds"
	"concord/clouds/alibaba"
	"concord/clouds/azure"
	"concord/clouds/bedrock"
	"concord/clouds/openai"
	"concord/clouds/vertex"
	"concord/delivery"
)

// said is an answer as a cloud sends it, and what it must be taken for.
type said struct {
	name   string
	cloud  clouds.Adapter
	status int
	header http.Header
	body   string
	want   delivery.Outcome
	after  time.Duration
	shown  string // part of the body for the client; "same" = byte for byte
}

func header(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Set(pairs[i], pairs[i+1])
	}
	return h
}

// The bodies are those that were seen on the wire; see docs/clouds.md for the sources.
var errorsSeen = []said{
	{name: "openai: wrong key", cloud: openai.New(), status: 401, body: `{"error":{"message":"Incorrect API key provided: sk-abc.","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}`,
		want: delivery.Credential, shown: "upstream_configuration"},
	{name: "openai: region", cloud: openai.New(), status: 403, body: `{"error":{"message":"Country, region, or territory not supported","type":"request_forbidden","param":null,"code":"unsupported_country_region_territory"}}`,
		want: delivery.Credential},
	{name: "openai: unsupported parameter", cloud: openai.New(), status: 400, body: `{"error":{"code":"unsupported_parameter","message":"Unsupported parameter: 'max_tokens' is not supported with this model.","param":"max_tokens","type":"invalid_request_error"}}`,
		want: delivery.ClientFault, shown: "same"},
	{name: "openai: context", cloud: openai.New(), status: 400, body: `{"error":{"message":"This model's maximum context length is 8192 tokens.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}`,
		want: delivery.ClientFault, shown: "same"},
	{name: "openai: too large", cloud: openai.New(), status: 413, body: ``, want: delivery.ClientFault, shown: "refused the request"},
	{name: "openai: rate", cloud: openai.New(), status: 429, header: header("Retry-After", "7", "Retry-After-Ms", "6500"),
		body: `{"error":{"message":"Rate limit reached for gpt-5 in organization org-1","type":"tokens","param":null,"code":"rate_limit_exceeded"}}`,
		want: delivery.Throttled, after: 6500 * time.Millisecond, shown: "take no more requests"},
	{name: "openai: rate, reset in a header", cloud: openai.New(), status: 429,
		header: header("X-Ratelimit-Remaining-Requests", "0", "X-Ratelimit-Reset-Requests", "6m0s", "X-Ratelimit-Remaining-Tokens", "10", "X-Ratelimit-Reset-Tokens", "9h"),
		body:   `{"error":{"message":"m","type":"requests","param":null,"code":"rate_limit_exceeded"}}`, want: delivery.Throttled, after: 6 * time.Minute},
	{name: "openai: rate, reset in the text", cloud: openai.New(), status: 429, body: `{"error":{"message":"Rate limit reached. Please try again in 1m12.5s. Visit","type":"requests","param":null,"code":"rate_limit_exceeded"}}`,
		want: delivery.Throttled, after: 72500 * time.Millisecond},
	{name: "openai: rate, Retry-After as a date", cloud: openai.New(), status: 429, header: header("Date", "Thu, 14 Aug 2025 02:18:43 GMT", "Retry-After", "Thu, 14 Aug 2025 02:18:53 GMT"),
		body: `{}`, want: delivery.Throttled, after: 10 * time.Second},
	{name: "openai: money gone", cloud: openai.New(), status: 429, body: `{"error":{"message":"You exceeded your current quota","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}`,
		want: delivery.Quota, shown: "upstream_quota"},
	{name: "openai: spend limit", cloud: openai.New(), status: 429, body: `{"error":{"message":"m","type":"insufficient_quota","param":null,"code":"project_spend_limit_exceeded"}}`, want: delivery.Quota},
	{name: "openai: overload", cloud: openai.New(), status: 503, body: `{"error":{"message":"m","type":"service_unavailable_error","param":null,"code":"server_is_overloaded"}}`, want: delivery.Throttled},
	{name: "openai: unavailable", cloud: openai.New(), status: 503, body: `upstream connect error`, want: delivery.ServerError},
	{name: "openai: locked", cloud: openai.New(), status: 409, body: `{}`, want: delivery.ServerError},
	{name: "openai: timeout", cloud: openai.New(), status: 408, body: `{}`, want: delivery.Timeout},
	{name: "openai: 200 with an error", cloud: openai.New(), status: 200, body: `{"error":{"message":"m","type":"server_error","param":null,"code":null}}`, want: delivery.ServerError},
	{name: "openai: 200 with an error in the stream", cloud: openai.New(), status: 200, body: "data: {\"id\":\"x\",\"choices\":[{\"delta\":{\"role\":\"assistant\"}}]}\n\ndata: {\"error\":{\"message\":\"m\",\"type\":\"insufficient_quota\",\"param\":null,\"code\":\"insufficient_quota\"}}\n\n",
		want: delivery.Quota},
	{name: "openai: 200 with an object that is no answer", cloud: openai.New(), status: 200, body: `{"object":"error","message":"m","code":503}`, want: delivery.ServerError},
	{name: "openai: 200 with nothing", cloud: openai.New(), status: 200, body: ``, want: delivery.ServerError},
	{name: "openai: 200 with half an answer", cloud: openai.New(), status: 200, body: `{"id":"x","choices":[`, want: delivery.ServerError},

	{name: "azure: wrong key", cloud: azure.New(), status: 401, body: `{"error":{"code":"401","message":"Access denied due to invalid subscription key or wrong API endpoint."}}`,
		want: delivery.Credential, shown: "upstream_configuration"},
	{name: "azure: deployment", cloud: azure.New(), status: 404, body: `{"error":{"code":"DeploymentNotFound","message":"The API deployment for this resource does not exist."}}`, want: delivery.Credential},
	{name: "azure: rate in the text", cloud: azure.New(), status: 429, body: `{"error":{"code":"429","message":"Rate limit is exceeded. Try again in 2 seconds."}}`,
		want: delivery.Throttled, after: 2 * time.Second},
	{name: "azure: larger than the whole limit", cloud: azure.New(), status: 429, body: `{"error":{"code":"429","message":"Requests to the ChatCompletions_Create Operation have exceeded token rate limit of your current OpenAI S0 pricing tier. Please retry after 86400 seconds."}}`,
		want: delivery.Unsupported, shown: "take no more requests"},
	{name: "azure: provisioned capacity is full", cloud: azure.New(), status: 429, header: header("Retry-After-Ms", "350", "Retry-After", "1"), body: `{"error":{"code":"429","message":"m"}}`,
		want: delivery.Throttled, after: 350 * time.Millisecond},
	{name: "azure: prompt filtered", cloud: azure.New(), status: 400, body: `{"error":{"message":"The response was filtered","type":null,"param":"prompt","code":"content_filter","status":400,"innererror":{"code":"ResponsibleAIPolicyViolation"}}}`,
		want: delivery.Policy, shown: "same"},
	{name: "azure: failed dependency", cloud: azure.New(), status: 424, body: `{}`, want: delivery.ServerError},

	{name: "bedrock: runtime key", cloud: bedrock.New(), status: 403, body: `{"Message":"Authentication failed: Please make sure your API Key is valid."}`, want: delivery.Credential, shown: "upstream_configuration"},
	{name: "bedrock: mantle key", cloud: bedrock.New(), status: 401, body: `{"error":{"code":"invalid_api_key","message":"Invalid bearer token","param":null,"type":"invalid_request_error"}}`, want: delivery.Credential},
	{name: "bedrock: signature expired, as a 400", cloud: bedrock.New(), status: 400, header: header("X-Amzn-Errortype", "RequestExpired:http://internal.amazon.com/"), body: `{"message":"m"}`, want: delivery.Credential},
	{name: "bedrock: wrong API", cloud: bedrock.New(), status: 400, body: `{"error":{"code":"validation_error","message":"The model 'openai.gpt-5.6-luna' does not support the '/v1/chat/completions' API","param":null,"type":"invalid_request_error"}}`,
		want: delivery.Unsupported, shown: "same"},
	{name: "bedrock: wrong prefix", cloud: bedrock.New(), status: 400, body: `{"message":"model ` + "`x`" + ` isn't supported on this route"}`, want: delivery.Credential},
	{name: "bedrock: nested", cloud: bedrock.New(), status: 400, header: header("X-Amzn-Errortype", "ValidationException"),
		body: `{"message":"The model returned the following errors: {\"error\":{\"code\":\"unknown_parameter\",\"message\":\"Unknown parameter: 'thinking'.\",\"param\":\"thinking\",\"type\":\"invalid_request_error\"}}"}`,
		want: delivery.ClientFault, shown: `{"error":{"message":"Unknown parameter: 'thinking'.","type":"invalid_request_error","param":"thinking","code":"unknown_parameter"}}`},
	{name: "bedrock: throttled", cloud: bedrock.New(), status: 429, header: header("X-Amzn-Errortype", "ThrottlingException"), body: `{"message":"m"}`, want: delivery.Throttled},
	{name: "bedrock: quota, as a 400", cloud: bedrock.New(), status: 400, header: header("X-Amzn-Errortype", "ServiceQuotaExceededException"), body: `{"message":"m"}`, want: delivery.Throttled},
	{name: "bedrock: model timeout", cloud: bedrock.New(), status: 408, header: header("X-Amzn-Errortype", "ModelTimeoutException"), body: `{"message":"m"}`, want: delivery.Timeout},
	{name: "bedrock: overload", cloud: bedrock.New(), status: 529, body: `{"message":"m"}`, want: delivery.Throttled},
	{name: "bedrock: 200 with an error", cloud: bedrock.New(), status: 200, body: `{"Output":{"__type":"com.amazon.coral.service#UnknownOperationException"},"Version":"1.0"}`, want: delivery.ServerError},

	{name: "vertex: exhausted, in an array", cloud: vertex.New(), status: 429, body: `[{"error":{"code":429,"message":"Resource exhausted. Please try again later.","status":"RESOURCE_EXHAUSTED"}}]`, want: delivery.Throttled},
	{name: "vertex: invalid", cloud: vertex.New(), status: 400, body: `[{"error":{"code":400,"message":"Too many tokens.","status":"INVALID_ARGUMENT"}}]`,
		want: delivery.ClientFault, shown: `{"error":{"message":"Too many tokens.","type":"invalid_request_error","param":null,"code":null}}`},
	{name: "vertex: token", cloud: vertex.New(), status: 401, body: `{"error":{"code":401,"message":"Request had invalid authentication credentials.","status":"UNAUTHENTICATED"}}`, want: delivery.Credential},
	{name: "vertex: cancelled", cloud: vertex.New(), status: 499, body: `{"error":{"code":499,"message":"m","status":"CANCELLED"}}`, want: delivery.ServerError},
	{name: "vertex: deadline", cloud: vertex.New(), status: 504, body: `{"error":{"code":504,"message":"m","status":"DEADLINE_EXCEEDED"}}`, want: delivery.Timeout},
	{name: "vertex: 200 with an error", cloud: vertex.New(), status: 200, body: `[{"error":{"code":429,"message":"m","status":"RESOURCE_EXHAUSTED"}}]`, want: delivery.Throttled},

	{name: "alibaba: parameter", cloud: alibaba.New(), status: 400, body: `{"error":{"code":"invalid_parameter_error","param":null,"message":"Range of input length should be [1, 98304]","type":"invalid_request_error"},"id":"chatcmpl-1","request_id":"1"}`,
		want: delivery.ClientFault, shown: "same"},
	{name: "alibaba: native envelope", cloud: alibaba.New(), status: 400, body: `{"code":"InvalidParameter","message":"bad","request_id":"1"}`,
		want: delivery.ClientFault, shown: `{"error":{"message":"bad","type":"invalid_request_error","param":null,"code":"InvalidParameter"}}`},
	{name: "alibaba: content", cloud: alibaba.New(), status: 400, body: `{"error":{"code":"data_inspection_failed","param":null,"message":"Input data may contain inappropriate content.","type":"data_inspection_failed"}}`,
		want: delivery.Policy, shown: "same"},
	{name: "alibaba: tokens per minute", cloud: alibaba.New(), status: 429, body: `{"error":{"code":"insufficient_quota","param":null,"message":"You exceeded your current quota, please check your plan and billing details.","type":"insufficient_quota"}}`, want: delivery.Throttled},
	{name: "alibaba: free quota", cloud: alibaba.New(), status: 429, body: `{"error":{"code":"insufficient_quota","param":null,"message":"The free quota of this model is exhausted.","type":"insufficient_quota"}}`, want: delivery.Quota},
	{name: "alibaba: unpaid", cloud: alibaba.New(), status: 400, body: `{"error":{"code":"Arrearage","param":null,"message":"Access denied, please make sure your account is in good standing.","type":"Arrearage"}}`,
		want: delivery.Quota, shown: "upstream_quota"},
	{name: "alibaba: key of another region", cloud: alibaba.New(), status: 401, body: `{"error":{"code":"invalid_api_key","param":null,"message":"Incorrect API key provided.","type":"invalid_request_error"}}`, want: delivery.Credential},
	{name: "alibaba: not on the list", cloud: alibaba.New(), status: 403, body: `{"error":{"code":"access_denied","message":"m"}}`, want: delivery.Credential},
}

func TestErrorsAreReadAsEachCloudMeansThem(t *testing.T) {
	t.Parallel()
	for _, row := range errorsSeen {
		t.Run(row.name, func(t *testing.T) {
			got := row.cloud.Classify(chat, row.status, row.header, []byte(row.body))
			if got.Outcome != row.want || time.Duration(got.RetryAfter) != row.after {
				t.Errorf("outcome %d after %v, want %d after %v", got.Outcome, time.Duration(got.RetryAfter), row.want, row.after)
			}
			if row.shown == "same" && string(got.Body) != row.body || row.shown != "same" && !strings.Contains(string(got.Body), row.shown) {
				t.Errorf("the client sees %s, want %s", got.Body, row.shown)
			}
			if !json.Valid(got.Body) || got.Status < 400 {
				t.Errorf("the client sees status %d and %s", got.Status, got.Body)
			}
			if row.want == delivery.Credential && (strings.Contains(got.Detail, "key provided") || strings.Contains(string(got.Body), "sk-")) {
				t.Errorf("a credential error tells %q and %s", got.Detail, got.Body)
			}
		})
	}
}

func TestRecordedErrorsAreRead(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]delivery.Outcome{"chat-unknown-model": delivery.Credential, "chat-bad-request": delivery.ClientFault,
		"chat-no-messages": delivery.ClientFault, "chat-basic": delivery.Answered, "azure-chat-basic": delivery.Answered} {
		r := cassette(t, name)
		got := openai.New().Classify(chat, r.Code, r.Headers, []byte(r.Body))
		if got.Outcome != want {
			t.Errorf("%s is taken for %d", name, got.Outcome)
		}
		if want == delivery.ClientFault && string(got.Body) != r.Body {
			t.Errorf("%s: the client sees %s", name, got.Body)
		}
	}
}
