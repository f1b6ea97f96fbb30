package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"text/template"

	_ "embed"

	"github.com/trident-nlp/trident/pkg/config"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/trainer"
)

// saver keeps the best checkpoint in the model directory.
type saver struct {
	config config.Config
	job    job
	out    io.Writer
	test   []trainer.Scores // of the best weights; nil until they have been tested
}

// save writes the model with what belongs to it. The first time, the model of
// an earlier run is moved aside, not overwritten.
func (s *saver) save(history *trainer.History) error {
	labels, err := s.job.model.LabelMaps()
	if err != nil {
		return err
	}
	metrics, err := metricsJSON(history, s.test)
	if err != nil {
		return err
	}
	card, err := s.card(history)
	if err != nil {
		return err
	}
	files, err := s.heldOut()
	if err != nil {
		return err
	}
	if err := once(s.job.dir, movedFile, s.moveAside); err != nil {
		return err
	}
	files[fusion.LabelMapsFile] = labels // where infer looks
	files[s.config.Output.LabelMapsFile] = labels
	files[s.config.Output.MetricsFile] = metrics
	files[cardFile] = card
	return fusion.Save(s.config.Output.ModelDir, s.job.model, s.job.data.tokenizer, files)
}

// moveAside keeps the model of an earlier run as DIR.previous.
func (s *saver) moveAside() error {
	moved, err := s.job.dir.MoveAside(modelNames(s.config))
	if moved {
		fmt.Fprintf(s.out, "  [The earlier model is now %s]\n", s.job.dir.Previous())
	}
	return err
}

// metricsJSON is metrics.json: the best validation's figures, those of the test
// if there was one, then all validations'.
func metricsJSON(history *trainer.History, test []trainer.Scores) ([]byte, error) {
	best, _ := history.BestEvaluation()
	data, err := json.MarshalIndent(struct {
		BestEpoch int                  `json:"best_epoch"`
		BestStep  int                  `json:"best_step"`
		BestAvg   float64              `json:"best_avg_val"`
		Best      trainer.Evaluation   `json:"best"`
		Test      []trainer.Scores     `json:"test,omitempty"`
		History   []trainer.Evaluation `json:"history"`
	}{best.Epoch, best.Step, best.Average, best, test, history.All}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write metrics: %w", err)
	}
	return append(data, '\n'), nil
}

//go:embed card.md.tmpl
var cardText string

// card is the model card.
func (s *saver) card(history *trainer.History) ([]byte, error) {
	card, err := template.New("model card").Parse(cardText)
	if err != nil {
		return nil, fmt.Errorf("write the model card: %w", err)
	}
	best, _ := history.BestEvaluation()
	var scores []comparison
	for _, task := range best.Val {
		scores = append(scores, compare(task, s.job.baselines)...)
	}
	var text bytes.Buffer
	err = card.Execute(&text, struct {
		Config     config.Config
		Model      *fusion.Model
		Parameters int64
		Data       []counts
		Epoch      int
		Scores     []comparison
		Test       []trainer.Scores
	}{s.config, s.job.model, s.job.parameters, s.job.data.counts(), best.Epoch, scores, s.test})
	if err != nil {
		return nil, fmt.Errorf("write the model card: %w", err)
	}
	return text.Bytes(), nil
}
