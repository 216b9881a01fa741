package app

import "concord/agreement"

// A FindingView is a finding as JSON has it.
type FindingView struct {
	Rule     string             `json:"rule"`
	Severity agreement.Severity `json:"severity"`
	File     string             `json:"file,omitempty"`
	Line     int                `json:"line,omitempty"`
	Column   int                `json:"column,omitempty"`
	Message  string             `json:"message"`
	Excerpt  string             `json:"excerpt,omitempty"`
	Remedy   string             `json:"remedy,omitempty"`
	Clauses  []string           `json:"clauses,omitempty"` // agreement/clause
}

// ViewFindings returns findings for JSON; never nil.
func ViewFindings(findings []agreement.Finding) []FindingView {
	out := make([]FindingView, 0, len(findings))
	for _, f := range findings {
		v := FindingView{
			Rule: f.Rule, Severity: f.Severity, File: f.Pos.File, Line: f.Pos.Line, Column: f.Pos.Column, Message: f.Message,
			Excerpt: f.Excerpt, Remedy: f.Remedy,
		}
		for _, ref := range f.Related {
			v.Clauses = append(v.Clauses, ref.Agreement+"/"+ref.Clause)
		}
		out = append(out, v)
	}
	return out
}

// Finding returns what the view was made from, apart from the clauses.
func (v FindingView) Finding() agreement.Finding {
	return agreement.Finding{
		Rule: v.Rule, Severity: v.Severity, Pos: agreement.Pos{File: v.File, Line: v.Line, Column: v.Column}, Message: v.Message,
		Excerpt: v.Excerpt, Remedy: v.Remedy,
	}
}
