// Command predict labels a call with the model in model/.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/nn"
)

const call = `Counselor: Child Helpline, Njeri speaking. Caller: My name is Amina. I am calling from
Kisumu about my nephew Brian, nine years old. He is beaten by his stepfather.`

func main() {
	if err := predict(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "predict:", err)
		os.Exit(1)
	}
}

func predict(ctx context.Context) error {
	device, err := nn.Device("auto")
	if err != nil {
		return err
	}
	model, tokenizer, err := fusion.Load("model", device)
	if err != nil {
		return err
	}
	defer model.Drop()

	answers, err := fusion.NewPredictor(model, tokenizer).Predict(ctx, []datasets.Transcript{call}, fusion.PredictOptions{})
	if err != nil {
		return err
	}
	for _, answer := range answers {
		if answer.Err != nil { // this call has no prediction
			return answer.Err
		}
		for _, entity := range answer.Entities {
			fmt.Println(entity.Label, entity.Text)
		}
		for _, head := range answer.Classification {
			fmt.Printf("%s: %s\n", head.Name, head.Value)
		}
	}
	return nil
}
