package app

import (
	"concord/agreement"
	"concord/agreement/agreementfile"
)

// LoadAgreements reads agreement files that are in force together, with everything that is wrong or doubtful in them. A file
// that cannot be read, or is no YAML, is an error; the set is empty if a file's form is wrong.
func LoadAgreements(paths []string, src Source) (*agreement.Set, []agreement.Finding, error) {
	var findings []agreement.Finding
	var all []*agreement.Agreement
	sources := map[string][]byte{}
	for _, path := range paths {
		content, err := src.Read(path)
		if err != nil {
			return nil, nil, unreadable("agreement-file", agreement.Pos{File: path}, "the agreement", path, err)
		}
		sources[path] = content
		parsed, found := agreementfile.Parse(path, content)
		findings = append(findings, found...)
		if parsed != nil {
			all = append(all, parsed)
		}
	}
	set := agreement.NewSet(all...)
	if !HasErrors(findings) {
		findings = append(findings, set.Lint(nil)...)
	}
	agreementfile.Annotate(findings, sources)
	return set, findings, nil
}
