package run

import (
	"strings"
	"testing"

	"github.com/trident-nlp/trident/configs"
	"github.com/trident-nlp/trident/pkg/config"
)

func TestWarnOfPooling(t *testing.T) {
	for name, test := range map[string]struct {
		set  []string
		warn bool
	}{
		"all tasks":   {nil, false},
		"one task":    {[]string{"task=qa", "data.stratify="}, true},
		"the usual":   {[]string{"task=qa", "data.stratify=", "pooling=attention"}, false},
		"list of one": {[]string{"tasks=[{use: qa}]"}, false},
	} {
		c, err := config.Parse(configs.Quickstart, append(test.set, "training.loss_weights=null"))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var stderr strings.Builder
		warnOfPooling(c, &stderr)
		if got := stderr.String(); (got != "") != test.warn || test.warn && !strings.Contains(got, "pooling: label_attention isn't used with task: qa") {
			t.Errorf("%s: warning %q, want one: %v", name, got, test.warn)
		}
	}
}
