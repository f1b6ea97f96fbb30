package run_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/trident-nlp/trident/configs"
	"github.com/trident-nlp/trident/pkg/config"
	"github.com/trident-nlp/trident/pkg/run"
)

// Train a very small model on demo data, as the train command does.
func ExampleOpen() {
	dir, err := os.MkdirTemp("", "run")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	data, model := filepath.Join(dir, "data"), filepath.Join(dir, "model")
	c, err := config.Parse(configs.Quickstart, []string{
		"data.ner_path=" + filepath.Join(data, "ner_synthetic_dataset_v1.jsonl"),
		"data.classification_path=" + filepath.Join(data, "cases_generated_data_v0005.json"),
		"data.qa_path=" + filepath.Join(data, "synthetic_qa_metrics_data_v01x.json"),
		"data.generate={ner: 20, cases: 40, qa: 20, short: true, seed: 1}",
		"backbone.size={dim: 16, layers: 1, heads: 2, hidden_dim: 32}",
		"tokenizer.vocab_size=600", "training.num_epochs=1", "training.threads=1",
		"output.model_dir=" + model, "mlflow.enabled=false",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	r, err := run.Open(ctx, c, run.Options{Device: "cpu", Err: os.Stderr})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Close()
	if err := r.Fit(ctx); err != nil {
		fmt.Println(err)
		return
	}
	_, err = os.Stat(filepath.Join(model, "model.safetensors"))
	fmt.Println("trained:", err == nil)
	// Output: trained: true
}
