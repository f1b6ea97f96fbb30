package run

import (
	"fmt"
	"maps"
	"os"
	"strings"

	"github.com/trident-nlp/trident/pkg/mlmodel"
	"github.com/trident-nlp/trident/pkg/tracking"
	"github.com/trident-nlp/trident/pkg/trainer"
)

// aliasMetric is what decides whether a model is better than the registered one.
const aliasMetric = "val/avg"

// points are the names of the values logged for each step of a validation or test.
type points map[int64][]string

func (p points) add(step int64, values map[string]float64) {
	for name := range values {
		if strings.HasPrefix(name, "val") || strings.HasPrefix(name, "test") {
			p[step] = append(p[step], name)
		}
	}
}

// of returns those of the best validation and of the test, by name.
func (p points) of(best, last int64) map[string]int64 {
	steps := map[string]int64{}
	for _, name := range p[best] {
		if strings.HasPrefix(name, "val") {
			steps[name] = best
		}
	}
	for _, name := range p[last] {
		if strings.HasPrefix(name, "test") {
			steps[name] = last
		}
	}
	return steps
}

// logModel logs the checkpoint as a model, with the scores of its validation, and registers
// it if mlflow.register_model says so. description is the path of its MLmodel.
func (t tracker) logModel(history *trainer.History, description string, files map[string]string) {
	text, err := os.ReadFile(description)
	var tag string
	if err == nil {
		tag, err = mlmodel.History(text)
	}
	if err != nil {
		fmt.Fprintln(t.stderr, "train: MLflow:", err)
	}
	hash, err := mlmodel.Hash(text)
	if err != nil {
		fmt.Fprintln(t.stderr, "train: MLflow:", err)
	}
	best, _ := history.BestEvaluation()
	at := int64(best.Epoch)
	if t.evalSteps > 0 {
		at = int64(best.Step)
	}
	tags := map[string]string{"tasks": strings.Join(t.tasks, ","), "model_hash": hash}
	m := tracking.Model{
		Name: checkpointArtifacts, Files: files, Tags: maps.Clone(tags), Points: t.points.of(at, int64(history.Completed)), History: tag,
	}
	card := t.shownCard()
	if card != "" {
		m.Tags[descriptionTag] = card
	}
	if name := t.mlflow.RegisterModel; name != "" {
		m.Register = &tracking.Registration{
			Name: name, Description: card, Tags: tags, Alias: t.mlflow.Alias, When: tracking.When(t.mlflow.SetAlias), Metric: aliasMetric, Score: best.Average,
		}
	}
	t.run.LogModel(m)
}
