package trainer

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/goldentest"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// cut is a batch in so many parts, dealt out row by row, with its denominators.
func cut(m Trainable, whole datasets.Batch, parts int) []datasets.Batch {
	if parts == 1 {
		return []datasets.Batch{whole}
	}
	var list []datasets.Batch
	for i := range parts {
		b := datasets.Batch{Length: whole.Length}
		for _, part := range whole.Parts {
			b.Parts = append(b.Parts, datasets.Part{Task: part.Task, Taught: part.Taught, Targets: make([]datasets.Target, len(part.Targets))})
		}
		for row := i; row < whole.Size; row += parts {
			addRow(&b, whole, row)
		}
		setDenominators(m, &b, whole)
		list = append(list, b)
	}
	return list
}

// addRow gives b a row of another batch.
func addRow(b *datasets.Batch, from datasets.Batch, row int) {
	to := int64(b.Size)
	b.Size++
	b.IDs = append(b.IDs, from.IDs[row*from.Length:(row+1)*from.Length]...)
	b.Mask = append(b.Mask, from.Mask[row*from.Length:(row+1)*from.Length]...)
	for p, part := range from.Parts {
		for h, target := range part.Targets {
			own := &b.Parts[p].Targets[h]
			of := func(n int) (first, last int) { return row * n / from.Size, (row + 1) * n / from.Size }
			first, last := of(len(target.Classes))
			own.Classes = append(own.Classes, target.Classes[first:last]...)
			for _, class := range target.Classes[first:last] {
				if class >= 0 {
					own.Valid++
				}
			}
			first, last = of(len(target.Flags))
			own.Flags, own.Width, own.Valid = append(own.Flags, target.Flags[first:last]...), target.Width, own.Valid+last-first
			if len(target.Soft.Rows) == 0 {
				continue
			}
			perRow, width := int64(1), len(target.Soft.Logits)/len(target.Soft.Rows)
			if part.Task == "ner" {
				perRow = int64(from.Length)
			}
			for i, place := range target.Soft.Rows {
				if place/perRow == int64(row) {
					own.Soft.Rows = append(own.Soft.Rows, place%perRow+to*perRow)
					own.Soft.Logits = append(own.Soft.Logits, target.Soft.Logits[i*width:(i+1)*width]...)
				}
			}
		}
	}
}

// What is learnt of a batch doesn't depend on the number of its parts: examples and
// heads without labels, class weights, teachers and shared sets included.
func TestAccumulatedGradient(t *testing.T) {
	for _, list := range [][]tasks.Task{toyTasks()[:1], toyTasks()[1:2], toyTasks()[2:], toyTasks()} {
		for _, steps := range []int{2, 3, 9} {
			t.Run(fmt.Sprintf("%s in %d", datasets.Loader{Tasks: list}.Name(), steps), func(t *testing.T) {
				tr := patchy(t, list)
				ref := tr.Train[0].Ordered()[0]
				want, losses := gradientOf(t, tr, ref.Batch())
				tr.settings.AccumulationSteps = steps
				parts, whole := tr.parts(ref)
				if len(parts) != steps || whole.Size != 7 {
					t.Fatalf("%d parts of %d examples", len(parts), whole.Size)
				}
				if err := tr.optimizer.ZeroGrad(); err != nil {
					t.Fatal(err)
				}
				got, err := tr.sumGradients(context.Background(), parts)
				if err != nil {
					t.Fatal(err)
				}
				expectGradient(t, gradientsNow(t, tr), want)
				if len(got) != len(losses) || len(got) == 0 {
					t.Fatalf("losses %+v, want %+v", got, losses)
				}
				for i, want := range losses {
					if got[i].Task != want.Task || !(math.Abs(got[i].Total-want.Total) <= goldentest.Rounding*want.Total) {
						t.Errorf("loss %+v, want %+v", got[i], want)
					}
				}
			})
		}
	}
}

// A run in parts takes the steps of a run without, to the same weights.
func TestAccumulatingRun(t *testing.T) {
	train := func(steps int) (*toyTrainer, *History) {
		tr := plainToy(t)
		tr.Epochs, tr.Patience, tr.AccumulationSteps = 3, 3, steps
		return tr, run(t, tr)
	}
	whole, want := train(0)
	parts, got := train(2)
	if !slices.Equal(stepsOf(got), stepsOf(want)) || stepsOf(got)[2] != 3*21 {
		t.Errorf("validated after steps %v, want %v", stepsOf(got), stepsOf(want))
	}
	for i := range want.All {
		got, want := got.All[i], want.All[i]
		for _, loss := range [][2]float64{{got.loss(), want.loss()}, {got.Train.Loss, want.Train.Loss}} {
			if !(math.Abs(loss[0]-loss[1]) <= lossLimit*loss[1]) {
				t.Errorf("epoch %d: loss %v, want %v", i+1, loss[0], loss[1])
			}
		}
		if got.Average != want.Average || len(got.Val) != 3 {
			t.Errorf("epoch %d: score %v, want %v", i+1, got.Average, want.Average)
		}
		if got.Train.Samples != want.Train.Samples {
			t.Errorf("%d samples, want %d", got.Train.Samples, want.Train.Samples)
		}
	}
	if first, second := weightsOf(t, whole), weightsOf(t, parts); first["ner_classifier.weight"] == second["ner_classifier.weight"] {
		t.Error("the parts round as the whole: nothing was cut")
	}
}

// Each part of a step drops other things.
func TestDropoutOfParts(t *testing.T) {
	tr, _ := toy(t, 1)
	list := toyTasks()[:1]
	tr.Train = []datasets.Loader{toySet(list, 1)}
	same := tr.Train[0].Ordered()[0].Batch()
	tr.build(t)
	_, first := gradientOf(t, tr, same) // seeds
	second, err := tr.gradient(same)
	if err != nil || len(first) != 1 || first[0].Total == second[0].Total {
		t.Errorf("losses %v and %v, %v", first, second, err)
	}
}

func TestAccumulationIsChecked(t *testing.T) {
	tr, _ := toy(t, 1)
	tr.AccumulationSteps = -1
	if _, err := New(tr.Settings, tr.Deps); err == nil || !strings.Contains(err.Error(), "Settings.AccumulationSteps is -1: it must be 0 or more") {
		t.Errorf("error %v", err)
	}
}
