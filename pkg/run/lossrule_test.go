package run

import "testing"

func TestWarnOfLossRule(t *testing.T) {
	const auto = "training.loss_weights=auto"
	testWarnings(t, warnOfLossRule, "training.loss_weights: auto changes little", []string{"training.mix_tasks=false"}, map[string]settingsTest{
		"weights":     {[]string{"training.loss_weights=null", "training.loss_weights.ner=5"}, false},
		"rule":        {[]string{auto}, true},
		"mixed":       {[]string{auto, "training.mix_tasks=true"}, false},
		"not clipped": {[]string{auto, "training.max_grad_norm=0"}, false},
		"one file":    {[]string{auto, "data.qa_path=a", "data.ner_path=a"}, false},
		"one task":    {[]string{auto, "task=qa", "data.stratify="}, false},
	})
}
