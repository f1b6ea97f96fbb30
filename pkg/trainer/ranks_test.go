package trainer

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"

	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// patchy is a trainer with all that a loss can be made of, and a loader some of
// whose examples lack labels, or a teacher's word.
func patchy(t *testing.T, list []tasks.Task) *toyTrainer {
	tr := plainToy(t)
	tr.Train = []datasets.Loader{toySet(list, 7)}
	tr.Train[0].BatchSize = 7
	tr.Distill = distill(Distillation{Alpha: 0.3, Temperature: 2, HiddenWeight: 0.5, Teacher: toyModel(t, 9, 0)})
	maps.DeleteFunc(tr.Distill, func(task string, _ Distillation) bool { return !slices.Contains(tasks.Names(list), task) })
	if list[0].Name == "ner" {
		tr.LossWeights = map[string]float64{"ner": 5}
	}
	teach(tr)
	model := tr.Model.(*fusion.Model)
	for _, task := range list {
		weights := make([][]float32, len(task.Heads))
		for h, head := range task.Heads {
			for i := range head.Labels {
				weights[h] = append(weights[h], float32(1+2*i))
			}
		}
		if err := model.SetClassWeights(task.Name, weights); err != nil {
			t.Fatal(err)
		}
	}
	for i, ex := range tr.Train[0].Examples {
		for j, label := range ex.Labels {
			if i < 2 { // all that a rank has, if there are many
				ignore(list[j].Kind, label)
			}
			if i == 3 && list[j].Kind == tasks.MultiLabel {
				label.Flags[1][0] = tasks.IgnoreClass
			}
			if i%3 == 0 || i == 1 {
				ex.Labels[j].Soft = nil
			}
		}
	}
	return tr
}

// The gradients and losses of the ranks' shares of a batch add up to those of the
// batch, and their predictions are its predictions.
func TestSharesAddUp(t *testing.T) {
	for _, list := range [][]tasks.Task{toyTasks()[:1], toyTasks()[1:2], toyTasks()[2:], toyTasks()} {
		for _, size := range []int{1, 2, 3, 4, 9} {
			t.Run(fmt.Sprintf("%s by %d", datasets.Loader{Tasks: list}.Name(), size), func(t *testing.T) {
				tr := patchy(t, list)
				ref := tr.Train[0].Ordered()[0]
				whole := ref.Batch()
				gradient, losses := gradientOf(t, tr, whole)
				said, err := tr.predict(whole, list)
				if err != nil {
					t.Fatal(err)
				}

				var apart []map[string][]float32
				var shares []share
				var outs []outcome
				var tokens int
				notes := make([]float64, notesOfTask*len(list))
				for rank := range size {
					b := ref.Share(rank, size)
					setDenominators(tr.Model, &b, whole)
					tokens += b.Tokens
					g, l := gradientOf(t, tr, b)
					apart = append(apart, g)
					for i, task := range list {
						for _, loss := range l {
							if loss.Task == task.Name {
								sums := make([]float64, notesOfTask)
								loss.note(sums)
								for j, x := range sums {
									notes[notesOfTask*i+j] += x
								}
							}
						}
					}
					out, err := tr.predict(b, list)
					if err != nil {
						t.Fatal(err)
					}
					shares, outs = append(shares, share{rank, ref.Places(size)[rank]}), append(outs, out)
				}
				expectGradient(t, combined(apart, slices.Repeat([]float64{1}, size)), gradient)
				if tokens != whole.Tokens {
					t.Errorf("the shares have %d tokens, the batch %d", tokens, whole.Tokens)
				}
				for i, want := range losses {
					got := noted(want.Task, notes[notesOfTask*i:])
					for _, pair := range [][2]float64{{got.Total, want.Total}, {got.Hard, want.Hard}, {got.Soft, want.Soft}, {got.Hidden, want.Hidden}} {
						if !(math.Abs(pair[0]-pair[1]) < 1e-5) {
							t.Errorf("%s: losses %+v, want %+v", want.Task, got, want)
						}
					}
				}
				sum := merged(whole, list, shares, outs)
				for i, task := range list {
					if got, want := sum.Losses[i], said.Losses[i]; got.Count != want.Count || !(math.Abs(got.Sum-want.Sum) < 1e-5) {
						t.Errorf("%s: validation loss %v, want %v", task.Name, got, want)
					}
					for h := range task.Heads {
						sameWhereReal(t, whole, task, sum.Predicted[i][h], said.Predicted[i][h])
					}
					if (said.Answers[i] != nil) != task.Paired() || len(sum.Answers[i]) != len(said.Answers[i]) {
						t.Errorf("%s: answers %v, together %v", task.Name, said.Answers[i], sum.Answers[i])
					}
					for h := range said.Answers[i] {
						sameWhereReal(t, whole, task, sum.Answers[i][h], said.Answers[i][h])
					}
				}
			})
		}
	}
}

// sameWhereReal compares predictions, of tokens those of real ones.
func sameWhereReal(t *testing.T, b datasets.Batch, task tasks.Task, got, want []int) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d predictions, want %d", task.Name, len(got), len(want))
		return
	}
	for i := range want {
		if (task.Kind != tasks.Token || b.Mask == nil || b.Mask[i]) && got[i] != want[i] {
			t.Errorf("%s: prediction %d is %d, want %d", task.Name, i, got[i], want[i])
		}
	}
}

// Ranks drop different things, and rank 0 those of a run alone.
func TestDropoutSeeds(t *testing.T) {
	seeds := map[uint64]string{}
	for rank := range 4 {
		tr := &Trainer{settings: Settings{Seed: 3}, ranks: numbered{rank: rank}}
		for step := range 10 {
			seed := tr.dropoutSeed(1, step)
			here := fmt.Sprintf("rank %d, step %d", rank, step)
			if there, taken := seeds[seed]; taken {
				t.Errorf("%s has the seed of %s", here, there)
			}
			seeds[seed] = here
			if rank == 0 && seed != (&Trainer{settings: Settings{Seed: 3}}).dropoutSeed(1, step) {
				t.Errorf("%s has another seed than a run alone", here)
			}
		}
	}
}

// numbered is a rank that knows its number alone.
type numbered struct {
	Ranks
	rank int
}

func (n numbered) Rank() int { return n.rank }
