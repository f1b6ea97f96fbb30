package serve

import (
	"net/http"
	"strings"
)

// allowed lists a route's methods for the Allow header.
func (rt route) allowed() string {
	switch rt.method {
	case http.MethodGet:
		return "GET, HEAD, OPTIONS"
	case "":
		return "OPTIONS"
	}
	return rt.method + ", OPTIONS"
}

// otherMethods answers all methods but the route's own: OPTIONS lists those, the
// rest are errors.
func otherMethods(allow string) answerer {
	return func(w http.ResponseWriter, r *http.Request, _ *record) error {
		w.Header().Set("Allow", allow)
		if r.Method == http.MethodOptions {
			w.WriteHeader(http.StatusOK)
			return nil
		}
		methods := strings.Split(strings.TrimSuffix(allow, ", OPTIONS"), ", ")
		return problemf(http.StatusMethodNotAllowed, "", "want %s", methods[0])
	}
}

// exists reports whether the page has a file at the request's path.
func (s *Server) exists(r *http.Request) bool {
	if s.Page == nil {
		return r.URL.Path == "/"
	}
	look := r.Clone(r.Context())
	look.Method, look.Body, look.ContentLength = http.MethodHead, http.NoBody, 0
	w := &looker{header: http.Header{}}
	s.Page.ServeHTTP(w, look)
	return w.status < 400
}

// looker is a response writer that keeps only the status.
type looker struct {
	header http.Header
	status int // 0: 200
}

func (l *looker) Header() http.Header         { return l.header }
func (l *looker) Write(p []byte) (int, error) { return len(p), nil }
func (l *looker) WriteHeader(status int) {
	if l.status == 0 {
		l.status = status
	}
}
