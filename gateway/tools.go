package gateway

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"concord/clouds"
	"concord/delivery"
)

// unmetered refuses tools that a cloud would run and bill without its answer saying how often: nothing is served unmetered.
func (q *request) unmetered() *fault {
	s := &q.call.Scan
	if q.call.Op == clouds.CreateChat {
		switch model := q.done.Product; {
		case s.Fields&^s.Nulls&clouds.FieldWebSearchOptions != 0:
			return unmeteredFault("web_search_options", "searches of the web in chat completions",
				"Use the tool web_search of responses, whose answers show each search.")
		case strings.Contains(model, "-search-preview"), strings.Contains(model, "-search-api"):
			return unmeteredFault("model", "searches of the web in chat completions, which "+clip(model)+" always makes",
				"Use the tool web_search of responses with another model.")
		}
		return nil
	}
	var f *fault
	q.call.ServerTools(func(t clouds.ServerTool) bool {
		if !t.Known {
			f = unmeteredFault("tools", "the tool "+clip(t.Kind)+", which the cloud runs",
				"Leave it out; web_search, file_search, code_interpreter and mcp are served, and all that the client runs itself.")
		}
		return f == nil
	})
	return f
}

func unmeteredFault(param, what, remedy string) *fault {
	return &fault{status: http.StatusBadRequest, kind: "invalid_request_error", code: "unmetered_tool", param: param, final: true,
		message: fmt.Sprintf("This gateway serves nothing that it cannot meter: no answer says how often %s would be billed. %s", what, remedy)}
}

// toolBound is how many calls of a cloud's own tools a response may make: none without such a tool, as many as max_tool_calls says,
// else Unknown. A stored prompt may have tools that the body does not show.
func (q *request) toolBound() (calls int64, declared bool) {
	billed, stored := false, false
	q.call.ServerTools(func(t clouds.ServerTool) bool {
		declared = true
		billed = billed || t.Billed
		return true
	})
	most := int64(delivery.Unknown)
	q.members(func(name string, value []byte, _ bool) {
		switch name {
		case "max_tool_calls":
			if n, err := strconv.ParseInt(string(value), 10, 32); err == nil && n > 0 {
				most = max(most, n) // of several the largest
			}
		case "prompt":
			stored = stored || value[0] != 'n'
		}
	})
	if !billed && !stored && !declared {
		return 0, false
	}
	return most, declared
}
