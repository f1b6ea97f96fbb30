package trainer

import (
	"context"
	"fmt"
	"math"
	"reflect"
	"testing"

	"github.com/trident-nlp/trident/internal/goldentest"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// windowed makes a toy's examples calls of one to three windows.
func windowed(tr *toyTrainer, list []datasets.Loader) {
	windows := datasets.Windows{Length: 5, Overlap: 1}
	tr.Model.(*fusion.Model).Windows = windows
	for i := range list {
		list[i].Windows = windows
	}
}

// What is learnt of a batch of long calls doesn't depend on how many tokens are read at
// once, down to a window: class weights, teachers and examples without labels included.
func TestBatchTokensGradient(t *testing.T) {
	for _, list := range [][]tasks.Task{toyTasks()[:1], toyTasks()[1:2], toyTasks()[2:], toyTasks()} {
		for _, limit := range []int{5, 9, 20} {
			t.Run(fmt.Sprintf("%s, %d tokens", datasets.Loader{Tasks: list}.Name(), limit), func(t *testing.T) {
				tr := patchy(t, list)
				windowed(tr, tr.Train)
				ref := tr.Train[0].Ordered()[0]
				want, losses := gradientOf(t, tr, ref.Batch())
				tr.settings.BatchTokens = limit
				tr.Model.(*fusion.Model).SetBatchTokens(limit)
				parts, whole := tr.parts(ref)
				if len(parts) < 2 || whole.Size != 7 {
					t.Fatalf("%d parts of %d examples", len(parts), whole.Size)
				}
				for _, part := range parts {
					if part.Size > 1 && part.Size*part.Length > limit {
						t.Errorf("a pass of %d × %d tokens", part.Size, part.Length)
					}
				}
				if err := tr.optimizer.ZeroGrad(); err != nil {
					t.Fatal(err)
				}
				got, err := tr.sumGradients(context.Background(), parts)
				if err != nil {
					t.Fatal(err)
				}
				expectGradient(t, gradientsNow(t, tr), want)
				for i, want := range losses {
					if got[i].Task != want.Task || !(math.Abs(got[i].Total-want.Total) <= goldentest.Rounding*want.Total) {
						t.Errorf("loss %+v, want %+v", got[i], want)
					}
				}
			})
		}
	}
}

// Validation on long calls doesn't depend on how many tokens are read at once either.
func TestBatchTokensScores(t *testing.T) {
	evaluated := func(limit int) (scores []Scores, losses []float64) {
		tr := plainToy(t)
		windowed(tr, tr.Val)
		tr.BatchTokens = limit
		tr.Model.(*fusion.Model).SetBatchTokens(limit)
		scores, err := tr.build(t).Evaluate(t.Context(), tr.Val)
		if err != nil {
			t.Fatal(err)
		}
		for i := range scores {
			losses = append(losses, scores[i].Loss)
			scores[i].Loss = 0
		}
		return scores, losses
	}
	want, wantLosses := evaluated(0)
	for _, limit := range []int{5, 12} {
		got, losses := evaluated(limit)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%d tokens: scores %+v, want %+v", limit, got, want)
		}
		for i, loss := range losses {
			if !(math.Abs(loss-wantLosses[i]) <= lossLimit*wantLosses[i]) {
				t.Errorf("%d tokens: loss %v, want %v", limit, loss, wantLosses[i])
			}
		}
	}
}
