package run

import (
	"io"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/configs"
	"github.com/trident-nlp/trident/pkg/config"
)

// settingsTest is the quickstart's configuration with settings, and whether it is warned of.
type settingsTest struct {
	set  []string
	warn bool
}

// testWarnings checks that warn says text of the configurations that it should warn of, and
// nothing of the others. always are settings of all of them, before their own.
func testWarnings(t *testing.T, warn func(config.Config, io.Writer), text string, always []string, tests map[string]settingsTest) {
	t.Helper()
	for name, test := range tests {
		c, err := config.Parse(configs.Quickstart, append(always[:len(always):len(always)], test.set...))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var stderr strings.Builder
		warn(c, &stderr)
		if got := stderr.String(); (got != "") != test.warn || test.warn && !strings.Contains(got, text) {
			t.Errorf("%s: warning %q, want one: %v", name, got, test.warn)
		}
	}
}
