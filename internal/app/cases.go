package app

import (
	"errors"
	"time"

	"concord/agreement"
	"concord/simulate"
	"concord/simulate/cases"
)

// RunCases runs a file of user-written cases. Paths in it are relative to it. What cannot be read or done is an *Invalid.
func RunCases(path string, src Source) ([]cases.Result, error) {
	content, err := src.Read(path)
	if err != nil {
		return nil, unreadable("test-file", agreement.Pos{File: path}, "the test", path, err)
	}
	file, findings := cases.Parse(path, content)
	if file == nil {
		return nil, &Invalid{"test", findings}
	}
	disk := src.Read
	src.Read = func(path string) ([]byte, error) { // documents that are written into the file come first
		if text, ok := file.Inline(path); ok {
			return text, nil
		}
		return disk(path)
	}
	scene, err := sceneOf(file, src)
	if err != nil {
		if invalid, ok := errors.AsType[*Invalid](err); ok {
			file.Place(invalid.Findings)
		}
		return nil, err
	}
	results, findings := cases.Run(scene, file, src.Read)
	if HasErrors(findings) {
		for i := range findings {
			findings[i].Excerpt = excerpt(content, findings[i].Pos.Line, findings[i].Pos.Column)
		}
		return nil, &Invalid{"test", findings}
	}
	return results, nil
}

// sceneOf loads what a file of cases is about.
func sceneOf(file *cases.File, src Source) (*simulate.Scene, error) {
	files := SceneFiles{Config: file.Beside(file.Config.Value), Known: cases.Everything()}
	for _, t := range file.Agreements {
		files.Agreements = append(files.Agreements, file.Beside(t.Value))
	}
	for _, t := range file.Prices {
		files.Prices = append(files.Prices, file.Beside(t.Value))
	}
	if file.Known.Value != "" {
		known, err := time.Parse(time.RFC3339, file.Known.Value)
		if err != nil {
			known, err = time.Parse(time.DateOnly, file.Known.Value)
		}
		if err != nil {
			return nil, &Invalid{"test", []agreement.Finding{{Rule: "test-value", Severity: agreement.Error, Pos: file.Known.Pos(file.Name),
				Message: "known is no date: " + file.Known.Value, Remedy: "write 2026-05-04, or 2026-05-04T15:00:00Z"}}}
		}
		files.Known = known
	}
	scene, err := LoadScene(files, src)
	if err != nil {
		return nil, err
	}
	file.Offer(scene)
	return scene, nil
}
