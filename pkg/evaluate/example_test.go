package evaluate_test

import (
	"context"
	"fmt"

	"github.com/trident-nlp/trident/pkg/evaluate"
)

// A model is evaluated on the records held out in training, and the report is saved.
func ExampleRun() {
	ctx := context.Background()
	o := evaluate.Defaults()
	o.Model = "models/quickstart"
	o.Data = []evaluate.DataFile{{Task: "ner", Path: "data/ner.jsonl"}, {Task: "qa", Path: "data/qa.json"}}
	o.HeldOut = true
	if err := o.CheckOutput("reports/quickstart"); err != nil {
		fmt.Println(err)
		return
	}
	result, err := evaluate.Run(ctx, o)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, report := range result.Models[0].Reports {
		fmt.Println(report.Task, report.Headline[0].Name, report.Headline[0].Value)
	}
	if _, err := result.Save(ctx, "reports/quickstart", true); err != nil {
		fmt.Println(err)
	}
}
