package serve

import (
	_ "embed"
	"html/template"
	"net/http"
)

//go:embed docs.html
var docsHTML string

var docsPage = template.Must(template.New("docs").Parse(docsHTML))

// needs describes who may use a route.
func needs(a Access, keys bool) string {
	switch {
	case a == Local:
		return "For this machine alone."
	case a == Clients && keys:
		return "Needs a key."
	case a == Admins && keys:
		return "Needs a key that is marked admin."
	}
	return ""
}

// handleDocs shows the routes on a page without assets or scripts.
func (s *Server) handleDocs(w http.ResponseWriter, _ *http.Request, _ *record) error {
	type row struct {
		Method, Path, Summary string
		Needs                 string
	}
	var rows []row
	for _, rt := range s.list() {
		rows = append(rows, row{rt.method, rt.path, rt.summary, needs(rt.access, len(s.keys()) > 0)})
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
