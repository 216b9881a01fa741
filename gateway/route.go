package gateway

import (
	"fmt"
	"net/http"
	"strings"

	"concord/clouds"
)

// routeName names an operation in metrics.
func routeName(op clouds.Operation) string {
	switch op {
	case clouds.CreateChat:
		return "chat"
	case clouds.CreateResponse:
		return "responses"
	case clouds.GetResponse:
		return "responses.get"
	case clouds.DeleteResponse:
		return "responses.delete"
	case clouds.CancelResponse:
		return "responses.cancel"
	case clouds.ListInputItems:
		return "responses.items"
	case clouds.CreateEmbedding:
		return "embeddings"
	case clouds.CreateCompletion:
		return "completions"
	case clouds.GenerateImage:
		return "images.generate"
	case clouds.EditImage:
		return "images.edit"
	case clouds.CreateSpeech:
		return "audio.speech"
	case clouds.CreateTranscription:
		return "audio.transcribe"
	case clouds.CreateTranslation:
		return "audio.translate"
	case clouds.CreateModeration:
		return "moderations"
	default:
		return "other"
	}
}

// operation takes a path apart: what stands behind /v1, and the deployment that Azure's older form names.
func operation(path string) (op, deployment string, ok bool) {
	if rest, ok := strings.CutPrefix(path, "/v1/"); ok {
		return path[len(path)-len(rest)-1:], "", true
	}
	rest, ok := strings.CutPrefix(path, "/openai/")
	if !ok {
		return "", "", false
	}
	if of, ok := strings.CutPrefix(rest, "deployments/"); ok {
		name, op, ok := strings.Cut(of, "/")
		return "/" + op, name, ok && name != ""
	}
	rest = strings.TrimPrefix(rest, "v1/") // both /openai/v1/responses and the dated form /openai/responses?api-version=
	return "/" + rest, "", true
}

// route serves what is not chat completions in OpenAI's own form.
func (g *Gateway) route(w http.ResponseWriter, r *http.Request) {
	path, deployment, ok := operation(r.URL.Path)
	if !ok {
		g.unknown(w, r)
		return
	}
	if deployment == "" {
		if id, ok := between(path, "/models/", ""); ok {
			g.models(w, r, id)
			return
		}
		if path == "/models" {
			g.models(w, r, "")
			return
		}
	}
	op, object, allowed := clouds.OperationOf(r.Method, path)
	switch {
	case !op.Valid(), deployment != "" && op.Stored():
		g.unknown(w, r)
	case !allowed:
		g.notAllowed(w, r, methods(path))
	default:
		g.request(w, r, op, deployment, object)
	}
}

// methods lists the methods that a path has.
func methods(path string) string {
	var all []string
	for _, m := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
		if _, _, ok := clouds.OperationOf(m, path); ok {
			all = append(all, m)
		}
	}
	return strings.Join(all, ", ")
}

// unknown answers what is not served: what is not metered is not served either.
func (g *Gateway) unknown(w http.ResponseWriter, r *http.Request) {
	g.refuse(w, "other", &fault{status: http.StatusNotFound, kind: "invalid_request_error", code: "unknown_url",
		message: fmt.Sprintf("Unknown request URL: %s %s. This gateway serves chat completions, responses, completions, embeddings, "+
			"images, audio, moderations and models.", r.Method, clip(r.URL.Path))})
}
