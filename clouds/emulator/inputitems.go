package emulator

import (
	"encoding/json"
	"fmt"
	"maps"
)

// A listedItem is one item of a response's input as it is listed.
type listedItem struct {
	id   string
	body []byte
}

// inputItems gives the input as items with ids; a text is one message of the user.
func (r *response) inputItems() []listedItem {
	var text string
	if json.Unmarshal(r.q.fields["input"], &text) == nil {
		id := "msg_in0_" + r.id[5:]
		return []listedItem{{id, fmt.Appendf(nil, `{"id":"%s","type":"message","status":"completed","content":[{"type":"input_text","text":%s}],"role":"user"}`,
			id, quoted(text))}}
	}
	var raw []map[string]json.RawMessage
	if json.Unmarshal(r.q.fields["input"], &raw) != nil {
		return nil
	}
	items := make([]listedItem, 0, len(raw))
	for i, item := range raw {
		all := maps.Clone(item)
		id := fmt.Sprintf("msg_in%d_%s", i, r.id[5:])
		var given string
		if json.Unmarshal(all["id"], &given) == nil && given != "" {
			id = given
		}
		all["id"] = quoted(id)
		if all["type"] == nil {
			all["type"] = json.RawMessage(`"message"`)
		}
		if all["status"] == nil && string(all["type"]) == `"message"` {
			all["status"] = json.RawMessage(`"completed"`)
		}
		var content string
		if json.Unmarshal(all["content"], &content) == nil {
			all["content"] = fmt.Appendf(nil, `[{"type":"input_text","text":%s}]`, quoted(content))
		}
		b, err := json.Marshal(all)
		if err != nil {
			continue // what was read as JSON is JSON
		}
		items = append(items, listedItem{id, b})
	}
	return items
}
