package run

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/trainer"
)

func TestPoints(t *testing.T) {
	p := points{}
	p.add(1, map[string]float64{"train/loss": 1, "val/avg": 0.5, "val_ner/entity_f1": 0.5})
	p.add(2, map[string]float64{"train/loss": 1, "val/avg": 0.4})
	p.add(2, map[string]float64{"test/ner_f1": 0.4})
	want := map[string]int64{"val/avg": 1, "val_ner/entity_f1": 1, "test/ner_f1": 2}
	if got := p.of(1, 2); !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestStepLosses(t *testing.T) {
	var l stepLosses
	l.add([]trainer.Figure{{Name: "ner", Value: 2}, {Value: 2}})
	l.add(nil) // skipped
	l.add([]trainer.Figure{{Name: "qa", Value: 4}, {Value: 4}})
	want := map[string]float64{"step/loss": 3, "step/loss_ner": 2, "step/loss_qa": 4}
	if got := l.take(); !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got := l.take(); len(got) != 0 {
		t.Errorf("%v again", got)
	}
}

func TestCardWithoutHead(t *testing.T) {
	card := "---\nlibrary_name: trident\n---\n# Title\n\nText.\n\n## Data\n\n" + strings.Repeat("d", 100) + "\n\n## Scores\n\n| a |\n|---|\n\n## Use\n\nuse\n"
	whole := cardWithoutHead(card, 1000)
	if !strings.HasPrefix(whole, "# Title\n") || !strings.HasSuffix(whole, "## Use\n\nuse") {
		t.Errorf("whole: %q", whole)
	}
	if got, want := cardWithoutHead(card, len(whole)-1), strings.TrimSuffix(whole, "\n\n## Use\n\nuse"); got != want {
		t.Errorf("without use: %q, want %q", got, want)
	}
	if got, want := cardWithoutHead(card, 60), "# Title\n\nText.\n\n## Scores\n\n| a |\n|---|"; got != want {
		t.Errorf("short: %q, want %q", got, want)
	}
}

func TestColumns(t *testing.T) {
	text, err := columnsOf([]tasks.Task{tasks.NER([]string{"O"}), tasks.CLS(tasks.CaseLabels{})})
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		Columns []struct {
			Type, Name string
			Required   bool
		} `json:"mlflow_colspec"`
	}
	if err := json.Unmarshal([]byte(text), &schema); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range schema.Columns {
		names = append(names, c.Name+" "+c.Type)
	}
	if want := []string{"text string", "entities any", "narrative string", "category string", "intervention string", "priority string"}; !reflect.DeepEqual(names, want) {
		t.Errorf("%v, want %v", names, want)
	}
}
