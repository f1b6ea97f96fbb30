package serve

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/tinymodel"
	"github.com/trident-nlp/trident/pkg/client"
	"github.com/trident-nlp/trident/pkg/datasets"
)

// newWholeServer is a server whose model learnt windows of 16 tokens that share 8.
func newWholeServer(t *testing.T, change func(*Config)) *testServer {
	t.Helper()
	s := newServer(t, change)
	tinymodel.Windows(t, s.dir, datasets.Windows{Length: 16, Overlap: 8, MaxTokens: 1002})
	if _, err := s.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestWholeCalls: a model that learnt windows answers whole calls, or what a request wants.
func TestWholeCalls(t *testing.T) {
	s := newWholeServer(t, nil)
	if got := s.do(t.Context(), "GET", "/readyz", ""); !strings.Contains(got.body, `"max_length":16,"windows":true,"max_tokens":1002`) {
		t.Errorf("readyz says %s", got.body)
	}
	for _, test := range []struct {
		words     int
		more      string
		read      int
		truncated bool
	}{
		{100, "", 100, false},
		{1001, "", 1000, true},
		{1001, `, "long": "windows"`, 1001, false},
		{1001, `, "long": "mean"`, 1001, false},
		{100, `, "long": "truncate"`, 14, true},
		{100, `, "overlap": 3`, 100, false},
		{14, "", 14, false},
	} {
		got := s.predict(fmt.Sprintf(`{"texts": [%q], "attention": true%s}`, strings.Repeat("a ", test.words), test.more))
		var answer client.Response
		if err := json.Unmarshal([]byte(got.body), &answer); err != nil || got.code != http.StatusOK {
			t.Fatalf("%+v: code %d, %v", test, got.code, err)
		}
		p := answer.Predictions[0]
		if len(p.NER) != test.read || p.Truncated != test.truncated || len(p.Attention["qa"]) != test.read {
			t.Errorf("%+v: %d words, truncated %v, %d weights", test, len(p.NER), p.Truncated, len(p.Attention["qa"]))
		}
	}
}

// TestWindowsTokensCount: it is the tokens of all windows that the server's limit and its
// log count. 100 words are 16 windows: of 14 words each, 6 of them new.
func TestWindowsTokensCount(t *testing.T) {
	const tokens = 15*16 + 12
	body := fmt.Sprintf(`{"texts": [%q]}`, strings.Repeat("a ", 100))
	s := newWholeServer(t, func(c *Config) { c.QueueTokens = tokens })
	if got := s.predict(body); got.code != http.StatusOK {
		t.Errorf("as many tokens as allowed: code %d", got.code)
	}
	if log := s.log.requests(t); log[len(log)-1]["tokens"] != float64(tokens) {
		t.Errorf("the log says %v tokens, want %d", log[len(log)-1]["tokens"], tokens)
	}
	s = newWholeServer(t, func(c *Config) { c.QueueTokens = tokens - 1 })
	if status, field, detail := s.predict(body).problem(t); status != http.StatusRequestEntityTooLarge || field != "texts" || !strings.Contains(detail, "long: truncate") {
		t.Errorf("one token more than allowed: %d, %s, %s", status, field, detail)
	}
	if got := s.predict(strings.Replace(body, "{", `{"long": "truncate", `, 1)); got.code != http.StatusOK {
		t.Errorf("its beginning: code %d", got.code)
	}
}
