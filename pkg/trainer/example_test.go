package trainer_test

import (
	"context"
	"fmt"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/pkg/backbone"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/trainer"
)

// best prints a line when a validation finds no errors.
type best struct{ trainer.BaseObserver }

func (best) Evaluated(e trainer.Evaluation, best bool) {
	if best && e.Average == 1 {
		fmt.Println("all right")
	}
}

// Train a very small model to distinguish token 5 from token 6.
func ExampleNew() {
	mood := tasks.Task{Name: "mood", Kind: tasks.MultiClass, Heads: []tasks.Head{{Name: "caller", Labels: []string{"calm", "upset"}, Param: "mood"}}, Pooling: tasks.CLSPooling}
	model, err := fusion.New(fusion.Architecture{Tasks: []tasks.Task{mood}, Config: backbone.Config{
		VocabSize: 8, MaxPositions: 8, Dim: 16, Layers: 1, Heads: 2, HiddenDim: 32, Activation: "gelu", InitRange: 0.02,
	}}, gotch.CPU)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer model.Drop()
	loader := datasets.Loader{Tasks: []tasks.Task{mood}, BatchSize: 4}
	for i := range 32 {
		label := datasets.Label{Classes: []int64{int64(i % 2)}}
		loader.Examples = append(loader.Examples, datasets.Example{IDs: []int32{1, int32(5 + i%2), 2}, Labels: []datasets.Label{label}})
	}
	sets := []datasets.Loader{loader}
	t, err := trainer.New(trainer.Settings{Epochs: 5, LearningRate: 1e-2}, trainer.Deps{Model: model, Train: sets, Val: sets, Observers: []trainer.Observer{best{}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer t.Drop()
	if _, err := t.Run(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output: all right
}
