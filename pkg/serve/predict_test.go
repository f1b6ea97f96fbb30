package serve

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/goldentest"
	"github.com/trident-nlp/trident/internal/tinymodel"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/client"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
)

// randomText is made of the model's words; some are too long for it.
func randomText(rng *rand.Rand) string {
	words := strings.Fields(tinymodel.Words)
	var text []string
	for range 1 + rng.IntN(2*tinymodel.MaxLength) {
		text = append(text, words[rng.IntN(len(words))])
	}
	return strings.Join(text, " ")
}

// TestSameAsPredictor: whatever else is asked at the same time, an answer is
// that of the model alone.
func TestSameAsPredictor(t *testing.T) {
	s := newReadyServer(t, nil)
	m, tok, err := fusion.Load(s.dir, gotch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Drop()
	alone := fusion.NewPredictor(m, tok)
	options := []client.Request{
		{},
		{Scores: true},
		{Tasks: []string{"qa"}, QAThreshold: 0.2},
		{Tasks: []string{"mood", "ner"}, Scores: true},
		{Overlap: 8, Scores: true, Attention: true},
		{Attention: true, Tasks: []string{"qa", "ner"}},
		{Tasks: []string{"cls"}, Overlap: 20},
		{IndependentHeads: true, Scores: true},
		{Long: "windows", Scores: true, Attention: true},
		{Long: "mean", Tasks: []string{"cls", "mood"}},
		{Long: "truncate"},
	}
	var group sync.WaitGroup
	for caller := range 24 {
		group.Go(func() {
			rng := rand.New(rand.NewPCG(1, uint64(caller)))
			for range 4 {
				r := options[rng.IntN(len(options))]
				var texts []datasets.Transcript
				for range 1 + rng.IntN(5) {
					r.Texts = append(r.Texts, randomText(rng))
					texts = append(texts, datasets.Transcript(r.Texts[len(r.Texts)-1]))
				}
				want, err := alone.Predict(t.Context(), texts, fusion.PredictOptions{
					Tasks: r.Tasks, Scores: r.Scores, Attention: r.Attention, Threshold: r.QAThreshold, Long: fusion.Long(r.Long), Overlap: r.Overlap, IndependentHeads: r.IndependentHeads, Review: true,
				})
				body, _ := json.Marshal(r)
				got := s.predict(string(body))
				var answer struct{ Predictions any }
				if err != nil || got.code != http.StatusOK || json.Unmarshal([]byte(got.body), &answer) != nil {
					t.Errorf("code %d: %v", got.code, err)
					return
				}
				if !goldentest.AlikeJSON(answer.Predictions, asValue(t, want)) {
					t.Errorf("caller %d: the answer differs from the Predictor's", caller)
				}
			}
		})
	}
	group.Wait()
}

// TestIndependentHeads: main and sub-category go together, unless the request or
// the server's configuration wants each head by itself.
func TestIndependentHeads(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 3))
	texts := make([]string, 60)
	for i := range texts {
		texts[i] = randomText(rng)
	}
	ask := func(s *testServer, independent bool) []client.Prediction {
		body, err := json.Marshal(client.Request{Texts: texts, IndependentHeads: independent, Scores: true})
		if err != nil {
			t.Fatal(err)
		}
		var answer client.Response
		if got := s.predict(string(body)); got.code != http.StatusOK || json.Unmarshal([]byte(got.body), &answer) != nil {
			t.Fatalf("code %d: %s", got.code, got.body)
		}
		return answer.Predictions
	}
	mainOf := map[string]string{"Custody": "Child Maintenance & Custody", "Physical Violence": "GBV"}
	contradictions := func(list []client.Prediction) (n int) {
		for _, p := range list {
			if p.Classification["main_category"] != mainOf[p.Classification["sub_category"]] {
				n++
			}
		}
		return n
	}
	s := newReadyServer(t, nil)
	if n := contradictions(ask(s, false)); n != 0 {
		t.Errorf("%d of %d answers contradict themselves", n, len(texts))
	}
	apart := ask(s, true)
	if n := contradictions(apart); n == 0 {
		t.Error("no answer of independent heads contradicts itself: nothing is tested")
	}
	for i, p := range apart {
		for field, said := range p.Classification {
			for label, score := range p.Scores.Classification[field] {
				if score > p.Scores.Classification[field][said] {
					t.Errorf("text %d: %s is %s, but %s is likelier", i, field, said, label)
				}
			}
		}
	}
	whole := newReadyServer(t, func(c *Config) { c.IndependentHeads = true })
	for _, asked := range []bool{false, true} {
		if !goldentest.AlikeJSON(asValue(t, ask(whole, asked)), asValue(t, apart)) {
			t.Error("a server of independent heads answers otherwise")
		}
	}
}

// TestInt8: in 8-bit integers the neighbours in a batch change nothing at all.
func TestInt8(t *testing.T) {
	s := newServer(t, nil)
	s.Open = func() (*Model, error) { return OpenModel(s.dir, gotch.CPU, torchx.INT8) }
	if _, err := s.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	one := s.predict(`{"texts": ["my son was beaten"], "scores": true}`)
	two := s.predict(`{"texts": ["my son was beaten", "Hello ? a"], "scores": true}`)
	var alone, beside client.Response
	if json.Unmarshal([]byte(one.body), &alone) != nil || json.Unmarshal([]byte(two.body), &beside) != nil {
		t.Fatalf("codes %d and %d", one.code, two.code)
	}
	if !goldentest.AlikeJSON(asValue(t, alone.Predictions[0]), asValue(t, beside.Predictions[0])) {
		t.Error("a text's answer hangs on its neighbour")
	}
}

func TestProblems(t *testing.T) {
	s := newReadyServer(t, func(c *Config) {
		c.Limits = Limits{Body: 4000, Texts: 3, Text: 1000}
		c.QueueTokens = 100
	})
	text := func(n int) string { return strings.Repeat("a ", n/2) }
	tests := map[string]struct {
		body   string
		status int
		field  string
		detail string
	}{
		"empty":               {" ", 400, "", "the body is empty"},
		"no JSON":             {secret, 400, "", "broken JSON at byte 1"},
		"half JSON":           {`{"texts": ["` + secret, 400, "", "broken JSON: it ends too early"},
		"two values":          {`{"texts": ["` + secret + `"]} {}`, 400, "", "broken JSON at byte"},
		"deep":                {strings.Repeat("[", 3999), 400, "", "broken JSON"},
		"not UTF-8":           {`{"texts": ["` + secret + "\xff\"]}", 400, "", "the body is not UTF-8: see byte 19"},
		"an array":            {`["` + secret + `"]`, 422, "", "want a JSON object"},
		"null":                {`null`, 422, "", "want a JSON object"},
		"a string":            {`"` + secret + `"`, 422, "", "want a JSON object"},
		"no texts":            {`{}`, 422, "texts", "at least one text"},
		"null texts":          {`{"texts": null}`, 422, "texts", "at least one text"},
		"no text":             {`{"texts": []}`, 422, "texts", "at least one text"},
		"unknown field":       {`{"texts": ["a"], "` + secret + `": 1}`, 422, "", "there are attention, independent_heads, language, long, overlap, qa_threshold, scores, tasks, text_scores, texts"},
		"other case":          {`{"Texts": ["a"]}`, 422, "", "isn't known"},
		"texts a string":      {`{"texts": "` + secret + `"}`, 422, "texts", "want an array of strings"},
		"texts an object":     {`{"texts": {"` + secret + `": 1}}`, 422, "texts", "want an array of strings"},
		"a number":            {`{"texts": ["` + secret + `", 5]}`, 422, "texts[1]", "want a string"},
		"a null":              {`{"texts": [null]}`, 422, "texts[0]", "want a string"},
		"an array inside":     {`{"texts": [["` + secret + `"]]}`, 422, "texts[0]", "want a string"},
		"empty text":          {`{"texts": ["a", " \n"]}`, 422, "texts[1]", "the text is empty"},
		"no width":            {`{"texts": ["\u200b\u00ad\u2060\ufeff"]}`, 422, "texts[0]", "the text is empty"},
		"control characters":  {`{"texts": ["a", "\u0000 \u0001\u001c\u001f\u007f"]}`, 422, "texts[1]", "the text is empty"},
		"private use":         {`{"texts": ["a", "\ue000 \ue001"]}`, 422, "texts[1]", "the text is empty"},
		"private, in windows": {`{"texts": ["\ue000"], "overlap": 3}`, 422, "texts[0]", "the text is empty"},
		"half a pair":         {`{"texts": ["` + secret + `\ud83d"]}`, 422, "texts[0]", "half a surrogate pair"},
		"unknown task":        {`{"texts": ["a"], "tasks": ["ner", "` + secret + `"]}`, 422, "tasks[1]", "it has ner, cls, qa, mood"},
		"tasks a string":      {`{"texts": ["a"], "tasks": "ner"}`, 422, "tasks", "want an array of names"},
		"a task a number":     {`{"texts": ["a"], "tasks": [1]}`, 422, "tasks[0]", "want a task's name"},
		"no task":             {`{"texts": ["a"], "tasks": []}`, 422, "tasks", "at least one name"},
		"many tasks":          {`{"texts": ["a"], "tasks": [` + strings.Repeat(`"ner",`, 64) + `"ner"]}`, 422, "tasks", "more than 64 names"},
		"scores a string":     {`{"texts": ["a"], "scores": "` + secret + `"}`, 422, "scores", "want true or false"},
		"heads a number":      {`{"texts": ["a"], "independent_heads": 1}`, 422, "independent_heads", "want true or false"},
		"attention a number":  {`{"texts": ["a"], "attention": 1}`, 422, "attention", "want true or false"},
		"threshold 0":         {`{"texts": ["a"], "qa_threshold": 0}`, 422, "qa_threshold", "more than 0 and less than 1"},
		"threshold 1":         {`{"texts": ["a"], "qa_threshold": 1}`, 422, "qa_threshold", "more than 0 and less than 1"},
		"threshold huge":      {`{"texts": ["a"], "qa_threshold": 1e999}`, 422, "qa_threshold", "more than 0 and less than 1"},
		"threshold a text":    {`{"texts": ["a"], "qa_threshold": "` + secret + `"}`, 422, "qa_threshold", "more than 0 and less than 1"},
		"overlap negative":    {`{"texts": ["a"], "overlap": -1}`, 422, "overlap", "0 or more"},
		"overlap a half":      {`{"texts": ["a"], "overlap": 1.5}`, 422, "overlap", "a whole number"},
		"long unknown":        {`{"texts": ["a"], "long": "whole"}`, 422, "long", "windows, mean or truncate"},
		"long, empty":         {`{"texts": ["a"], "long": ""}`, 422, "long", "windows, mean or truncate"},
		"long, no text":       {`{"texts": ["a"], "long": 1}`, 422, "long", "windows, mean or truncate"},
		"overlap, truncated":  {`{"texts": ["a"], "long": "truncate", "overlap": 3}`, 422, "overlap", "leave it out"},
		"overlap too large":   {`{"texts": ["a"], "overlap": 25}`, 422, "overlap", "want 0 to 24"},
		"many texts":          {`{"texts": ["a", "a", "a", "a"]}`, 413, "texts", "more than 3 texts"},
		"long text":           {`{"texts": ["a", "` + text(1002) + `"]}`, 413, "texts[1]", "the text has 1002 bytes; want no more than 1000"},
		"many tokens":         {`{"texts": ["` + text(200) + `", "` + text(200) + `", "` + text(200) + `"]}`, 413, "texts", "more than 100 tokens in all"},
		"large body":          {strings.Repeat(" ", 4001), 413, "", "more than 4000 bytes"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := s.predict(test.body)
			status, field, detail := got.problem(t)
			if status != test.status || field != test.field || !strings.Contains(detail, test.detail) {
				t.Errorf("got %d, field %q, %q; want %d, field %q, %q", status, field, detail, test.status, test.field, test.detail)
			}
		})
	}
	if got := s.predict(`{"texts": ["a"], "tasks": null, "scores": null, "qa_threshold": null, "long": null, "overlap": null}`); got.code != http.StatusOK {
		t.Errorf("null for what may be left out: code %d", got.code)
	}
	if s.admission.bytes.Load() != 0 || s.admission.tokens.Load() != 0 {
		t.Errorf("%d bytes and %d tokens are still held", s.admission.bytes.Load(), s.admission.tokens.Load())
	}
}

func TestContentTypes(t *testing.T) {
	s := newReadyServer(t, nil)
	const body = `{"texts": ["` + secret + `"]}`
	for _, test := range []struct {
		name, value string
		code        int
	}{
		{"Content-Type", "application/json", 200},
		{"Content-Type", "application/json; charset=UTF-8", 200},
		{"Content-Encoding", "identity", 200},
		{"Content-Type", "application/json; charset=latin1", 415},
		{"Content-Type", "application/x-www-form-urlencoded", 415},
		{"Content-Type", "text/plain", 415},
		{"Content-Type", "", 415},
		{"Content-Type", ";", 415},
		{"Content-Encoding", "br", 415},
		{"Content-Encoding", "gzip, gzip", 415},
		{"Content-Type", "application/json;charset=utf8", 200},
		{"Content-Type", "Application/JSON; Charset=\"UTF8\"", 200},
	} {
		got := s.do(t.Context(), "POST", "/v1/predict", body, test.name, test.value)
		if got.code != test.code {
			t.Errorf("%s %q: code %d, want %d", test.name, test.value, got.code, test.code)
		}
		if got.code != 200 {
			got.problem(t)
		}
	}
}

// wait gives a condition a while to come true.
func wait(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for range 120000 {
		if condition() {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("it never came to this: %s", what)
}

// TestSharedBatch: requests that come while the model works are read together.
func TestSharedBatch(t *testing.T) {
	s := newReadyServer(t, nil)
	g := s.hold()
	var group sync.WaitGroup
	ask := func(body string) {
		group.Go(func() {
			if got := s.predict(body); got.code != http.StatusOK {
				t.Errorf("code %d", got.code)
			}
		})
	}
	ask(`{"texts": ["my son"]}`)
	if first := <-g.entered; len(first) != 1 {
		t.Errorf("the first batch has %d texts", len(first))
	}
	for i := range 6 {
		ask(fmt.Sprintf(`{"texts": ["a", "my name is a"], "scores": %t}`, i%2 == 0))
	}
	wait(t, "twelve texts in the queue", func() bool { n, _ := s.waiting(); return n == 12 })
	g.open()
	if second := <-g.entered; len(second) != 12 {
		t.Errorf("the second batch has %d texts, want those of all six requests", len(second))
	}
	group.Wait()
}

// TestClientLeaves: what the model hasn't begun is not read for nobody.
func TestClientLeaves(t *testing.T) {
	s := newReadyServer(t, nil)
	g := s.hold()
	var group sync.WaitGroup
	group.Go(func() { s.predict(`{"texts": ["my son"]}`) })
	<-g.entered
	ctx, leave := context.WithCancel(t.Context())
	group.Go(func() { s.do(ctx, "POST", "/v1/predict", `{"texts": ["a", "a"]}`) })
	wait(t, "two texts in the queue", func() bool { n, _ := s.waiting(); return n == 2 })
	leave()
	wait(t, "an empty queue", func() bool { n, _ := s.waiting(); return n == 0 })
	g.open()
	group.Wait()
	if len(g.entered) > 0 {
		t.Errorf("the model read %d texts of somebody who had left", len(<-g.entered))
	}
	left := 0
	for _, line := range s.log.requests(t) {
		if line["status"] == float64(statusLeft) {
			left++
		}
	}
	if left != 1 || s.admission.tokens.Load() != 0 {
		t.Errorf("%d audit lines of who left, %d tokens still held", left, s.admission.tokens.Load())
	}
}

// TestFull: what is too much at a time is refused, and later it isn't.
func TestFull(t *testing.T) {
	s := newReadyServer(t, func(c *Config) { c.QueueTokens, c.QueueBytes = 10, 200 })
	g := s.hold()
	var group sync.WaitGroup
	group.Go(func() {
		if got := s.predict(`{"texts": ["my son was a"]}`); got.code != http.StatusOK { // 6 tokens
			t.Errorf("code %d", got.code)
		}
	})
	<-g.entered
	refused := s.predict(`{"texts": ["my son was a"]}`)
	if status, _, detail := refused.problem(t); status != http.StatusTooManyRequests || refused.header.Get("Retry-After") == "" {
		t.Errorf("got %d (%s), Retry-After %q", status, detail, refused.header.Get("Retry-After"))
	}
	large := s.predict(`{"texts": ["a"]` + strings.Repeat(" ", 200) + `}`)
	if status, _, _ := large.problem(t); status != http.StatusTooManyRequests || large.header.Get("Retry-After") == "" {
		t.Errorf("too many bytes: got %d", status)
	}
	g.open()
	group.Wait()
	if got := s.predict(`{"texts": ["my son was a"]}`); got.code != http.StatusOK {
		t.Errorf("afterwards: code %d", got.code)
	}
}

func TestTimeout(t *testing.T) {
	s := newReadyServer(t, func(c *Config) { c.Timeout = time.Millisecond })
	s.hold()
	got := s.predict(`{"texts": ["my son"]}`)
	if status, _, _ := got.problem(t); status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "" {
		t.Errorf("got %d, Retry-After %q", status, got.header.Get("Retry-After"))
	}
}

// TestTimeoutCoversAll: who has waited long enough for their turn to be decoded
// and tokenized isn't any more, and nothing is held for them.
func TestTimeoutCoversAll(t *testing.T) {
	s := newReadyServer(t, func(c *Config) { c.Timeout = 20 * time.Millisecond })
	if err := s.preparing.Acquire(t.Context(), prepareBytes); err != nil { // others are at it
		t.Fatal(err)
	}
	got := s.predict(`{"texts": ["my son"]}`)
	if status, _, detail := got.problem(t); status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "" || detail != "no answer within 20ms" {
		t.Errorf("got %d, %q, Retry-After %q", status, detail, got.header.Get("Retry-After"))
	}
	ctx, leave := context.WithCancel(t.Context())
	leave()
	s.do(ctx, "POST", "/v1/predict", `{"texts": ["my son"]}`)
	s.preparing.Release(prepareBytes)
	s.Timeout = time.Nanosecond // over before anything is tokenized
	if got := s.predict(`{"texts": ["my son"]}`); got.code != http.StatusServiceUnavailable {
		t.Errorf("code %d", got.code)
	}
	s.Timeout = time.Minute
	if got := s.predict(`{"texts": ["my son"]}`); got.code != http.StatusOK {
		t.Errorf("afterwards: code %d", got.code)
	}
	var statuses []any
	for _, line := range s.log.requests(t) {
		statuses = append(statuses, line["status"])
		if line["status"] != 200. && line["tokens"] != nil && line["tokens"] != 0. {
			t.Errorf("%v tokens were tokenized", line["tokens"])
		}
	}
	if fmt.Sprint(statuses) != "[503 499 503 200]" || s.admission.bytes.Load() != 0 || s.admission.tokens.Load() != 0 {
		t.Errorf("statuses %v; %d bytes and %d tokens are still held", statuses, s.admission.bytes.Load(), s.admission.tokens.Load())
	}
}

// TestTextScores: the probabilities without those of words, which are most.
func TestTextScores(t *testing.T) {
	s := newReadyServer(t, nil)
	var all, some client.Response
	for body, to := range map[string]*client.Response{`{"texts": ["my son"], "scores": true}`: &all, `{"texts": ["my son"], "text_scores": true}`: &some} {
		if got := s.predict(body); got.code != http.StatusOK || json.Unmarshal([]byte(got.body), to) != nil {
			t.Fatalf("%s: code %d", body, got.code)
		}
	}
	have := some.Predictions[0]
	if have.Scores == nil || have.Scores.NER != nil || len(have.NER) != 2 {
		t.Fatalf("%d words, scores %+v", len(have.NER), have.Scores)
	}
	if want := all.Predictions[0].Scores; len(want.NER) != 2 {
		t.Error("no scores of words where all are wanted")
	} else if want.NER = nil; !goldentest.AlikeJSON(asValue(t, have.Scores), asValue(t, want)) {
		t.Errorf("other scores: %+v, want %+v", have.Scores, want)
	}
}

// TestModelFails: the client hears that it is the server's fault, the log what.
func TestModelFails(t *testing.T) {
	s := newReadyServer(t, nil)
	for name, read := range map[string]func(*Model, []fusion.Piece) error{
		"an error": func(*Model, []fusion.Piece) error { return fmt.Errorf("no memory for [32, 512]") },
		"a panic": func(_ *Model, pieces []fusion.Piece) error {
			return run(&Model{}, pieces) // no predictor
		},
	} {
		s.read = read
		got := s.predict(`{"texts": ["` + secret + `", "a"]}`)
		if status, _, detail := got.problem(t); status != http.StatusInternalServerError || strings.Contains(detail, "memory") {
			t.Errorf("%s: got %d, %q", name, status, detail)
		}
	}
	failed := 0
	for _, line := range s.log.requests(t) {
		if text, _ := line["error"].(string); strings.Contains(text, "no memory for [32, 512]") || strings.Contains(text, "a bug: ") {
			failed++
		}
	}
	if failed != 2 {
		t.Errorf("%d errors in the log, want 2", failed)
	}
	s.read = run
	if got := s.predict(`{"texts": ["a"]}`); got.code != http.StatusOK {
		t.Errorf("afterwards: code %d", got.code)
	}
}
