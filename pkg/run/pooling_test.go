package run

import "testing"

func TestWarnOfPooling(t *testing.T) {
	testWarnings(t, warnOfPooling, "pooling: label_attention isn't used with task: qa", []string{"training.loss_weights=null"}, map[string]settingsTest{
		"all tasks":   {nil, false},
		"one task":    {[]string{"task=qa", "data.stratify="}, true},
		"the usual":   {[]string{"task=qa", "data.stratify=", "pooling=attention"}, false},
		"list of one": {[]string{"tasks=[{use: qa}]"}, false},
	})
}
