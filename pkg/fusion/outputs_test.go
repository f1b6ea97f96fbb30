package fusion

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// twoTexts is a batch of two texts, the second with padding.
func twoTexts(p *Predictor) datasets.Batch {
	examples := []datasets.Example{{IDs: p.tok.Encode("Hello, my name is Mwakamba.").IDs}, {IDs: p.tok.Encode("Help").IDs}}
	return datasets.Collator{PadID: int64(p.tok.PadID())}.Collate(nil, examples)
}

// TestOutputs compares outputs with what the encoder and the heads compute by themselves.
func TestOutputs(t *testing.T) {
	p, m := newTestPredictor(t)
	b := twoTexts(p)
	list := []tasks.Task{m.Tasks[2], m.Tasks[0], m.Tasks[1]}
	outputs, err := m.Outputs(b, list, OutputOptions{Probabilities: true, Attention: true})
	if err != nil || len(outputs) != len(list) {
		t.Fatalf("%d outputs, %v", len(outputs), err)
	}
	s, err := m.Inference("")
	if err != nil {
		t.Fatal(err)
	}
	hidden, mask := m.Hidden(s, b)
	for i, out := range outputs {
		if out.Task.Name != list[i].Name || len(out.Logits) != len(list[i].Heads) || len(out.Probabilities) != len(list[i].Heads) {
			t.Fatalf("output %d is of %s, %d heads; want %s, %d", i, out.Task.Name, len(out.Logits), list[i].Name, len(list[i].Heads))
		}
		for h, logits := range m.Logits(s, out.Task.Name, hidden, mask) {
			if got, want := slices.Concat(out.Logits[h]...), s.ReadFloat32(logits); !slices.Equal(got, want) {
				t.Errorf("%s: head %d: logits %v, want %v", out.Task.Name, h, got, want)
			}
			labels := len(out.Task.Heads[h].Labels)
			for e, row := range out.Logits[h] {
				for k := 0; k < len(row); k += labels {
					want := softmax(row[k : k+labels])
					for l, x := range row[k : k+labels] {
						if out.Task.Kind == tasks.MultiLabel {
							want[l] = float32(1 / (1 + math.Exp(-float64(x))))
						}
						if got := out.Probabilities[h][e][k+l]; math.Abs(float64(got-want[l])) > 1e-6 {
							t.Errorf("%s: head %d, example %d: probability %v, want %v", out.Task.Name, h, e, got, want[l])
						}
					}
				}
			}
		}
		if out.Task.Kind == tasks.MultiClass {
			for e := range b.Size {
				for h, class := range out.Answer(e) {
					if row := out.Logits[h][e]; row[class] != slices.Max(row) { // no head of these follows another
						t.Errorf("example %d: head %d: answer %d of %v", e, h, class, row)
					}
				}
			}
		}
		if attention := m.Attention(s, out.Task.Name, hidden, mask); (attention == nil) != (out.Attention == nil) {
			t.Errorf("%s: attention %v", out.Task.Name, out.Attention)
		} else if attention != nil && !slices.Equal(slices.Concat(slices.Concat(out.Attention...)...), s.ReadFloat32(attention)) {
			t.Errorf("%s: other attention", out.Task.Name)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	bare, err := m.Outputs(b, list[:1], OutputOptions{})
	if err != nil || bare[0].Probabilities != nil || bare[0].Attention != nil || !slices.Equal(bare[0].Logits[0][1], outputs[0].Logits[0][1]) {
		t.Errorf("%+v, %v", bare, err)
	}
}

func TestOutputsFail(t *testing.T) {
	p, m := newTestPredictor(t)
	b := twoTexts(p)
	for name, test := range map[string]struct {
		batch datasets.Batch
		list  []tasks.Task
		o     OutputOptions
		want  string
	}{
		"task":      {b, []tasks.Task{{Name: "mood"}}, OutputOptions{Probabilities: true, Attention: true}, `no task "mood"`},
		"precision": {b, m.Tasks, OutputOptions{Precision: torchx.Precision("fp8")}, `precision "fp8"`},
		"empty":     {datasets.Batch{}, m.Tasks, OutputOptions{}, "there is no example in it"},
	} {
		if _, err := m.Outputs(test.batch, test.list, test.o); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}
