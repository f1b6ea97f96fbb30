package run

import (
	"fmt"
	"strconv"

	_ "embed"

	"github.com/trident-nlp/trident/pkg/config"
	"github.com/trident-nlp/trident/pkg/pretrain"
	"github.com/trident-nlp/trident/pkg/trainer"
)

// savePretrained writes a masked language model with what belongs to it. The first time, the
// model of an earlier run is moved aside, not overwritten.
func (r *Run) savePretrained(history *trainer.History) error {
	metrics, err := metricsJSON(history, nil, nil)
	if err != nil {
		return err
	}
	card, err := r.pretrainCard(history)
	if err != nil {
		return err
	}
	if err := once(r.dir, movedFile, r.moveAside); err != nil {
		return err
	}
	return pretrain.Save(r.config.Output.ModelDir, r.pretraining.model, r.data.tokenizer, map[string][]byte{
		r.config.Output.MetricsFile: metrics, cardFile: card,
	})
}

//go:embed pretrain_card.md.tmpl
var pretrainCardText string

// pretrainCard is the model card of an encoder.
func (r *Run) pretrainCard(history *trainer.History) ([]byte, error) {
	best, _ := history.BestEvaluation()
	return fillCard(pretrainCardText, struct {
		Config      config.Config
		Model       *pretrain.Model
		FromTeacher bool
		Parameters  int64
		Counts      pretrain.Counts
		Train, Val  int
		Epoch       int
		Scores      []comparison
	}{
		r.config, r.pretraining.model, fromTeacher(r.config), r.parameters, r.pretraining.counts,
		len(r.data.sources[0].split.Train), len(r.data.sources[0].split.Val), best.Epoch, compare(best.Val[0], r.baselines),
	})
}

// params are what the tracker shows of the calls and of what the encoder starts from.
func (p *pretraining) params(c config.Config) map[string]string {
	params := map[string]string{
		"pretrain_calls": strconv.Itoa(p.counts.Calls), "pretrain_tokens": strconv.Itoa(p.counts.Tokens), "pretrain_long": strconv.Itoa(p.counts.Long),
	}
	if fromTeacher(c) {
		params["backbone"] = fmt.Sprintf("layers %v of %s", c.Distill.Encoder.Layers, c.Distill.Encoder.Model)
	}
	return params
}
