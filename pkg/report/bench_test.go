package report

import (
	"math/rand/v2"
	"testing"

	"github.com/trident-nlp/trident/pkg/tasks"
)

// thousand is 1,000 drawn records of a task; its tokens' records have 40 words.
func thousand(task tasks.Task) Outputs {
	random := rand.New(rand.NewPCG(1, 1))
	o := Outputs{Task: task, Records: recordNumbers(1000), Heads: make([]HeadOutputs, len(task.Heads))}
	for h, head := range task.Heads {
		width := len(head.Labels)
		for range o.Records {
			values, classes := 1, width
			switch task.Kind {
			case tasks.Token:
				values = 40
			case tasks.MultiLabel:
				values, classes = width, 2
			}
			truth := make([]int, values)
			var probabilities []float32
			for i := range truth {
				truth[i] = random.IntN(classes)
				if task.Kind == tasks.MultiLabel {
					probabilities = append(probabilities, random.Float32())
				} else {
					probabilities = append(probabilities, sure(width, random.IntN(classes), 0.5+random.Float32()/2)...)
				}
			}
			o.Heads[h].Truth = append(o.Heads[h].Truth, truth)
			o.Heads[h].Probabilities = append(o.Heads[h].Probabilities, probabilities)
		}
	}
	return o
}

// 1,000 resamples of 1,000 records, all headline figures together.
func BenchmarkIntervals(b *testing.B) {
	labels := func(n int) []string { return make([]string, n) }
	for name, task := range map[string]tasks.Task{
		"ner": tasks.NER(tasks.NERLabels()),
		"cls": tasks.CLS(tasks.CaseLabels{Main: labels(8), Sub: labels(77), Intervention: labels(16), Priority: labels(3)}),
		"qa":  tasks.QA(),
	} {
		o := thousand(task)
		for resamples, what := range map[int]string{0: "report", 1000: "report and intervals"} {
			b.Run(name+" "+what, func(b *testing.B) {
				for b.Loop() {
					if _, err := New(b.Context(), o, Options{Resamples: resamples}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
