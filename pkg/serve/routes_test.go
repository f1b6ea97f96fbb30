package serve

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
)

const (
	goodKey  = "0123456789abcdef0123456789abcdef"
	otherKey = "fedcba9876543210fedcba9876543210"
)

func mustKeys(t *testing.T, lines string) Keys {
	t.Helper()
	keys, err := parseKeys(strings.NewReader(lines))
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func TestKeys(t *testing.T) {
	s := newReadyServer(t, func(c *Config) {
		c.Keys = mustKeys(t, "# who may ask\n\nnairobi "+goodKey+" admin\nkisumu\t"+otherKey+"\n")
	})
	const body = `{"texts": ["` + secret + `"]}`
	for value, code := range map[string]int{
		"Bearer " + goodKey:       200,
		"Bearer " + otherKey:      200,
		"bearer " + goodKey:       200,
		"BEARER   " + otherKey:    200,
		"":                        401,
		"Bearer ":                 401,
		goodKey:                   401,
		"Basic " + goodKey:        401,
		"Bearer " + goodKey[1:]:   401,
		"Bearer " + goodKey + "0": 401,
		"Bearer nairobi":          401,
	} {
		got := s.do(t.Context(), "POST", "/v1/predict", body, "Authorization", value)
		if got.code != code {
			t.Errorf("code %d, want %d", got.code, code)
		}
		if code == 401 {
			if got.problem(t); got.header.Get("WWW-Authenticate") != "Bearer" {
				t.Error("401 without WWW-Authenticate")
			}
		}
	}
	if got := s.do(t.Context(), "POST", "/admin/reload", ""); got.code != http.StatusUnauthorized {
		t.Errorf("reload without a key: code %d", got.code)
	}
	if got := s.do(t.Context(), "POST", "/admin/reload", "", "Authorization", "Bearer "+goodKey); got.code != http.StatusOK {
		t.Errorf("reload with a key: code %d", got.code)
	}
	for _, path := range []string{"/healthz", "/readyz", "/metrics", "/openapi.json", "/docs"} {
		if got := s.do(t.Context(), "GET", path, ""); got.code != http.StatusOK {
			t.Errorf("%s without a key: code %d", path, got.code)
		}
	}
	names := map[any]int{}
	for _, line := range s.log.requests(t) {
		if line["path"] == "/v1/predict" {
			names[line["key"]]++
		}
	}
	if names["nairobi"] != 2 || names["kisumu"] != 2 || names[nil] != 7 {
		t.Errorf("names in the log: %v", names)
	}
	s.SetKeys(mustKeys(t, "nairobi "+otherKey))
	if got := s.do(t.Context(), "POST", "/v1/predict", body, "Authorization", "Bearer "+goodKey); got.code != http.StatusUnauthorized {
		t.Errorf("a key that was taken away: code %d", got.code)
	}
}

func TestBadKeys(t *testing.T) {
	for lines, want := range map[string]string{
		"":                             "there is no key in it",
		"# nothing":                    "there is no key in it",
		"a " + goodKey + "\n" + secret: "line 2: want a name and a key",
		"a b " + secret:                "line 1: want a name and a key",
		"a " + secret:                  "line 1: the key has 6 characters; want 16 or more",
	} {
		path := filepath.Join(t.TempDir(), "keys")
		if err := os.WriteFile(path, []byte(lines), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := ReadKeys(path, slog.New(slog.DiscardHandler))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), secret) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if _, err := ReadKeys(filepath.Join(t.TempDir(), "none"), slog.New(slog.DiscardHandler)); err == nil {
		t.Error("no file: no error")
	}
}

func TestPaths(t *testing.T) {
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, "page %s", r.URL.Path) })
	plain, paged := newServer(t, nil), newServer(t, func(c *Config) { c.Page = page })
	for _, test := range []struct {
		s            *testServer
		method, path string
		code         int
		header, want string
	}{
		{plain, "GET", "/v1/predict", 405, "Allow", "POST, OPTIONS"},
		{plain, "DELETE", "/v1/predict", 405, "Allow", "POST, OPTIONS"},
		{plain, "POST", "/healthz", 405, "Allow", "GET, HEAD, OPTIONS"},
		{plain, "HEAD", "/healthz", 200, "Content-Type", "application/json"},
		{plain, "GET", "/" + secret, 404, "", ""},
		{plain, secret, "/" + secret, 404, "", ""},
		{plain, "POST", "/", 405, "Allow", "GET, HEAD, OPTIONS"},
		{plain, "GET", "/", 302, "Location", "/docs"},
		{plain, "GET", "/docs", 200, "Content-Type", "text/html; charset=utf-8"},
		{paged, "GET", "/", 200, "", ""},
		{paged, "GET", "/page.js", 200, "", ""},
		{paged, "GET", "/v1/predict", 405, "Allow", "POST, OPTIONS"},
		{paged, "GET", "/docs", 200, "Content-Type", "text/html; charset=utf-8"},
		{paged, "POST", "/page.js", 405, "Allow", "GET, HEAD, OPTIONS"},
		{paged, "OPTIONS", "/page.js", 200, "Allow", "GET, HEAD, OPTIONS"},
		{plain, "OPTIONS", "/v1/predict", 200, "Allow", "POST, OPTIONS"},
		{plain, "OPTIONS", "/metrics", 200, "Allow", "GET, HEAD, OPTIONS"},
		{plain, "OPTIONS", "/none", 404, "", ""},
		{plain, "TRACE", "/docs", 405, "Allow", "GET, HEAD, OPTIONS"},
		{plain, "CONNECT", "/docs", 405, "Allow", "GET, HEAD, POST, OPTIONS"},
	} {
		got := test.s.do(t.Context(), test.method, test.path, "")
		if got.code != test.code || test.header != "" && got.header.Get(test.header) != test.want {
			t.Errorf("%s %s: code %d, %s %q; want %d, %q", test.method, test.path, got.code, test.header, got.header.Get(test.header), test.code, test.want)
		}
		if got.code >= 400 {
			got.problem(t)
		}
		if got.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s %s: no nosniff", test.method, test.path)
		}
	}
	if got := paged.do(t.Context(), "GET", "/page.js", ""); got.body != "page /page.js" {
		t.Errorf("the page's path is %q", got.body)
	}
}

// TestDocs: nothing of the page comes from elsewhere or runs.
func TestDocs(t *testing.T) {
	got := newServer(t, nil).do(t.Context(), "GET", "/docs", "")
	if strings.Contains(got.body, "<script") || regexp.MustCompile(`(src|href)="?(https?:)?//`).MatchString(got.body) {
		t.Error("the page has a script, or an asset from elsewhere")
	}
	if !strings.HasPrefix(got.header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Error("no content security policy")
	}
	for _, want := range []string{"POST /v1/predict", "GET /metrics", "up to 128 texts"} {
		if !strings.Contains(got.body, want) {
			t.Errorf("%q isn't there", want)
		}
	}
}

// TestOrigins: no web page elsewhere may ask, but one that is allowed.
func TestOrigins(t *testing.T) {
	closed := newReadyServer(t, nil)
	open := newReadyServer(t, func(c *Config) { c.Origins = []string{"https://cases.example.org"} })
	const body = `{"texts": ["a"]}`
	for _, test := range []struct {
		s      *testServer
		origin string
		code   int
		allow  string
	}{
		{closed, "https://cases.example.org", 403, ""},
		{closed, "https://evil.example.org", 403, ""},
		{closed, "http://example.com", 200, ""}, // httptest's own host: the page at /
		{closed, "", 200, ""},
		{open, "https://cases.example.org", 200, "https://cases.example.org"},
		{open, "https://evil.example.org", 403, ""},
	} {
		got := test.s.do(t.Context(), "POST", "/v1/predict", body, "Origin", test.origin)
		if got.code != test.code || got.header.Get("Access-Control-Allow-Origin") != test.allow {
			t.Errorf("origin %q: code %d, allowed %q", test.origin, got.code, got.header.Get("Access-Control-Allow-Origin"))
		}
		asked := test.s.do(t.Context(), "OPTIONS", "/v1/predict", "", "Origin", test.origin, "Access-Control-Request-Method", "POST")
		if (asked.code == http.StatusNoContent) != (test.allow != "") || asked.header.Get("Access-Control-Allow-Origin") != test.allow {
			t.Errorf("origin %q beforehand: code %d", test.origin, asked.code)
		}
	}
	if _, err := New(Config{Origins: []string{"no origin"}}); err == nil {
		t.Error("a bad origin: no error")
	}
}

func TestReloadFromLoopback(t *testing.T) {
	s := newReadyServer(t, nil)
	for address, code := range map[string]int{"127.0.0.1:5": 200, "[::1]:5": 200, "[::ffff:127.0.0.1]:5": 200, "192.0.2.1:5": 403, "[2001:db8::1]:5": 403, "": 403} {
		r := httptest.NewRequest(http.MethodPost, "/admin/reload", nil)
		r.RemoteAddr, r.Host = address, "localhost"
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		if w.Code != code {
			t.Errorf("from %q: code %d, want %d", address, w.Code, code)
		}
	}
}

func TestAudit(t *testing.T) {
	s := newReadyServer(t, nil)
	body := `{"texts": ["` + strings.Repeat("my son ", 40) + `", "Hello ` + secret + `"]}`
	got := s.predict(body)
	s.do(t.Context(), "GET", "/"+secret+"?"+secret, "", "X-Request-Id", secret, "User-Agent", secret)
	lines := s.log.requests(t)
	if len(lines) != 2 {
		t.Fatalf("%d lines for two requests", len(lines))
	}
	line := lines[0]
	for name, want := range map[string]any{
		"id": got.header.Get(requestIDHeader), "method": "POST", "path": "/v1/predict", "status": 200., "texts": 2., "truncated": 1.,
		"tokens": 48. + 4, "bytes_in": float64(len(body)), "bytes_out": float64(len(got.body)), "model": s.current.Hash, "from": "192.0.2.1",
	} {
		if line[name] != want {
			t.Errorf("%s is %v, want %v", name, line[name], want)
		}
	}
	for _, name := range []string{"total_ms", "decode_ms", "tokenize_ms", "queue_ms", "model_ms", "encode_ms"} {
		if _, number := line[name].(float64); !number {
			t.Errorf("%s is %v", name, line[name])
		}
	}
	if lines[1]["path"] != "other" || lines[1]["status"] != 404. {
		t.Errorf("the other line: path %v, status %v", lines[1]["path"], lines[1]["status"])
	}
}

func TestMetrics(t *testing.T) {
	s := newReadyServer(t, nil)
	s.predict(`{"texts": ["a", "my son"]}`)
	s.predict(secret)
	got := s.do(t.Context(), "GET", "/metrics", "")
	for _, want := range []string{
		`trident_requests_total{path="/v1/predict",status="200"} 1`,
		`trident_requests_total{path="/v1/predict",status="400"} 1`,
		`trident_request_seconds_count{path="/v1/predict"} 2`,
		"trident_texts_total 2", "trident_tokens_total 7", "trident_ready 1", "trident_queue_texts 0", "trident_queue_tokens 0",
		"trident_held_tokens 0", "trident_held_bytes 0", `trident_batch_texts_bucket{le="2"} 3`, `trident_batch_tokens_sum 109`,
		`trident_stage_seconds_count{stage="queue"} 1`, `trident_stage_seconds_count{stage="model"} 1`, `trident_reloads_total{result="ok"} 1`,
		fmt.Sprintf(`trident_model_info{model=%q,precision="fp32"} 1`, s.current.Hash), "process_resident_memory_bytes ", "go_goroutines ",
		"trident_build_info{goversion=\"" + runtime.Version(),
	} {
		if !strings.Contains(got.body, want) {
			t.Errorf("%s isn't there", want)
		}
	}
	problems, err := promlint.New(strings.NewReader(got.body)).Lint() // what "promtool check metrics" does
	if err != nil {
		t.Errorf("not Prometheus's format: %v", err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	for text := range strings.Lines(got.body) {
		name := regexp.MustCompile(`^[a-zA-Z_:]+`).FindString(text)
		family := regexp.MustCompile(`_(bucket|sum|count)$`).ReplaceAllString(name, "")
		for _, of := range []string{"# HELP ", "# TYPE "} {
			if name != "" && !strings.Contains(got.body, of+name+" ") && !strings.Contains(got.body, of+family+" ") {
				t.Errorf("%s has no %s", name, of)
			}
		}
	}
	if strings.Contains(got.body, secret) {
		t.Error("a text is in the metrics")
	}
}

// TestOpenAPI: what the server answers is what its description says.
func TestOpenAPI(t *testing.T) {
	s := newReadyServer(t, nil)
	var document map[string]any
	if err := json.Unmarshal([]byte(s.do(t.Context(), "GET", "/openapi.json", "").body), &document); err != nil {
		t.Fatal(err)
	}
	answers := map[string]reply{
		"post /v1/predict 200":   s.predict(`{"texts": ["my son was beaten", "a"], "scores": true, "attention": true, "redact": "label"}`),
		"post /v1/predict 422":   s.predict(`{"texts": []}`),
		"get /v1/labels 200":     s.do(t.Context(), "GET", "/v1/labels", ""),
		"get /readyz 200":        s.do(t.Context(), "GET", "/readyz", ""),
		"get /healthz 200":       s.do(t.Context(), "GET", "/healthz", ""),
		"post /admin/reload 403": s.do(t.Context(), "POST", "/admin/reload", ""),
	}
	for name, got := range answers {
		parts := strings.Fields(name)
		described := at(document, "paths", parts[1], parts[0], "responses", parts[2], "content", strings.Split(got.header.Get("Content-Type"), ";")[0], "schema")
		var value any
		if err := json.Unmarshal([]byte(got.body), &value); err != nil || fmt.Sprint(got.code) != parts[2] {
			t.Fatalf("%s: code %d: %v", name, got.code, err)
		}
		for _, wrong := range conform(document, described, value, "$") {
			t.Errorf("%s: %s", name, wrong)
		}
	}
	request := at(document, "paths", "/v1/predict", "post", "requestBody", "content", "application/json", "schema")
	for body, fits := range map[string]bool{
		`{"texts": ["a"], "tasks": ["ner"], "scores": true, "qa_threshold": 0.4, "overlap": 3}`: true,
		`{"texts": ["a"], "long": "mean"}`:                                      true,
		`{"texts": ["a"], "long": "some"}`:                                      false,
		`{"texts": ["a"], "other": 1}`:                                          false,
		`{"texts": ["a"], "redact": "mask", "redact_labels": ["NAME", "DATE"]}`: true,
		`{"texts": ["a"], "redact": "all"}`:                                     false,
		`{"texts": [1]}`:                                                        false,
		`{}`:                                                                    false,
		`{"texts": ["a"], "overlap": "a"}`:                                      false,
	} {
		var value any
		if err := json.Unmarshal([]byte(body), &value); err != nil {
			t.Fatal(err)
		}
		if wrong := conform(document, request, value, "$"); (len(wrong) == 0) != fits {
			t.Errorf("%s: %v", body, wrong)
		}
		if got := s.predict(body); (got.code == http.StatusOK) != fits {
			t.Errorf("%s: code %d", body, got.code)
		}
	}
	for name := range requestFields {
		if at(document, "components", "schemas", "Request", "properties", name) == nil {
			t.Errorf("the description lacks the field %s", name)
		}
	}
	if n := len(at(document, "components", "schemas", "Request", "properties").(map[string]any)); n != len(requestFields) {
		t.Errorf("the description has %d fields, the decoder %d", n, len(requestFields))
	}
}

// TestNothingVisible: the description excludes texts that the server refuses as
// empty: of white space, control characters and those without width.
func TestNothingVisible(t *testing.T) {
	s := newReadyServer(t, nil)
	var document map[string]any
	if err := json.Unmarshal([]byte(s.do(t.Context(), "GET", "/openapi.json", "").body), &document); err != nil {
		t.Fatal(err)
	}
	text, _ := at(document, "components", "schemas", "Request", "properties", "texts", "items", "pattern").(string)
	pattern, err := regexp.Compile(text)
	if err != nil || text == "" {
		t.Fatalf("%q: %v", text, err)
	}
	for r := range unicode.MaxRune {
		blank := unicode.IsSpace(r) || unicode.Is(unicode.Cc, r)
		format := unicode.Is(unicode.Cf, r) && !unicode.Is(unicode.Prepended_Concatenation_Mark, r) || r == '\u2065' // not assigned, among them
		switch excluded := !pattern.MatchString(string(r)); {
		case blank && !excluded:
			t.Errorf("%U isn't excluded", r)
		case excluded && !blank && !format:
			t.Errorf("%U is excluded", r)
		case format && !excluded && r <= 0xffff:
			t.Errorf("%U has no width, and isn't excluded", r)
		}
	}
	if pattern.MatchString(" \t\n\u00a0 ") || !pattern.MatchString(" a ") {
		t.Error("it is not about the whole text")
	}
}

// at follows keys into a JSON value.
func at(value any, keys ...string) any {
	for _, key := range keys {
		fields, _ := value.(map[string]any)
		value = fields[key]
	}
	return value
}

// conform lists where a value isn't as the schema says. It knows as much of
// JSON Schema as the document uses, and takes fields that aren't described for
// wrong.
func conform(document, schema, value any, path string) []string {
	s, ok := schema.(map[string]any)
	if !ok {
		return []string{path + ": there is no schema"}
	}
	if ref, found := s["$ref"].(string); found {
		return conform(document, at(document, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...), value, path)
	}
	if list, found := s["oneOf"].([]any); found {
		var wrong []string
		for _, one := range list {
			w := conform(document, one, value, path)
			if len(w) == 0 {
				return nil
			}
			wrong = append(wrong, w...)
		}
		return wrong
	}
	var wrong []string
	switch v := value.(type) {
	case map[string]any:
		if s["type"] != "object" {
			return []string{path + ": an object"}
		}
		for name, field := range v {
			inner := at(s, "properties", name)
			if inner == nil {
				inner = s["additionalProperties"]
			}
			wrong = append(wrong, conform(document, inner, field, path+"."+name)...)
		}
		required, _ := s["required"].([]any)
		for _, name := range required {
			if _, found := v[name.(string)]; !found {
				wrong = append(wrong, fmt.Sprintf("%s: no %s", path, name))
			}
		}
	case []any:
		if s["type"] != "array" {
			return []string{path + ": an array"}
		}
		for i, item := range v {
			wrong = append(wrong, conform(document, s["items"], item, fmt.Sprintf("%s[%d]", path, i))...)
		}
	case string:
		if values, some := s["enum"].([]any); s["type"] != "string" || some && !slices.Contains(values, value) {
			wrong = []string{path + ": a string, or another"}
		}
	case bool:
		if s["type"] != "boolean" {
			wrong = []string{path + ": a boolean"}
		}
	case float64:
		if s["type"] != "number" && !(s["type"] == "integer" && v == float64(int64(v))) {
			wrong = []string{path + ": a number"}
		}
	}
	return wrong
}
