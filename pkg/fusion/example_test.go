package fusion_test

import (
	"context"
	"fmt"
	"os"

	"github.com/trident-nlp/trident/internal/tinymodel"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/nn"
)

// Two texts are labelled. One is empty, which is an error for this text only.
func ExamplePredictor() {
	dir, err := os.MkdirTemp("", "model-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := tinymodel.ForExample(dir, 1) // a folder written by a training run

	device, err := nn.Device("cpu")
	if err != nil {
		fmt.Println(err)
		return
	}
	model, tokenizer, err := fusion.Load(path, device)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer model.Drop()

	predictor := fusion.NewPredictor(model, tokenizer)
	texts := []datasets.Transcript{"Hello, my name is Mwakamba from Kisumu.", ""}
	predictions, err := predictor.Predict(context.Background(), texts, fusion.PredictOptions{Tasks: []string{"cls"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, p := range predictions {
		if p.Err != nil {
			fmt.Println(p.Err)
			continue
		}
		fmt.Println(p.Classification.Get("main_category"), "/", p.Classification.Get("priority"))
	}
	// Output:
	// GBV / 2
	// the text is empty
}
