package fusion

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/pkg/tokenize"
)

func TestTaskLogits(t *testing.T) {
	p, m := newTestPredictor(t)
	predictions := mustPredict(t, p, predictorTexts, PredictOptions{Scores: true})
	for _, task := range m.Tasks {
		progress := 0
		all, err := p.TaskLogits(t.Context(), task.Name, predictorTexts, PredictOptions{BatchSize: 3, Progress: func(int, int) { progress++ }})
		if err != nil {
			t.Fatal(err)
		}
		if len(all) != len(predictorTexts) || progress != 3 {
			t.Fatalf("%s: logits of %d texts, %d reports", task.Name, len(all), progress)
		}
		for i, got := range all {
			if len(got.Values) != len(task.Heads) {
				t.Fatalf("text %d: logits of %d heads, want %d", i, len(got.Values), len(task.Heads))
			}
			switch task.Name {
			case "ner":
				expectWordLogits(t, got, predictions[i])
			case "cls":
				for h, head := range task.Heads {
					for l, p := range softmax(got.Values[h]) {
						near(t, head.Field, p, predictions[i].Scores.Classification[h].Value[l].Value)
					}
				}
			case "qa":
				for h, head := range task.Heads {
					for c, logit := range got.Values[h] {
						near(t, head.Field, float32(1/(1+math.Exp(-float64(logit)))), predictions[i].Scores.QA[h].Value[c])
					}
				}
			}
			if task.Name != "ner" && got.Words != nil {
				t.Errorf("%s: words %v", task.Name, got.Words)
			}
		}
	}
}

func expectWordLogits(t *testing.T, got Logits, want Prediction) {
	t.Helper()
	var spans []tokenize.Span
	for _, token := range want.NER {
		spans = append(spans, tokenize.Span{Start: token.Start, End: token.End})
	}
	if len(spans) == 0 || !slices.Equal(got.Words, spans) {
		t.Fatalf("words at %v, want %v", got.Words, spans)
	}
	labels := len(got.Values[0]) / len(spans)
	for w := range spans {
		for l, p := range softmax(got.Values[0][w*labels : (w+1)*labels]) {
			near(t, "label", p, want.Scores.NER[w][l].Value)
		}
	}
}

// Long texts are cut, whatever the options say.
func TestTaskLogitsOfLongTexts(t *testing.T) {
	p, _ := newTestPredictor(t)
	long := predictorTexts[4:5]
	cut, err := p.TaskLogits(t.Context(), "ner", long, PredictOptions{})
	if err != nil {
		t.Fatal(err)
	}
	windows, err := p.TaskLogits(t.Context(), "ner", long, PredictOptions{Overlap: new(6)})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(cut[0].Words, windows[0].Words) || !slices.Equal(cut[0].Values[0], windows[0].Values[0]) {
		t.Error("an overlap changes the logits")
	}
	if last := cut[0].Words[len(cut[0].Words)-1]; last.End >= len(long[0]) {
		t.Errorf("the last word ends at %d of %d: nothing was cut", last.End, len(long[0]))
	}
}

func TestTaskLogitsRefuse(t *testing.T) {
	p, _ := newTestPredictor(t)
	if _, err := p.TaskLogits(t.Context(), "mood", predictorTexts, PredictOptions{}); err == nil || !strings.Contains(err.Error(), `predict: no task "mood"`) {
		t.Errorf("error %v", err)
	}
}
