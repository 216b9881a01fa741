package clouds

import "math/bits"

// Fields is a set of members of a request body that the gateway or a cloud's field policy knows. One name may mean
// different things on different surfaces ("background"); the set only says that it is there.
type Fields uint64

// The known members of requests, by their names.
const (
	FieldModel Fields = 1 << iota
	FieldMessages
	FieldStream
	FieldStreamOptions
	FieldMaxTokens
	FieldMaxCompletionTokens
	FieldN
	FieldStore
	FieldMetadata
	FieldUser
	FieldSafetyIdentifier
	FieldPromptCacheKey
	FieldPromptCacheOptions
	FieldPromptCacheRetention
	FieldServiceTier
	FieldModeration
	FieldVerbosity
	FieldWebSearchOptions
	FieldTools
	FieldToolChoice
	FieldParallelToolCalls
	FieldFunctions
	FieldFunctionCall
	FieldResponseFormat
	FieldLogprobs
	FieldTopLogprobs
	FieldLogitBias
	FieldModalities
	FieldAudio
	FieldPrediction
	FieldReasoningEffort
	FieldSeed
	FieldStop
	FieldTemperature
	FieldTopP
	FieldFrequencyPenalty
	FieldPresencePenalty
	FieldMaxOutputTokens
	FieldInput
	FieldPreviousResponse
	FieldBackground
	FieldConversation
	FieldPrompt
	FieldInstructions
	FieldInclude
	FieldReasoning
	FieldText
	FieldTruncation
	FieldContextManagement
	FieldMaxToolCalls
	FieldBestOf
	FieldSuffix
	FieldDimensions
	FieldEncodingFormat
	FieldStreamFormat
	FieldPartialImages
	FieldChunkingStrategy
	numFields = iota
)

var fieldNames = [numFields]string{
	"model", "messages", "stream", "stream_options", "max_tokens", "max_completion_tokens", "n", "store", "metadata", "user",
	"safety_identifier", "prompt_cache_key", "prompt_cache_options", "prompt_cache_retention", "service_tier", "moderation",
	"verbosity", "web_search_options", "tools", "tool_choice", "parallel_tool_calls", "functions", "function_call",
	"response_format", "logprobs", "top_logprobs", "logit_bias", "modalities", "audio", "prediction", "reasoning_effort",
	"seed", "stop", "temperature", "top_p", "frequency_penalty", "presence_penalty", "max_output_tokens", "input",
	"previous_response_id", "background", "conversation", "prompt", "instructions", "include", "reasoning", "text", "truncation",
	"context_management", "max_tool_calls", "best_of", "suffix", "dimensions", "encoding_format", "stream_format",
	"partial_images", "chunking_strategy",
}

// ofLength are the known members whose names have that many bytes: a lookup compares a few names, not all.
var ofLength = [...]Fields{
	1:  FieldN,
	4:  FieldUser | FieldSeed | FieldStop | FieldText,
	5:  FieldModel | FieldStore | FieldTools | FieldAudio | FieldTopP | FieldInput,
	6:  FieldStream | FieldPrompt | FieldSuffix,
	7:  FieldInclude | FieldBestOf,
	8:  FieldMessages | FieldMetadata | FieldLogprobs,
	9:  FieldVerbosity | FieldFunctions | FieldReasoning,
	10: FieldMaxTokens | FieldModeration | FieldLogitBias | FieldModalities | FieldPrediction | FieldBackground | FieldTruncation | FieldDimensions,
	11: FieldToolChoice | FieldTemperature,
	12: FieldServiceTier | FieldTopLogprobs | FieldConversation | FieldInstructions,
	13: FieldFunctionCall | FieldStreamFormat,
	14: FieldStreamOptions | FieldMaxToolCalls | FieldPartialImages,
	15: FieldResponseFormat | FieldEncodingFormat,
	16: FieldPromptCacheKey | FieldReasoningEffort | FieldPresencePenalty,
	17: FieldSafetyIdentifier | FieldFrequencyPenalty | FieldMaxOutputTokens | FieldChunkingStrategy,
	18: FieldWebSearchOptions | FieldContextManagement,
	19: FieldParallelToolCalls,
	20: FieldPromptCacheOptions | FieldPreviousResponse,
	21: FieldMaxCompletionTokens,
	22: FieldPromptCacheRetention,
}

// metered are the members that decide what is served, where, and what it costs; a body that gives one of them twice, or in
// another case, could be read by the gateway in one way and by the cloud in another, and is refused.
const metered = FieldModel | FieldStream | FieldStreamOptions | FieldMaxTokens | FieldMaxCompletionTokens | FieldN | FieldStore |
	FieldMaxOutputTokens | FieldPreviousResponse | FieldBackground | FieldBestOf | FieldStreamFormat | FieldResponseFormat |
	FieldInput | FieldServiceTier | FieldConversation | FieldTools

// First returns the name of the first member of the set, "" of an empty one.
func (f Fields) First() string {
	if i := bits.TrailingZeros64(uint64(f)); i < numFields {
		return fieldNames[i]
	}
	return ""
}

// Hints are members that label a request or help to serve it; without them the answer means the same.
const Hints = FieldMetadata | FieldUser | FieldSafetyIdentifier | FieldPromptCacheKey | FieldPromptCacheOptions |
	FieldPromptCacheRetention | FieldServiceTier | FieldVerbosity

// FieldOf returns the known member of that name, 0 for another.
func FieldOf(name string) Fields { return fieldOf([]byte(name)) }

// fieldOf returns the known member of that name, 0 for another.
func fieldOf(key []byte) Fields {
	if len(key) >= len(ofLength) {
		return 0
	}
	for set := ofLength[len(key)]; set != 0; set &= set - 1 {
		if i := bits.TrailingZeros64(uint64(set)); fieldNames[i] == string(key) {
			return 1 << i
		}
	}
	return 0
}
