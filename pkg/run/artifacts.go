package run

import (
	"bytes"
	"encoding/json"
	"fmt"
	"text/template"

	_ "embed"

	"github.com/trident-nlp/trident/pkg/config"
	"github.com/trident-nlp/trident/pkg/fusion"
	evalreport "github.com/trident-nlp/trident/pkg/report"
	"github.com/trident-nlp/trident/pkg/trainer"
)

// save writes the model and the files that belong to it. The first time, the model of an
// earlier run is moved aside, not overwritten.
func (r *Run) save(history *trainer.History) error {
	if r.pretraining != nil {
		return r.savePretrained(history)
	}
	labels, err := r.model.LabelMaps()
	if err != nil {
		return err
	}
	metrics, err := metricsJSON(history, r.test, r.data.learnt())
	if err != nil {
		return err
	}
	card, err := r.card(history)
	if err != nil {
		return err
	}
	files, err := heldOutLists(r.data.sources, r.config.Output.HeldOutTexts)
	if err != nil {
		return err
	}
	if err := once(r.dir, movedFile, r.moveAside); err != nil {
		return err
	}
	files[r.config.Output.LabelMapsFile] = labels
	files[r.config.Output.MetricsFile] = metrics
	files[cardFile] = card
	return fusion.Save(r.config.Output.ModelDir, r.model, r.data.tokenizer, files, func(tmp string) error { return r.addForOthers(tmp, history) })
}

// moveAside renames the model of an earlier run to DIR.previous.
func (r *Run) moveAside() error {
	moved, err := r.dir.MoveAside(r.names)
	if moved {
		fmt.Fprintf(r.options.Out, "  [The earlier model is now %s]\n", r.dir.Previous())
	}
	if err == nil && moved {
		err = removeForOthers(r.dir.Previous()) // of the model that was there before
	}
	if err != nil {
		return err
	}
	return moveForOthers(r.dir.Path, r.dir.Previous())
}

// metricsJSON returns metrics.json: the best validation's figures, the test's if there
// was one, the tasks' data, then the figures of all validations.
func metricsJSON(history *trainer.History, test []trainer.Scores, data map[string]learntFrom) ([]byte, error) {
	best, _ := history.BestEvaluation()
	text, err := json.MarshalIndent(struct {
		BestEpoch int                   `json:"best_epoch"`
		BestStep  int                   `json:"best_step"`
		BestAvg   float64               `json:"best_avg_val"`
		Best      trainer.Evaluation    `json:"best"`
		Test      []trainer.Scores      `json:"test,omitempty"`
		Data      map[string]learntFrom `json:"data,omitempty"`
		History   []trainer.Evaluation  `json:"history"`
	}{best.Epoch, best.Step, best.Average, best, test, data, history.All}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write metrics: %w", err)
	}
	return append(text, '\n'), nil
}

//go:embed card.md.tmpl
var cardText string

// card returns the model card.
func (r *Run) card(history *trainer.History) ([]byte, error) {
	best, _ := history.BestEvaluation()
	var scores []comparison
	for _, task := range best.Val {
		scores = append(scores, compare(task, r.baselines)...)
	}
	windows := ""
	if r.model.Windows.On() {
		windows = describeWindows(r.model.Windows)
	}
	head, err := cardHead(r.config.MLflow.RunName, r.model.Tasks, best.Val)
	if err != nil {
		return nil, err
	}
	return fillCard(cardText, struct {
		Head       string
		Config     config.Config
		Model      *fusion.Model
		Parameters int64
		Data       []counts
		Epoch      int
		Scores     []comparison
		Test       []trainer.Scores
		Kept       []string
		Seeds      string
		Windows    string
		Reviews    string
		MadeUp     bool
	}{head, r.config, r.model, r.parameters, r.data.counts(), best.Epoch, scores, r.test, r.kept, evalreport.SeedNote(r.model.Tasks, false), windows, r.data.reviews.describe(), r.data.madeUp()})
}

// fillCard executes the template of a model card.
func fillCard(text string, values any) ([]byte, error) {
	var filled bytes.Buffer
	card, err := template.New("model card").Parse(text)
	if err == nil {
		err = card.Execute(&filled, values)
	}
	if err != nil {
		return nil, fmt.Errorf("write the model card: %w", err)
	}
	return filled.Bytes(), nil
}
