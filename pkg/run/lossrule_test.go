package run

import (
	"strings"
	"testing"

	"github.com/trident-nlp/trident/configs"
	"github.com/trident-nlp/trident/pkg/config"
)

func TestWarnOfLossRule(t *testing.T) {
	const auto = "training.loss_weights=auto"
	for name, test := range map[string]struct {
		set  []string
		warn bool
	}{
		"weights":     {[]string{"training.loss_weights=null", "training.loss_weights.ner=5"}, false},
		"rule":        {[]string{auto}, true},
		"mixed":       {[]string{auto, "training.mix_tasks=true"}, false},
		"not clipped": {[]string{auto, "training.max_grad_norm=0"}, false},
		"one file":    {[]string{auto, "data.qa_path=a", "data.ner_path=a"}, false},
		"one task":    {[]string{auto, "task=qa", "data.stratify="}, false},
	} {
		c, err := config.Parse(configs.Quickstart, append([]string{"training.mix_tasks=false"}, test.set...))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var stderr strings.Builder
		warnOfLossRule(c, &stderr)
		if got := stderr.String(); (got != "") != test.warn || test.warn && !strings.Contains(got, "training.loss_weights: auto changes little") {
			t.Errorf("%s: warning %q, want one: %v", name, got, test.warn)
		}
	}
}
