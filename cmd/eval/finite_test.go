package main

import (
	"os"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/cli"
	"github.com/trident-nlp/trident/internal/goldentest"
	"github.com/trident-nlp/trident/internal/tinymodel"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// Numbers that aren't finite are no scores: no report is made of them, and none of the others
// alone.
func TestNotFinite(t *testing.T) {
	w := tinymodel.NewWorld(t)
	for _, dir := range []string{"spoilt", "overflowing"} {
		w.Model(dir, 1, 512, tasks.CLS(w.Cases), tasks.QA())
	}
	tinymodel.Spoil(t, "spoilt", "cls_main.weight")
	tinymodel.OverflowAlways(t, "overflowing")
	for _, test := range []struct{ model, precision, data, want string }{
		{"spoilt", "fp32", "cls=" + clsFile, fusion.SafetensorsFile + ": tensor cls_main.weight holds an infinity or a NaN"},
		{"overflowing", "fp32", "cls=" + clsFile, "task cls: the model's numbers"},
		{"overflowing", "fp32", "qa=" + qaFile, "task qa: the model's numbers"},
		{"overflowing", "int8", "qa=" + qaFile, "task qa: the model's numbers"},
		{"overflowing", "bf16", "qa=" + qaFile, "too large for bfloat16"},
	} {
		got := eval("--model", test.model, "--data", test.data, "--precision", test.precision, "--output", "report")
		if failed := goldentest.WithoutWarnings(got.err); got.code != cli.Failure || !strings.Contains(failed, test.want) || strings.Count(failed, "\n") != 1 || got.out != "" {
			t.Errorf("%+v: code %d, %q, %q", test, got.code, got.out, got.err)
		}
		if _, err := os.Stat("report"); err == nil {
			t.Errorf("%+v: there is a report", test)
		}
	}
}
