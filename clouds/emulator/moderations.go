package emulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

var moderated = strings.Fields(`harassment harassment/threatening hate hate/threatening illicit illicit/violent self-harm self-harm/instructions self-harm/intent
	sexual sexual/minors violence violence/graphic`)

// readModeration reads a text, texts, or parts. A text that asks to be "[filtered]" is found to be violent.
func (q *query) readModeration(d dialect) *failure {
	if failed := q.need(d, "input"); failed != nil {
		return failed
	}
	raw := q.fields["input"]
	var one string
	var texts []string
	var parts []struct{ Type, Text string }
	switch {
	case json.Unmarshal(raw, &one) == nil:
		texts = []string{one}
	case json.Unmarshal(raw, &texts) == nil:
	case json.Unmarshal(raw, &parts) == nil: // parts are judged together
		for _, p := range parts {
			one += p.Text + " "
		}
		texts = []string{one}
	}
	if len(texts) == 0 {
		return d.invalid(http.StatusBadRequest, "Invalid 'input': expected a string or an array with minimum length 1.", "input", "invalid_type")
	}
	for _, text := range texts {
		flagged := uint64(0)
		if strings.Contains(text, "[filtered]") {
			flagged = 1
		}
		q.inputs = append(q.inputs, input{countWords(text), flagged})
		q.prompt += countWords(text)
	}
	q.drawFrom(raw)
	return nil
}

func moderations(a *writing) []byte {
	b := fmt.Appendf(nil, `{"id":"%s","model":%s,"results":[`, a.newID("modr-"), quoted(a.q.serve))
	for i, in := range a.q.inputs {
		if i > 0 {
			b = append(b, ',')
		}
		categories, scores, types := make([]string, len(moderated)), make([]string, len(moderated)), make([]string, len(moderated))
		for j, name := range moderated {
			hit, score := in.draw == 1 && name == "violence", "0.0001"
			if hit {
				score = "0.97"
			}
			categories[j] = fmt.Sprintf(`"%s":%t`, name, hit)
			scores[j] = fmt.Sprintf(`"%s":%s`, name, score)
			types[j] = fmt.Sprintf(`"%s":["text"]`, name)
		}
		b = fmt.Appendf(b, `{"flagged":%t,"categories":{%s},"category_scores":{%s},"category_applied_input_types":{%s}}`, in.draw == 1,
			strings.Join(categories, ","), strings.Join(scores, ","), strings.Join(types, ","))
	}
	return append(b, "]}"...)
}
