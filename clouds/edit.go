package clouds

// An Edit says what must change in a body. Whatever it does not name is copied as it stands.
type Edit struct {
	Model        string // the model's new name; "" = as it is
	IncludeUsage bool   // ask for usage in the stream
	Drop         Fields // members to leave out
	LimitName    string // "max_tokens" or "max_completion_tokens": the name that the token limit gets, where there is one
}

type splice struct {
	at   [2]int
	text string // written as it is
	json string // written as a JSON string, after text
}

// spans are the places of a body that edits need.
type spans struct {
	open          int // after the opening brace
	members       bool
	options       [2]int // value of stream_options
	optionMembers bool
	includeUsage  [2]int // value of stream_options.include_usage
	limitKey      [2]int // key of the token limit, quotes included
	delimiter     int    // of a form: how long its first delimiter is
}

const usageOption = `{"include_usage":true}`

// Changes reports whether the edit changes a body at all; if not, the body can be sent as it came.
func (e *Edit) Changes(s *Scan) bool {
	if s.Form {
		return e.Model != "" && e.Model != s.Model
	}
	return e.Model != "" && e.Model != s.Model || e.IncludeUsage && !s.IncludeUsage || e.Drop&s.Fields != 0 ||
		e.LimitName != "" && s.MaxTokensName != "" && e.LimitName != s.MaxTokensName
}

// Append appends the edited body to dst, in one pass. s must be the scan of body.
func (e *Edit) Append(dst, body []byte, s *Scan) []byte {
	if s.Form {
		if !e.Changes(s) {
			return append(dst, body...)
		}
		return e.appendForm(dst, body, s)
	}
	var room [4]splice
	edits, inserts := room[:0], [2]splice{}
	n := 0
	add := func(sp splice) {
		edits = append(edits, sp)
		for i := len(edits) - 1; i > 0 && edits[i-1].at[0] > edits[i].at[0]; i-- {
			edits[i-1], edits[i] = edits[i], edits[i-1]
		}
	}
	if e.Model != "" && s.Fields&FieldModel != 0 {
		add(splice{at: s.ModelAt, json: e.Model})
	} else if e.Model != "" {
		inserts[n] = splice{text: `"model":`, json: e.Model}
		n++
	}
	if e.LimitName != "" && s.MaxTokensName != "" && e.LimitName != s.MaxTokensName {
		add(splice{at: s.spans.limitKey, json: e.LimitName})
	}
	drop := e.Drop & s.Fields
	if e.IncludeUsage && !s.IncludeUsage {
		if s.Fields&FieldStreamOptions == 0 {
			inserts[n] = splice{text: `"stream_options":` + usageOption}
			n++
		} else {
			add(s.usageSplice())
		}
		drop &^= FieldStreamOptions
	}
	dst = append(dst, body[:s.spans.open]...)
	for i, in := range inserts[:n] {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = in.append(dst)
	}
	if drop == 0 {
		if n > 0 && s.spans.members {
			dst = append(dst, ',')
		}
		dst = copySpliced(dst, body, s.spans.open, len(body), edits)
		return dst
	}
	return e.appendKept(dst, body, s, drop, edits, n > 0)
}

// appendKept copies the members that are not dropped.
func (e *Edit) appendKept(dst, body []byte, s *Scan, drop Fields, edits []splice, comma bool) []byte {
	o := object{b: body, i: s.spans.open - 1}
	for o.next() {
		if f, _ := topField(&o.m); f&drop != 0 {
			continue
		}
		if comma {
			dst = append(dst, ',')
		}
		comma = true
		dst = copySpliced(dst, body, o.m.keyAt[0], o.m.at[1], edits)
	}
	return append(dst, body[o.i-1:]...)
}

func (s *Scan) usageSplice() splice {
	switch {
	case s.Nulls&FieldStreamOptions != 0:
		return splice{at: s.spans.options, text: usageOption}
	case s.spans.includeUsage[1] != 0:
		return splice{at: s.spans.includeUsage, text: "true"}
	case s.spans.optionMembers:
		at := s.spans.options[0] + 1
		return splice{at: [2]int{at, at}, text: `"include_usage":true,`}
	}
	return splice{at: s.spans.options, text: usageOption}
}

func (sp *splice) append(dst []byte) []byte {
	dst = append(dst, sp.text...)
	if sp.json != "" {
		dst = appendQuoted(dst, sp.json)
	}
	return dst
}

// copySpliced copies body[from:to] with the edits that lie in it.
func copySpliced(dst, body []byte, from, to int, edits []splice) []byte {
	for i := range edits {
		if sp := &edits[i]; sp.at[0] >= from && sp.at[1] <= to {
			dst = append(dst, body[from:sp.at[0]]...)
			dst = sp.append(dst)
			from = sp.at[1]
		}
	}
	return append(dst, body[from:to]...)
}
