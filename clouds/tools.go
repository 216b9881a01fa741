package clouds

import (
	"bytes"

	"concord/usage"
)

// What clouds run themselves and bill by the call shows in the output of a response: searches of the web and of files, and the
// containers in which code ran.

// calls is what an output shows of them.
type calls struct {
	webs, files int64
	containers  [][]byte // ids, each once
}

// add counts the calls beside the tokens.
func (c *calls) add(t *usage.Tokens) {
	t[usage.WebSearches], t[usage.FileSearches], t[usage.Containers] = c.webs, c.files, int64(len(c.containers))
}

// toolCalls counts the calls in the output of a response.
func toolCalls(output []byte) (c calls) {
	if output[0] != '[' {
		return c
	}
	a := array{b: output}
	for a.next() {
		item := output[a.at[0]:a.at[1]]
		if item[0] != '{' {
			continue
		}
		switch class, container := toolOf(item); class {
		case usage.WebSearches:
			c.webs++
		case usage.FileSearches:
			c.files++
		case usage.Containers:
			if !contains(c.containers, container) {
				c.containers = append(c.containers, container)
			}
		}
	}
	return c
}

func contains(list [][]byte, one []byte) bool {
	for _, known := range list {
		if bytes.Equal(known, one) {
			return true
		}
	}
	return false
}

// toolOf says what an item of output is billed as, 0 = by its tokens alone, and the container that it used. Of the actions of a
// search of the web only searches are billed, not looks into a page that was found.
func toolOf(item []byte) (class usage.Class, container []byte) {
	var action []byte
	o := object{b: item}
	for o.next() {
		value := o.value()
		switch string(o.m.key) {
		case "type":
			switch string(unquote(value)) {
			case "web_search_call":
				class = usage.WebSearches
			case "file_search_call":
				class = usage.FileSearches
			case "code_interpreter_call":
				class = usage.Containers
			}
		case "container_id":
			container = unquote(value)
		case "action":
			action = value
		}
	}
	if class != usage.WebSearches || len(action) == 0 || action[0] != '{' {
		return class, container
	}
	switch kind := Member(action, "type"); string(kind) {
	case `"open_page"`, `"find_in_page"`, `"find"`:
		return 0, nil
	}
	return class, container
}

// AddTools adds calls of tools that a stream showed before it broke off to usage that was estimated. A container is counted once,
// for an answer runs its code in one.
func AddTools(to, shown *usage.Tokens) {
	to[usage.WebSearches] += shown[usage.WebSearches]
	to[usage.FileSearches] += shown[usage.FileSearches]
	to[usage.Containers] += min(shown[usage.Containers], 1)
}

// A ServerTool is a tool in a request that the cloud itself would run.
type ServerTool struct {
	Kind   string // as the request names it: "web_search"
	Known  bool   // what it costs is recorded: by its calls, or it costs nothing beside its tokens
	Billed bool   // by its calls
}

// ServerTools calls yield for every tool of a request that is not the client's own to run, until it returns false.
func (c *Call) ServerTools(yield func(ServerTool) bool) {
	value := memberValue(c.Body, FieldTools)
	if value == nil || value[0] != '[' {
		return
	}
	a := array{b: value}
	for a.next() {
		item := value[a.at[0]:a.at[1]]
		if item[0] != '{' {
			continue
		}
		tool := toolIn(item)
		if tool.Kind != "" && !yield(tool) {
			return
		}
	}
}

// toolIn says what a declared tool is; one of the client's has no kind. A type that is given twice counts by its last, unless any
// of them is the cloud's.
func toolIn(item []byte) ServerTool {
	found, typed := ServerTool{}, false
	o := object{b: item}
	for o.next() {
		if string(o.m.key) != "type" || o.value()[0] != '"' {
			continue
		}
		typed = true
		kind := text(unquote(o.value()), nil)
		switch kind {
		case "function", "custom", "apply_patch", "local_shell", "computer_use_preview", "computer", "namespace":
			continue
		case "mcp", "tool_search": // cost what their tokens cost
			found = ServerTool{Kind: kind, Known: true}
		case "web_search", "web_search_2025_08_26", "web_search_preview", "web_search_preview_2025_03_11", "file_search", "code_interpreter":
			found = ServerTool{Kind: kind, Known: true, Billed: true}
		case "shell":
			if inThe := Member(item, "environment"); inThe != nil && MemberText(inThe, "type") == "local" {
				continue
			}
			return ServerTool{Kind: kind}
		default:
			return ServerTool{Kind: kind}
		}
	}
	if !typed {
		return ServerTool{Kind: "without a type"}
	}
	return found
}

// ServerTool returns the type of the first tool that the cloud itself would run ("web_search"), "" if all are the client's.
func (c *Call) ServerTool() (kind string) {
	c.ServerTools(func(t ServerTool) bool {
		kind = t.Kind
		return false
	})
	return kind
}
