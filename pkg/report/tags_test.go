package report

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/pkg/tasks"
)

// TestTagsEqualSeqeval scores tags; the cases are those of scripts/golden/tags.py.
func TestTagsEqualSeqeval(t *testing.T) {
	data, err := os.ReadFile("../tasks/testdata/tags.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Scores []struct {
			Labels                []string
			Truth, Said           [][]string
			F1, Precision, Recall float64
		}
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	for _, c := range file.Scores {
		head := tasks.Head{Name: "ner", Labels: c.Labels}
		o := Outputs{Task: tasks.Task{Name: "ner", Kind: tasks.Token, Heads: []tasks.Head{head}}, Records: recordNumbers(len(c.Truth)), Heads: make([]HeadOutputs, 1)}
		words, right := 0, 0
		for i, written := range c.Truth {
			var classes []int
			var probabilities []float32
			for word, label := range written {
				classes = append(classes, slices.Index(head.TrueLabels(), label))
				for _, other := range c.Labels {
					p := float32(0)
					if other == c.Said[i][word] {
						p = 1
					}
					probabilities = append(probabilities, p)
				}
				words++
				if label[strings.Index(label, "-")+1:] == c.Said[i][word][strings.Index(c.Said[i][word], "-")+1:] {
					right++
				}
			}
			o.Heads[0].Truth, o.Heads[0].Probabilities = append(o.Heads[0].Truth, classes), append(o.Heads[0].Probabilities, probabilities)
		}
		r := report(t, o, Options{})
		equal(t, "F1", r.figure(t, "entity_f1").Value, c.F1)
		equal(t, "precision", r.figure(t, "entity_precision").Value, c.Precision)
		equal(t, "recall", r.figure(t, "entity_recall").Value, c.Recall)
		equal(t, "accuracy of words", r.figure(t, "token_accuracy").Value, float64(right)/float64(words))
		if got, want := r.Heads[0].Classes.Labels, []string{"O", "NAME", "LOCATION", "PHONE-NUMBER"}; !slices.Equal(got, want) {
			t.Errorf("words are scored by %v, want %v", got, want)
		}
	}
	if len(file.Scores) == 0 {
		t.Error("no scores")
	}
}
