package serve

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"testing"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/filetest"
	"github.com/trident-nlp/trident/internal/tinymodel"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/internal/usage"
)

// asGlutton is a variable with a model's directory that makes the test's
// program a process which asks all of greedy, and says what it took.
const asGlutton = "TRIDENT_TEST_AS_GLUTTON"

func TestMain(m *testing.M) {
	if dir := os.Getenv(asGlutton); dir != "" {
		if err := glut(dir, os.Stdout); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// greedy are bodies of about the size n that ask for as much as they can.
func greedy(n int) map[string]string {
	fill := func(unit string, bytes int) string { return strings.Repeat(unit, bytes/len(unit)) }
	texts := func(unit string, each int, more string) string {
		list := strings.Repeat(`"`+fill(unit, each)+`",`, max(1, min(128, n/(each+3))))
		return `{"texts": [` + strings.TrimSuffix(list, ",") + `]` + more + `}`
	}
	const all = `, "scores": true, "attention": true`
	const text = 256<<10 - 1000
	return map[string]string{
		"words":                    texts("a ", text, all),
		"words, pooled":            texts("a ", text, all+`, "long": "windows", "overlap": 24`),
		"words, windows":           texts("a ", text, all+`, "overlap": 24`),
		"a stride of 1":            texts("a ", text, all+`, "overlap": 45`),
		"words, redacted":          texts("a ", text, all+`, "redact": "label"`),
		"one word, redacted":       texts("x", text, all+`, "redact": "label"`),
		"marks":                    texts(".", text, all),
		"marks, windows":           texts(".", text, all+`, "overlap": 24`),
		"one word":                 texts("x", text, all),
		"one word, windows":        texts("x", text, all+`, "overlap": 24`),
		"ideographs":               texts("中", text, all),
		"ideographs, windows":      texts("中", text, all+`, "overlap": 24`),
		"combining marks":          texts("\u0301\u0316", text, all),
		"as much as is allowed":    `{"texts": [` + strings.TrimSuffix(strings.Repeat(`"`+fill("my son ", 800)+`",`, 128), ",") + `]` + all + `, "overlap": 24}`,
		"all of it read":           `{"texts": [` + strings.TrimSuffix(strings.Repeat(`"`+fill("my son ", 50_000)+`",`, 2), ",") + `]` + all + `, "overlap": 24}`,
		"escapes":                  texts(`\u0061\u0020`, text, all),
		"too long a text":          texts("a ", n-1000, all),
		"short texts":              `{"texts": [` + fill(`"a",`, n-100) + `"a"]` + all + `}`,
		"numbers":                  `{"texts": [` + fill(`1,`, n-100) + `1]}`,
		"arrays":                   `{"texts": ` + fill("[", n-100),
		"objects":                  `{"texts": ` + fill(`{"a":`, n-100),
		"names of tasks":           `{"texts": ["a"], "tasks": [` + fill(`"ner",`, n-100) + `"ner"]}`,
		"fields that aren't known": `{` + fill(`"a":1,"b":2,`, n-100) + `"texts": ["a"]}`,
		"a field again and again":  `{` + fill(`"texts":["a"],`, n-100) + `"texts": ["a"]}`,
		"a long name":              `{"` + fill("a", n-100) + `": 1}`,
		"a long number":            `{"texts": ["a"], "overlap": ` + fill("9", n-100) + `}`,
		"white space":              fill(" ", n-100) + `{"texts": ["a"]}`,
		"half pairs":               texts(`\ud83d`, text, all),
	}
}

// glut asks a server, one after the other and some at a
// time, and writes by how much that raised the process's memory so far,
// and the bound.
func glut(dir string, to io.Writer) error {
	c := Defaults()
	c.Log, c.Hosts.Any = slog.New(slog.DiscardHandler), true
	c.Limits.Body, c.QueueBytes = 2<<20, 16<<20 // the rest is as it is by default
	c.Open = func() (*Model, error) { return OpenModel(dir, gotch.CPU, torchx.FP32) }
	s, err := New(c)
	if err == nil {
		_, err = s.Reload(context.Background())
	}
	if err != nil {
		return err
	}
	defer s.free()
	bodies := greedy(int(c.Limits.Body))
	debug.FreeOSMemory()
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil { // the highest mark begins anew
		return err
	}
	before, err := usage.PeakMemory(os.Getpid())
	if err != nil {
		return err
	}
	ask := func(name, body string, alone bool) error {
		r := httptest.NewRequest(http.MethodPost, "/v1/predict", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		w := &looker{header: http.Header{}}
		s.Handler().ServeHTTP(w, r)
		switch {
		case w.status >= 500 && w.status != http.StatusServiceUnavailable,
			alone && w.status != http.StatusOK && (name == "all of it read" || name == "as much as is allowed" || name == "words"):
			return fmt.Errorf("%s: status %d", name, w.status)
		}
		return nil
	}
	report := func(what string) error {
		now, err := usage.PeakMemory(os.Getpid())
		fmt.Fprintf(to, "%d %d %s\n", now-before, c.Memory(), what)
		return err
	}
	for name, body := range bodies {
		if err := ask(name, body, true); err != nil {
			return err
		}
		if err := report(name); err != nil {
			return err
		}
	}
	var group sync.WaitGroup
	wrong := make(chan error, 3*len(bodies))
	for name, body := range bodies {
		for range 3 {
			group.Go(func() { wrong <- ask(name, body, false) })
		}
	}
	group.Wait()
	close(wrong)
	for err := range wrong {
		if err != nil {
			return err
		}
	}
	return report("all at a time")
}

// TestMemory: whatever requests of the allowed size say, one at a time or many,
// the process takes no more memory than the stated bound. It is measured by the
// kernel in a process of its own, as the highest mark that there was.
func TestMemory(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program)
	cmd.Env = append(os.Environ(), asGlutton+"="+tinymodel.Dir(t, 1))
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	n := 0
	for line := range strings.Lines(string(out)) {
		var took, bound int64
		var what string
		if _, err := fmt.Sscanf(line, "%d %d %s", &took, &bound, &what); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		t.Logf("%5d MB of %d: %s", took>>20, bound>>20, strings.TrimSpace(line))
		if took > bound {
			t.Errorf("%s: %d MB, of which %d are allowed", what, took>>20, bound>>20)
		}
		n++
	}
	if n != len(greedy(1<<20))+1 {
		t.Errorf("%d measures", n)
	}
}

// FuzzMemory: what a request allocates in all, which is more than it ever has
// at a time, is bounded by its size and by the tokens that the server takes.
func FuzzMemory(f *testing.F) {
	for _, body := range greedy(4 << 10) {
		f.Add([]byte(body), false)
		f.Add([]byte(body), true)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for range 20 {
		f.Add([]byte(randomBody(rng)), rng.IntN(2) == 0)
	}
	dir := tinymodel.Dir(f, 1)
	c := Defaults()
	c.Log, c.Hosts.Any, c.QueueTokens = slog.New(slog.DiscardHandler), true, 4096
	c.Limits.Body = 1 << 20
	c.Open = func() (*Model, error) { return OpenModel(dir, gotch.CPU, torchx.FP32) }
	s, err := New(c)
	if err == nil {
		_, err = s.Reload(f.Context())
	}
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(s.free)
	f.Fuzz(func(t *testing.T, body []byte, zipped bool) {
		sent := body
		if zipped {
			sent = filetest.Gzip(t, body)
		}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/predict", bytes.NewReader(sent))
		r.Header.Set("Content-Type", "application/json")
		if zipped {
			r.Header.Set("Content-Encoding", "gzip")
		}
		w := &looker{header: http.Header{}}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		s.Handler().ServeHTTP(w, r)
		runtime.ReadMemStats(&after)
		took := int64(after.TotalAlloc - before.TotalAlloc)
		// Buffers that grow by a quarter have taken five times their size in the end.
		if bound := int64(4<<20) + 5*prepareCost*int64(len(body)) + 2*tokenCost*int64(c.QueueTokens); took > bound {
			t.Errorf("a body of %d bytes took %d, want no more than %d", len(body), took, bound)
		}
		if w.status >= 500 {
			t.Errorf("status %d", w.status)
		}
		if s.admission.bytes.Load() != 0 || s.admission.tokens.Load() != 0 {
			t.Errorf("%d bytes and %d tokens are still held", s.admission.bytes.Load(), s.admission.tokens.Load())
		}
	})
}

// randomBody is a request that is right or nearly so.
func randomBody(rng *rand.Rand) string {
	units := []string{"a ", ".", "x", "中", "\u0301", "my son was ", "[CLS] ", "😀"}
	var texts []string
	for range rng.IntN(6) {
		texts = append(texts, strings.Repeat(units[rng.IntN(len(units))], rng.IntN(3000)))
	}
	request := map[string]any{"texts": texts}
	for name, values := range map[string][]any{
		"overlap": {0, 1, 20, 24, 25, 45, -1, 1e9}, "scores": {true, false}, "attention": {true}, "text_scores": {true},
		"long": {"", "windows", "mean", "truncate"}, "tasks": {[]string{"ner"}, []string{"ner", "ner", "mood"}, nil}, "qa_threshold": {0.5, 1},
	} {
		if rng.IntN(2) == 0 {
			request[name] = values[rng.IntN(len(values))]
		}
	}
	data, err := json.Marshal(request)
	if err != nil {
		return ""
	}
	return string(data)
}
