package evaluate

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/tinymodel"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// TestRedaction measures on calls whose entities are what the model finds:
// all of them are replaced, and the report says so in all its forms.
func TestRedaction(t *testing.T) {
	w := tinymodel.NewWorld(t)
	w.Scale = 2
	w.Model("model", 2, 512, tasks.SingleNER(tasks.NERLabels()))
	m, tok, err := fusion.Load("model", gotch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Drop()
	predictions, err := fusion.NewPredictor(m, tok).Predict(t.Context(), w.Texts[:8], fusion.PredictOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var found strings.Builder
	want := map[string]int{}
	for i, p := range predictions {
		for _, e := range p.Entities {
			want[e.Label]++
		}
		line, err := json.Marshal(map[string]any{"text": string(w.Texts[i]), "entities": p.Entities})
		if err != nil {
			t.Fatal(err)
		}
		found.Write(append(line, '\n'))
	}
	write(t, "found.jsonl", found.String())
	o := options(t, "model", "found.jsonl")
	o.Redact = true
	o.Notice = nil
	result, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	got := result.Models[0].Redaction
	if len(got) != 1 || got[0].Calls != 8 || got[0].CallsCovered != 8 || len(got[0].Labels) < 3 {
		t.Fatalf("got %+v", got)
	}
	for _, row := range got[0].Labels {
		if row.Share() != 1 || row.ShareByModel() != 1 || row.ShareOfCharacters() != 1 || row.Label != "" && row.Entities != want[row.Label] || row.Label == "GENDER" {
			t.Errorf("%+v, of %d entities", row, want[row.Label])
		}
	}
	var markdown strings.Builder
	if err := result.Markdown(&markdown); err != nil || !strings.Contains(markdown.String(), "## Redaction") || !strings.Contains(markdown.String(), "| all | ") {
		t.Error(err, markdown.String())
	}
	if data, err := result.JSON(); err != nil || !strings.Contains(string(data), `"calls_covered": 8`) {
		t.Error(err)
	}

	o.Long = "truncate"
	if _, err := Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "--redact") {
		t.Errorf("truncated: %v", err)
	}
	o.Long, o.Redact = "auto", false
	if result, err = Run(t.Context(), o); err != nil || result.Models[0].Redaction != nil {
		t.Error("it wasn't asked for")
	}
}
