package serve

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/trident-nlp/trident/pkg/client"
	"github.com/trident-nlp/trident/pkg/fusion"
)

// answerer answers a request, fills in rec for the audit line, and returns an
// error that occurred before anything was written.
type answerer func(w http.ResponseWriter, r *http.Request, rec *record) error

// route is one of the server's own paths. The OpenAPI document and the page at
// /docs are generated from the same list.
type route struct {
	method, path string
	summary      string
	access       Access
	quiet        bool // polled by machines: logged at level debug
	request      any  // the type of its body; nil: none
	answer       any  // the type of its answer in JSON; a string is another content type
	problems     []int
	handle       answerer
}

// predictAnswer is what POST /v1/predict returns.
type predictAnswer struct {
	Model       string              `json:"model" doc:"SHA-256 of the model that answered."`
	Predictions []fusion.Prediction `json:"predictions" doc:"Of each text, in their order."`
}

type health struct {
	Status string `json:"status"`
	Model  string `json:"model,omitempty" doc:"SHA-256 of the model that answers now."`
	Length int    `json:"max_length,omitempty" doc:"How many tokens it reads at once; overlap may be half of that."`

	Windows bool `json:"windows,omitempty" doc:"Whether it reads longer calls in windows, pooled as one text, without being asked to."`
	Tokens  int  `json:"max_tokens,omitempty" doc:"How many tokens of a call it reads without being asked for more; all, if not given."`

	About *about `json:"about,omitempty" doc:"The model's name, scores and training data."`

	Reviews *keeping `json:"reviews,omitempty" doc:"Reviews are kept (/v1/reviews); nothing is, if it isn't there."`
}

func (s *Server) list() []route {
	list := []route{
		{method: "POST", path: "/v1/predict", summary: "Read calls: entities, categories, the counsellor's score.", access: Clients,
			request: client.Request{}, answer: predictAnswer{}, problems: []int{400, 401, 403, 408, 413, 415, 422, 429, 500, 503}, handle: s.predict},
		{method: "GET", path: "/v1/labels", summary: "What the model can say: its tasks, their heads and labels.", access: Clients,
			answer: labelsAnswer{}, problems: []int{401, 403, 503}, handle: s.handleLabels},
		{method: "GET", path: "/healthz", summary: "Is the process alive?", access: All, quiet: true, answer: health{}, handle: s.handleHealth},
		{method: "GET", path: "/readyz", summary: "Does it take requests? Not before the model has been loaded and warmed up, nor after SIGTERM.", access: All, quiet: true,
			answer: health{}, problems: []int{503}, handle: s.handleReady},
		{method: "GET", path: "/metrics", summary: "Measures, in Prometheus's text format.", access: s.Metrics, quiet: true, answer: "text/plain", handle: s.handleMetrics},
		{method: "POST", path: "/admin/reload", summary: "Load the model anew, and read the keys anew, without losing a request. Without keys only from the machine itself.", access: Admins,
			answer: reloadAnswer{}, problems: []int{401, 403, 409, 500}, handle: s.handleReload},
		{method: "GET", path: "/openapi.json", summary: "This description.", access: All, answer: "application/json", handle: s.handleOpenAPI},
		{method: "GET", path: "/docs", summary: "A page that describes the service.", access: All, answer: "text/html", handle: s.handleDocs},
	}
	list = append(list, s.reviewRoutes()...)
	for i, rt := range list {
		switch rt.access {
		case All, Nobody:
		default:
			if rt.problems == nil {
				list[i].problems = []int{401, 403}
			}
		}
	}
	return slices.DeleteFunc(list, func(rt route) bool { return rt.access == Nobody })
}

// routes returns the handler for all requests. Before a route's own handler it
// checks the host, the origin and the path.
func (s *Server) routes() (http.Handler, error) {
	mux := http.NewServeMux()
	list := s.list()
	for _, rt := range list {
		mux.Handle(rt.method+" "+rt.path, s.audited(rt))
		mux.Handle(rt.path, s.audited(route{path: rt.path, access: All, handle: otherMethods(rt.allowed())}))
	}
	mux.Handle("/", s.audited(route{path: "other", access: All, handle: s.elsewhere}))
	document, err := s.describe(list)
	if err != nil {
		return nil, err
	}
	if s.openapi, err = json.MarshalIndent(document, "", "  "); err != nil {
		return nil, err
	}
	guarded, err := s.crossOrigin(s.wholeServer(mux))
	if err != nil {
		return nil, err
	}
	return s.knownHosts(guarded), nil
}

// wholeServer answers "OPTIONS *", which has no path, and CONNECT, which is for
// another server; a ServeMux would treat them as malformed.
func (s *Server) wholeServer(next http.Handler) http.Handler {
	all := s.audited(route{path: "other", access: All, handle: otherMethods("GET, HEAD, POST, OPTIONS")})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.RequestURI == "*" || r.Method == http.MethodConnect {
			all.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// elsewhere answers requests for other paths than the server's own.
func (s *Server) elsewhere(w http.ResponseWriter, r *http.Request, rec *record) error {
	looking := r.Method == http.MethodGet || r.Method == http.MethodHead
	switch {
	case looking && s.Page != nil:
		s.Page.ServeHTTP(w, r)
	case looking && r.URL.Path == "/":
		http.Redirect(w, r, "/docs", http.StatusFound)
	case !looking && s.exists(r):
		return otherMethods("GET, HEAD, OPTIONS")(w, r, rec)
	default:
		return errNothingHere()
	}
	return nil
}

func (s *Server) handleHealth(w http.ResponseWriter, _ *http.Request, _ *record) error {
	return writeJSON(w, health{Status: "alive"})
}

func (s *Server) handleReady(w http.ResponseWriter, _ *http.Request, _ *record) error {
	if err := s.ready(); err != nil {
		return err
	}
	g, release := s.acquire()
	defer release()
	if g == nil {
		return s.ready()
	}
	most, err := g.Predictor.MaxTokens(fusion.PredictOptions{})
	if err != nil {
		return err
	}
	return writeJSON(w, health{
		Status: "ready", Model: g.Hash, Length: g.Predictor.MaxLength(), Windows: g.Predictor.Windows().On(), Tokens: most,
		About: g.about, Reviews: s.keeps(),
	})
}

func (s *Server) handleOpenAPI(w http.ResponseWriter, _ *http.Request, _ *record) error {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(s.openapi) // a client that has left
	return nil
}

// writeJSON sends v as the answer.
func writeJSON(w http.ResponseWriter, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(data)))
	_, _ = w.Write(data) // a client that has left
	return nil
}

// crossOrigin rejects web pages of other origins unless they are allowed.
func (s *Server) crossOrigin(next http.Handler) (http.Handler, error) {
	guard := http.NewCrossOriginProtection()
	allowed := map[string]bool{}
	for _, origin := range s.Origins {
		if err := guard.AddTrustedOrigin(origin); err != nil {
			return nil, err
		}
		allowed[origin] = true
	}
	guard.SetDenyHandler(s.audited(route{path: "other", access: All, handle: func(http.ResponseWriter, *http.Request, *record) error {
		return problemf(http.StatusForbidden, "", "a web page of another origin asks; the server can be told to allow it (--origin)")
	}}))
	guarded := guard.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		if len(allowed) > 0 {
			h.Add("Vary", "Origin")
		}
		if origin := r.Header.Get("Origin"); allowed[origin] {
			h.Set("Access-Control-Allow-Origin", origin)
			if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
				h.Set("Access-Control-Allow-Methods", "GET, POST")
				h.Set("Access-Control-Allow-Headers", "Authorization, Content-Encoding, Content-Type")
				h.Set("Access-Control-Max-Age", "600")
				w.WriteHeader(http.StatusNoContent)
				return
			}
			h.Set("Access-Control-Expose-Headers", strings.Join([]string{requestIDHeader, "Retry-After"}, ", "))
		}
		guarded.ServeHTTP(w, r)
	}), nil
}
