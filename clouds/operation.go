package clouds

import (
	"net/http"
	"strings"

	"concord/agreement"
)

// An Operation is one thing that a client can ask of a surface. The set is closed: what it does not hold is not served, so
// that nothing is served unmetered.
type Operation uint8

// The operations, with their method and path.
const (
	CreateChat          Operation = iota + 1 // POST /chat/completions
	CreateResponse                           // POST /responses
	GetResponse                              // GET /responses/{id}
	DeleteResponse                           // DELETE /responses/{id}
	CancelResponse                           // POST /responses/{id}/cancel
	ListInputItems                           // GET /responses/{id}/input_items
	CreateEmbedding                          // POST /embeddings
	CreateCompletion                         // POST /completions
	GenerateImage                            // POST /images/generations
	EditImage                                // POST /images/edits
	CreateSpeech                             // POST /audio/speech
	CreateTranscription                      // POST /audio/transcriptions
	CreateTranslation                        // POST /audio/translations
	CreateModeration                         // POST /moderations
	numOperations
)

// shape is what is fixed about an operation.
type shape struct {
	api       agreement.API
	method    string
	path      string // with {id} where a stored object's id stands
	multipart bool   // a form may carry the request
	name      string // for people
}

var shapes = [numOperations]shape{
	CreateChat:          {agreement.Chat, http.MethodPost, "/chat/completions", false, "chat completions"},
	CreateResponse:      {agreement.Responses, http.MethodPost, "/responses", false, "responses"},
	GetResponse:         {agreement.Responses, http.MethodGet, "/responses/{id}", false, "stored responses"},
	DeleteResponse:      {agreement.Responses, http.MethodDelete, "/responses/{id}", false, "stored responses"},
	CancelResponse:      {agreement.Responses, http.MethodPost, "/responses/{id}/cancel", false, "background responses"},
	ListInputItems:      {agreement.Responses, http.MethodGet, "/responses/{id}/input_items", false, "stored responses"},
	CreateEmbedding:     {agreement.Embeddings, http.MethodPost, "/embeddings", false, "embeddings"},
	CreateCompletion:    {agreement.Completions, http.MethodPost, "/completions", false, "completions"},
	GenerateImage:       {agreement.Images, http.MethodPost, "/images/generations", false, "image generation"},
	EditImage:           {agreement.Images, http.MethodPost, "/images/edits", true, "image edits"},
	CreateSpeech:        {agreement.Audio, http.MethodPost, "/audio/speech", false, "speech"},
	CreateTranscription: {agreement.Audio, http.MethodPost, "/audio/transcriptions", true, "transcription"},
	CreateTranslation:   {agreement.Audio, http.MethodPost, "/audio/translations", true, "translation"},
	CreateModeration:    {agreement.Moderations, http.MethodPost, "/moderations", false, "moderations"},
}

// Valid reports whether o is one of the operations.
func (o Operation) Valid() bool { return o > 0 && o < numOperations }

// API returns the surface that agreements know the operation by.
func (o Operation) API() agreement.API { return o.shape().api }

// Method returns the HTTP method.
func (o Operation) Method() string { return o.shape().method }

// Path returns the path after /v1, with the id of a stored object where it names one.
func (o Operation) Path(id string) string { return strings.Replace(o.shape().path, "{id}", id, 1) }

// Multipart reports whether the request may be a form.
func (o Operation) Multipart() bool { return o.shape().multipart }

// Stored reports whether the operation is about an object that a cloud made before: it can only go where the object lives,
// has no model and, but for a cancellation, changes nothing that costs.
func (o Operation) Stored() bool { return o >= GetResponse && o <= ListInputItems }

// EndsWithDone reports whether a stream of the operation ends with [DONE]. All others end with their terminal event.
func (o Operation) EndsWithDone() bool { return o == CreateChat || o == CreateCompletion }

// String names the operation for people.
func (o Operation) String() string { return o.shape().name }

func (o Operation) shape() *shape {
	if !o.Valid() {
		return &shapes[0]
	}
	return &shapes[o]
}

// OperationOf finds the operation of a method and a path after /v1, with the id of the stored object that the path names.
// allowed is false where the path is known and the method is not.
func OperationOf(method, path string) (op Operation, id string, allowed bool) {
	for o := CreateChat; o < numOperations; o++ {
		s := &shapes[o]
		got, ok := matchPath(s.path, path)
		if !ok {
			continue
		}
		if op, id = o, got; s.method == method {
			return op, id, true
		}
	}
	return op, id, false
}

func matchPath(pattern, path string) (id string, ok bool) {
	before, after, stored := strings.Cut(pattern, "{id}")
	if !stored {
		return "", pattern == path
	}
	rest, ok := strings.CutPrefix(path, before)
	if !ok {
		return "", false
	}
	id, ok = strings.CutSuffix(rest, after)
	return id, ok && validID(id)
}

// maxID bounds the id of a stored object.
const maxID = 256

// validID reports whether a path segment can be the id of a stored object: no slash, dot segment or escape can stand in it,
// so that it reaches the cloud as the client wrote it and names nothing else there.
func validID(id string) bool {
	for i := range len(id) {
		switch c := id[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_', c == '-':
		case (c == '.' || c == ':' || c == '=') && i > 0:
		default:
			return false
		}
	}
	return id != "" && len(id) <= maxID
}
