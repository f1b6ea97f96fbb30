package serve

import (
	_ "embed"
	"html/template"
	"net/http"
)

//go:embed docs.html
var docsHTML string

var docsPage = template.Must(template.New("docs").Parse(docsHTML))

// handleDocs shows the routes, on a page without any asset or script.
func (s *Server) handleDocs(w http.ResponseWriter, _ *http.Request, _ *record) error {
	type row struct {
		Method, Path, Summary string
		Key                   bool
	}
	var rows []row
	for _, rt := range s.list() {
		rows = append(rows, row{rt.method, rt.path, rt.summary, rt.key && len(s.keys()) > 0})
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
	return docsPage.Execute(w, struct {
		Rows   []row
		Limits Limits
		Keys   bool
	}{rows, s.Limits, len(s.keys()) > 0})
}
