package gateway

import (
	"fmt"
	"net/http"
	"strings"

	"concord/agreement"
)

// A surface is one operation of the OpenAI API that clouds serve.
type surface struct {
	name   string // in metrics
	api    agreement.API
	method string
	path   string // behind /v1; with an object, what precedes its id
	behind string // what follows the object's id
	object bool   // the path names an object that a cloud keeps: it goes to the object's home and is not charged
	form   bool   // the body is a multipart form
}

// The surfaces. Whatever is not listed is a 404: there is no route that is not metered.
var (
	chatSurface = &surface{name: "chat", api: agreement.Chat, method: http.MethodPost, path: "/chat/completions"}
	surfaces    = [...]*surface{
		chatSurface,
		{name: "responses", api: agreement.Responses, method: http.MethodPost, path: "/responses"},
		{name: "embeddings", api: agreement.Embeddings, method: http.MethodPost, path: "/embeddings"},
		{name: "completions", api: agreement.Completions, method: http.MethodPost, path: "/completions"},
		{name: "images.generate", api: agreement.Images, method: http.MethodPost, path: "/images/generations"},
		{name: "images.edit", api: agreement.Images, method: http.MethodPost, path: "/images/edits", form: true},
		{name: "audio.speech", api: agreement.Audio, method: http.MethodPost, path: "/audio/speech"},
		{name: "audio.transcribe", api: agreement.Audio, method: http.MethodPost, path: "/audio/transcriptions", form: true},
		{name: "audio.translate", api: agreement.Audio, method: http.MethodPost, path: "/audio/translations", form: true},
		{name: "moderations", api: agreement.Moderations, method: http.MethodPost, path: "/moderations"},
		{name: "responses.get", api: agreement.Responses, method: http.MethodGet, path: "/responses/", object: true},
		{name: "responses.delete", api: agreement.Responses, method: http.MethodDelete, path: "/responses/", object: true},
		{name: "responses.cancel", api: agreement.Responses, method: http.MethodPost, path: "/responses/", behind: "/cancel", object: true},
		{name: "responses.items", api: agreement.Responses, method: http.MethodGet, path: "/responses/", behind: "/input_items", object: true},
	}
)

// find returns the surface of a path behind /v1 and the object that it names. Without the surface, allowed lists the methods
// of those that the path has, "" if it has none.
func find(path, method string) (s *surface, object, allowed string) {
	for _, s := range surfaces {
		object, ok := s.names(path)
		switch {
		case !ok:
		case s.method == method:
			return s, object, ""
		case allowed == "":
			allowed = s.method
		default:
			allowed += ", " + s.method
		}
	}
	return nil, "", allowed
}

// names reports whether a path is the surface's, with the object in it.
func (s *surface) names(path string) (object string, ok bool) {
	if !s.object {
		return "", path == s.path
	}
	object, ok = between(path, s.path, s.behind)
	return object, ok && !strings.Contains(object, "/")
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
	op, deployment, ok := operation(r.URL.Path)
	if !ok {
		g.unknown(w, r)
		return
	}
	if id, ok := between(op, "/models/", ""); ok && deployment == "" {
		g.models(w, r, id)
		return
	}
	if op == "/models" && deployment == "" {
		g.models(w, r, "")
		return
	}
	s, object, allowed := find(op, r.Method)
	switch {
	case s != nil && (deployment == "" || !s.object):
		g.request(w, r, s, deployment, object)
	case allowed != "":
		g.allowed(w, r, allowed)
	default:
		g.unknown(w, r)
	}
}

func (g *Gateway) unknown(w http.ResponseWriter, r *http.Request) {
	g.refuse(w, "other", &fault{status: http.StatusNotFound, kind: "invalid_request_error", code: "unknown_url",
		message: fmt.Sprintf("Unknown request URL: %s %s. This gateway serves chat completions, responses, completions, embeddings, "+
			"images, audio, moderations and models.", r.Method, clip(r.URL.Path))})
}
