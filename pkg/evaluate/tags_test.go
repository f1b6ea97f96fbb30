package evaluate

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/tinymodel"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// tagged is the task of NER with a label for each letter and kind of entity.
func tagged(letters ...string) tasks.Task {
	labels := []string{tasks.OutsideLabel}
	for _, kind := range tasks.NERLabels()[1:] {
		for _, letter := range letters {
			labels = append(labels, letter+"-"+kind)
		}
	}
	return tasks.SingleNER(labels)
}

// TestTagsAreScored compares eval with counts, on spans that are what the model
// finds, but for every third that is missing and every third of another label.
func TestTagsAreScored(t *testing.T) {
	w := tinymodel.NewWorld(t)
	w.Scale = 2 // so that words differ
	for name, task := range map[string]tasks.Task{"bio": tagged("B", "I"), "bilou": tagged("B", "I", "L", "U"), "bioes": tagged("S", "E", "B", "I")} {
		w.Model(name, 2, 512, task)
		m, tok, err := fusion.Load(name, gotch.CPU)
		if err != nil {
			t.Fatal(err)
		}
		defer m.Drop()
		predictions, err := fusion.NewPredictor(m, tok).Predict(t.Context(), w.Texts[:12], fusion.PredictOptions{})
		if err != nil {
			t.Fatal(err)
		}
		var data strings.Builder
		var gold, found, right int
		for i, p := range predictions {
			spans := []datasets.Entity{}
			for _, e := range p.Entities {
				span := datasets.Entity{Start: e.Start, End: e.End, Label: e.Label}
				switch found++; {
				case found%3 == 0:
					continue
				case found%3 == 1:
					right++
				case e.Label == "NAME":
					span.Label = "VICTIM"
				default:
					span.Label = "NAME"
				}
				spans = append(spans, span)
			}
			gold += len(spans)
			line, err := json.Marshal(map[string]any{"text": string(w.Texts[i]), "entities": spans})
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&data, "%s\n", line)
		}
		if right < 10 {
			t.Fatalf("%s: a model that finds %d entities tests nothing", name, found)
		}
		write(t, "own.jsonl", data.String())
		r := score(t, options(t, name, "ner=own.jsonl")).report(t, "ner")
		if got, want := value(t, r, "entity_f1"), 2*float64(right)/float64(gold+found); math.Abs(got-want) > 1e-12 {
			t.Errorf("%s: entity F1 %v, want %v", name, got, want)
		}
		if labels := r.Heads[0].Classes.Labels; !slices.Equal(labels, tasks.NERLabels()) {
			t.Errorf("%s: words are scored by %v", name, labels)
		}
	}
	write(t, "tags.jsonl", `{"text": "Amina", "entities": [{"start": 0, "end": 5, "label": "B-NAME"}]}`+"\n")
	want := `unknown entity label "B-NAME"; want one of [NAME LOCATION `
	if _, err := Run(t.Context(), options(t, "bio", "ner=tags.jsonl")); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("spans with tags for labels: %v, want %s", err, want)
	}
}
