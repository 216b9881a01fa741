package emulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// toolUse is how often an answer calls the tools that the cloud runs itself: as the prompt's directives say, of tools that the
// request declares, and once where one must be called.
type toolUse struct {
	declared              bool
	searches, files, code int64
}

// items is how many items of output the calls are. Of searches of the web, one page is opened too, which costs nothing.
func (t *toolUse) items() int {
	n := t.searches + t.files + t.code
	if t.searches > 0 {
		n++
	}
	return int(n)
}

// readOwnTools reads the declarations of tools.
func (q *query) readOwnTools(d dialect) *failure {
	var tools []struct {
		Type      string
		Container json.RawMessage
		Stores    []string `json:"vector_store_ids"`
	}
	if q.has("tools") && json.Unmarshal(q.fields["tools"], &tools) != nil {
		return d.invalid(http.StatusBadRequest, "Invalid type for 'tools': expected an array of objects.", "tools", "invalid_type")
	}
	var choice struct{ Type string }
	_ = json.Unmarshal(q.fields["tool_choice"], &choice) // of another form it names none
	known := strings.Fields(`function file_search computer computer_use_preview web_search web_search_2025_08_26 web_search_preview web_search_preview_2025_03_11 mcp
		code_interpreter image_generation local_shell shell custom namespace tool_search apply_patch programmatic_tool_calling`)
	for i, tool := range tools {
		at := fmt.Sprintf("tools[%d]", i)
		if !slices.Contains(known, tool.Type) {
			return d.invalid(http.StatusBadRequest, fmt.Sprintf("Invalid value: '%s'. Supported values are: '%s'.", tool.Type, strings.Join(known, "', '")), at+".type", "invalid_value")
		}
		n, wish := (*int64)(nil), int64(0)
		switch {
		case strings.HasPrefix(tool.Type, "web_search"):
			n, wish = &q.tools.searches, q.request.Wish.Search
		case tool.Type == "file_search":
			if len(tool.Stores) == 0 {
				return d.invalid(http.StatusBadRequest, fmt.Sprintf("Missing required parameter: '%s.vector_store_ids'.", at), at+".vector_store_ids", "missing_required_parameter")
			}
			n, wish = &q.tools.files, q.request.Wish.Files
		case tool.Type == "code_interpreter":
			if len(tool.Container) == 0 {
				return d.invalid(http.StatusBadRequest, fmt.Sprintf("Missing required parameter: '%s.container'.", at), at+".container", "missing_required_parameter")
			}
			n, wish = &q.tools.code, q.request.Wish.Code
		default:
			continue
		}
		q.tools.declared = true
		if *n = wish; choice.Type == tool.Type {
			*n = max(wish, 1)
		}
	}
	return nil
}

// A toolItem is one item of output, and the word for its events.
type toolItem struct {
	id, kind string
	json     []byte
}

// toolItems are the calls of a response. Code runs in one container.
func (r *response) toolItems() (all []toolItem) {
	add := func(prefix, kind, members string) {
		id := fmt.Sprintf("%s_%d%s", prefix, len(all), r.id[6:])
		all = append(all, toolItem{id, kind, fmt.Appendf(nil, `{"id":"%s","type":"%s","status":"completed",%s}`, id, kind, members)})
	}
	use := &r.q.tools
	for i := range use.searches {
		add("ws", "web_search_call", fmt.Sprintf(`"action":{"type":"search","query":"question %d"}`, i))
	}
	if use.searches > 0 {
		add("ws", "web_search_call", `"action":{"type":"open_page","url":"https://example.com/"}`)
	}
	for i := range use.files {
		add("fs", "file_search_call", fmt.Sprintf(`"queries":["question %d"],"results":null`, i))
	}
	for i := range use.code {
		add("ci", "code_interpreter_call", fmt.Sprintf(`"container_id":"cntr_%s","code":"print(%d)","outputs":null`, r.id[5:], i))
	}
	return all
}

// openTools writes the events of the calls: they are over before the first word.
func (f *responseForm) openTools(a *writing) {
	at := 0
	if f.r.reasoned {
		at = 1
	}
	for i, item := range f.r.toolItems() {
		f.event(a, "response.output_item.added", fmt.Sprintf(`"output_index":%d,"item":%s`, at+i, strings.Replace(string(item.json), `"completed"`, `"in_progress"`, 1)))
		for _, state := range []string{"in_progress", "completed"} {
			f.event(a, "response."+item.kind+"."+state, fmt.Sprintf(`"output_index":%d,"item_id":"%s"`, at+i, item.id))
		}
		f.event(a, "response.output_item.done", fmt.Sprintf(`"output_index":%d,"item":%s`, at+i, item.json))
	}
	f.bill(a)
}

// bill counts the calls of tools, which are made before the first word.
func (f *responseForm) bill(a *writing) {
	u, use := &a.served.Usage, &a.q.tools
	u.WebSearches, u.FileSearches, u.Containers = use.searches, use.files, min(use.code, 1)
}

var _ biller = (*responseForm)(nil)
