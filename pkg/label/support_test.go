package label

import (
	"context"

	"github.com/trident-nlp/trident/internal/tinymodel"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// testTasks are the test model's.
var testTasks = tinymodel.BuiltIn

// fake predicts that each text's first four characters are a name, and notes
// how many texts it was given at once.
type fake struct {
	list  []tasks.Task
	sizes []int
	err   error
}

func (f *fake) Tasks() []tasks.Task { return f.list }
func (f *fake) MaxLength() int      { return 512 }

func (f *fake) MaxTokens(fusion.PredictOptions) (int, error) { return 512, nil }
func (f *fake) Windows() datasets.Windows                    { return datasets.Windows{} }

func (f *fake) Predict(_ context.Context, texts []datasets.Transcript, o fusion.PredictOptions) ([]fusion.Prediction, error) {
	f.sizes = append(f.sizes, len(texts))
	var list []fusion.Prediction
	for _, text := range texts {
		first := string([]rune(string(text))[:4])
		list = append(list, fusion.Prediction{NER: []fusion.Token{{Text: first, Label: "NAME", Start: 0, End: 4}}})
	}
	o.Progress(len(texts), len(texts))
	return list, f.err
}
