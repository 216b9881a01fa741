package report

import (
	"fmt"
	"html/template"
	"io"
	"strings"
)

// WriteHTML writes the page as one HTML file that needs nothing else, readable in light and dark.
func (p *Page) WriteHTML(w io.Writer) error {
	page, err := template.New("page").Funcs(template.FuncMap{
		"clean":   Clean,
		"name":    func(s string) string { return strings.TrimPrefix(s, ">") },
		"figures": func(columns []string, i int) bool { return i < len(columns) && strings.HasPrefix(columns[i], ">") },
	}).Parse(pageHTML)
	if err != nil {
		return fmt.Errorf("read the template of pages: %w", err)
	}
	if err := page.Execute(w, p); err != nil {
		return fmt.Errorf("write HTML: %w", err)
	}
	return nil
}

const pageHTML = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{clean .Title}}</title>
<style>
:root { color-scheme: light dark; --ground: #fff; --ink: #1c2024; --quiet: #5b6570; --line: #d5dae0; --head: #f3f5f7; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #14171a; --ink: #e6e9ec; --quiet: #9aa5b0; --line: #343b42; --head: #1e2328; }
}
body { margin: 2rem auto; max-width: 72rem; padding: 0 1rem; background: var(--ground); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
p { color: var(--quiet); margin: .4rem 0; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { border: 1px solid var(--line); padding: .45rem .6rem; text-align: left; vertical-align: top; }
th { background: var(--head); } td.figures, th.figures { text-align: right; font-variant-numeric: tabular-nums; }
td:first-child { font-weight: 600; white-space: pre-wrap; }
@media print { body { margin: 0; max-width: none; font-size: .8rem; } h2 { break-after: avoid; } tr { break-inside: avoid; } }
</style>
</head>
<body>
<h1>{{clean .Title}}</h1>
{{- range .Lines}}
<p>{{clean .}}</p>
{{- end}}
{{- range .Sections}}
<h2>{{clean .Title}}</h2>
{{- range .Lines}}
<p>{{clean .}}</p>
{{- end}}
{{- if .Grid}}{{$columns := .Grid.Columns}}{{if .Grid.Rows}}
<div class="wide"><table>
<thead><tr>{{range $i, $c := $columns}}<th{{if figures $columns $i}} class="figures"{{end}}>{{clean (name $c)}}</th>{{end}}</tr></thead>
<tbody>
{{- range .Grid.Rows}}
<tr>{{range $i, $cell := .}}<td{{if figures $columns $i}} class="figures"{{end}}>{{range $n, $line := $cell}}{{if $n}}<br>{{end}}{{clean $line}}{{end}}</td>{{end}}</tr>
{{- end}}
</tbody>
</table></div>
{{- end}}{{end}}
{{- end}}
</body>
</html>
`
