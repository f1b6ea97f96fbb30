package run

import (
	"fmt"

	"gopkg.in/yaml.v3"

	"github.com/trident-nlp/trident/internal/modeldir"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/trainer"
)

// measured is a result in a model card's metadata, which Hugging Face's hub shows:
// huggingface_hub's "model-index".
type measured struct {
	Task struct {
		Type string `yaml:"type"`
		Name string `yaml:"name"`
	} `yaml:"task"`
	Dataset struct {
		Type string `yaml:"type"`
		Name string `yaml:"name"`
	} `yaml:"dataset"`
	Metrics []metric `yaml:"metrics"`
}

type metric struct {
	Type  string  `yaml:"type"`
	Value float64 `yaml:"value"`
}

// cardHead returns a model card's metadata. It names neither a licence nor a language: a
// run doesn't know them.
func cardHead(name string, list []tasks.Task, val []trainer.Scores) (string, error) {
	var results []measured
	for _, scores := range val {
		var m measured
		m.Task.Type, m.Task.Name = "text-classification", scores.Task
		if task, err := tasks.Find(list, scores.Task); err == nil && task.PerToken() {
			m.Task.Type = "token-classification"
		}
		m.Dataset.Type, m.Dataset.Name = "private", "validation records"
		headline := scores.Headline()
		m.Metrics = []metric{{headline.Name, headline.Value}}
		results = append(results, m)
	}
	head, err := yaml.Marshal(struct {
		Tags  []string         `yaml:"tags,flow"`
		Index []map[string]any `yaml:"model-index"`
	}{
		[]string{"helpline", "token-classification", "text-classification", "multi-task", "custom_code"},
		[]map[string]any{{"name": name, "results": results}},
	})
	if err != nil {
		return "", fmt.Errorf("write the model card's metadata: %w", err)
	}
	return modeldir.CardMark + string(head) + "---", nil
}
