package evaluate

import (
	"testing"

	"github.com/trident-nlp/trident/internal/tinymodel"
	"github.com/trident-nlp/trident/pkg/fusion"
)

// TestThresholds gives eval's own thresholds back to it, and to infer's reader.
func TestThresholds(t *testing.T) {
	w := tinymodel.NewWorld(t)
	w.Standard()
	o := options(t, "fusion", allData...)
	first := mustRun(t, o)
	mustSave(t, first, "first")
	best, err := fusion.ReadThresholds("first/thresholds.json")
	if err != nil || len(best) != 1 || len(best["qa"]) == 0 {
		t.Fatalf("thresholds %v, %v", best, err)
	}
	if err := best.Check(w.Three()); err != nil {
		t.Error(err)
	}
	before := first.Models[0].report(t, "qa")
	o.Thresholds = "first/thresholds.json"
	after := score(t, o)
	moved := 0
	for h, head := range after.report(t, "qa").Heads {
		was := before.Heads[h]
		want, set := best["qa"][head.Name]
		if !set {
			want = 0.5
		}
		if head.Flags.Threshold != want || was.Flags.Threshold != 0.5 {
			t.Errorf("%s: threshold %v, before %v; want %v and 0.5", head.Name, head.Flags.Threshold, was.Flags.Threshold, want)
		}
		if len(head.Flags.Outputs) > 1 && set && head.Flags.F1 != was.Flags.Best.F1 {
			t.Errorf("%s: F1 %v with the best threshold, promised %v", head.Name, head.Flags.F1, was.Flags.Best.F1)
		}
		if head.Flags.F1 > was.Flags.F1 {
			moved++
		}
	}
	if moved == 0 {
		t.Error("no head is better with its best threshold")
	}
	// A model beside it that doesn't do the task isn't in the way.
	o.Compare, o.TimedCalls = []string{"ner"}, 1
	mustRun(t, o)
}
