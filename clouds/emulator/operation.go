package emulator

import (
	"net/http"
	"strings"
)

// An operation is one thing that a path and a method ask for.
type operation uint8

const (
	chatCompletion operation = iota + 1
	createResponse
	getResponse
	deleteResponse
	cancelResponse
	inputItems
	createEmbedding
	createCompletion
	generateImage
	editImage
	createSpeech
	createTranscription
	createTranslation
	createModeration
	listModels
	getModel
	invoke       // of Bedrock's runtime, like the next three
	invokeStream //
	converse     //
	converseStream
	backgroundEnd // no request: the end of a response that was made in the background
	numOperations
)

// A surface is what is fixed about an operation. The members are those of openai-openapi 2.3.0.
type surface struct {
	name   string // in the journal
	method string
	path   string // with {id} where an object or a model is named
	form   bool   // a multipart form carries it
	fields []string
}

var surfaces = [numOperations]surface{
	chatCompletion: {"chat", http.MethodPost, "/chat/completions", false, known},
	createResponse: {"responses", http.MethodPost, "/responses", false, strings.Fields(`background context_management conversation include input
		instructions max_output_tokens max_tool_calls metadata model moderation parallel_tool_calls previous_response_id prompt prompt_cache_key
		prompt_cache_options prompt_cache_retention reasoning safety_identifier service_tier store stream stream_options temperature text
		tool_choice tools top_logprobs top_p truncation user`)},
	getResponse:     {"responses.get", http.MethodGet, "/responses/{id}", false, nil},
	deleteResponse:  {"responses.delete", http.MethodDelete, "/responses/{id}", false, nil},
	cancelResponse:  {"responses.cancel", http.MethodPost, "/responses/{id}/cancel", false, nil},
	inputItems:      {"responses.input_items", http.MethodGet, "/responses/{id}/input_items", false, nil},
	createEmbedding: {"embeddings", http.MethodPost, "/embeddings", false, strings.Fields(`model input encoding_format dimensions user`)},
	createCompletion: {"completions", http.MethodPost, "/completions", false, strings.Fields(`model prompt best_of echo frequency_penalty logit_bias
		logprobs max_tokens n presence_penalty seed stop stream stream_options suffix temperature top_p user`)},
	generateImage: {"images.generate", http.MethodPost, "/images/generations", false, strings.Fields(`prompt model n quality response_format
		output_format output_compression stream partial_images size moderation background style user`)},
	editImage: {"images.edit", http.MethodPost, "/images/edits", true, strings.Fields(`image image[] images prompt mask background model n size response_format
		output_format output_compression user input_fidelity stream partial_images quality moderation`)},
	createSpeech: {"audio.speech", http.MethodPost, "/audio/speech", false, strings.Fields(`model input instructions voice response_format speed stream_format`)},
	createTranscription: {"audio.transcription", http.MethodPost, "/audio/transcriptions", true, strings.Fields(`file model language languages keywords prompt
		response_format temperature include include[] timestamp_granularities timestamp_granularities[] stream chunking_strategy
		known_speaker_names known_speaker_names[] known_speaker_references known_speaker_references[] languages[] keywords[]`)},
	createTranslation: {"audio.translation", http.MethodPost, "/audio/translations", true, strings.Fields(`file model prompt response_format temperature`)},
	createModeration:  {"moderations", http.MethodPost, "/moderations", false, strings.Fields(`input model`)},
	listModels:        {"models", http.MethodGet, "/models", false, nil},
	getModel:          {"models.get", http.MethodGet, "/models/{id}", false, nil},
	invoke:            {"invoke", http.MethodPost, "/model/{id}/invoke", false, known},
	invokeStream:      {"invoke.stream", http.MethodPost, "/model/{id}/invoke-with-response-stream", false, known},
	converse:          {"converse", http.MethodPost, "/model/{id}/converse", false, converseFields},
	converseStream:    {"converse.stream", http.MethodPost, "/model/{id}/converse-stream", false, converseFields},
	backgroundEnd:     {"responses.background", "", "", false, nil},
}

var converseFields = strings.Fields(`messages system inferenceConfig additionalModelRequestFields toolConfig requestMetadata serviceTier performanceConfig`)

func (o operation) String() string { return surfaces[o].name }

// stored reports whether the operation is about an object that was made before.
func (o operation) stored() bool { return o >= getResponse && o <= inputItems }

// find gives the operation of a method and a path below the prefix of the API; wrongMethod tells that only the method does
// not fit.
func find(method, path string, among func(operation) bool) (op operation, id string, wrongMethod bool) {
	for o := chatCompletion; o < backgroundEnd; o++ {
		if !among(o) {
			continue
		}
		before, after, named := strings.Cut(surfaces[o].path, "{id}")
		got, ok := strings.CutPrefix(path, before)
		if ok && named {
			got, ok = strings.CutSuffix(got, after)
			ok = ok && got != "" && !strings.Contains(got, "/")
		} else {
			ok = ok && got == ""
		}
		switch {
		case ok && surfaces[o].method == method:
			return o, got, false
		case ok:
			wrongMethod = true
		}
	}
	return 0, "", wrongMethod
}

// ofOpenAI are the operations of OpenAI's own API.
func ofOpenAI(o operation) bool { return o <= getModel }

// responsesOf reports the operations on responses.
func responsesOf(o operation) bool { return o >= createResponse && o <= inputItems }
