package serve

import (
	"encoding/json"
	"testing"

	"github.com/trident-nlp/trident/internal/tinymodel"
	"github.com/trident-nlp/trident/pkg/client"
)

// TestLabelAttention: a model with an attention for each label answers with the weights of
// each, as the service's description and the client say.
func TestLabelAttention(t *testing.T) {
	s := newServer(t, nil)
	s.dir = tinymodel.DirOf(t, 1, tinymodel.ByLabel(t))
	if _, err := s.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := s.predict(`{"texts": ["my son was beaten"], "attention": true}`)
	var document, value any
	var answer client.Response
	for _, part := range []struct {
		text string
		into any
	}{{s.do(t.Context(), "GET", "/openapi.json", "").body, &document}, {got.body, &value}, {got.body, &answer}} {
		if err := json.Unmarshal([]byte(part.text), part.into); err != nil {
			t.Fatal(err)
		}
	}
	for _, wrong := range conform(document, at(document, "paths", "/v1/predict", "post", "responses", "200", "content", "application/json", "schema"), value, "$") {
		t.Error(wrong)
	}
	p := answer.Predictions[0]
	var main []float32
	var closing map[string][]float32
	err := json.Unmarshal(p.LabelAttention["cls"]["main_category"], &main)
	if err == nil {
		err = json.Unmarshal(p.LabelAttention["qa"]["closing"], &closing)
	}
	if err != nil {
		t.Fatal(err)
	}
	if words := len(p.Attention["qa"]); len(main) != words || len(closing["Proper call closing phrase used"]) != words || words != 4 {
		t.Errorf("weights %v and %v of %d words", main, closing, words)
	}
}
