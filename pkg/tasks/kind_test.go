package tasks

import (
	"slices"
	"testing"
)

func TestLayout(t *testing.T) {
	head := Head{Field: "mood", Labels: []string{"calm", "upset", "silent"}}
	for kind, want := range map[Kind]struct {
		known, perToken, yesNo bool
		outputs, targets       int // of an example of 5 tokens
		columns                []string
	}{
		Token:      {true, true, false, 15, 5, []string{"mood"}},
		MultiClass: {true, false, false, 3, 1, []string{"mood"}},
		MultiLabel: {true, false, true, 3, 3, []string{"mood: calm", "mood: upset", "mood: silent"}},
		MaskedLM:   {true, true, false, 15, 5, []string{"mood"}},
		"ranking":  {false, false, false, 3, 1, []string{"mood"}},
	} {
		task, layout := Task{Kind: kind}, kind.Layout()
		if kind.Known() != want.known || task.PerToken() != want.perToken || task.YesNo() != want.yesNo {
			t.Errorf("%s: known %v, per token %v, yes/no %v", kind, kind.Known(), task.PerToken(), task.YesNo())
		}
		if outputs, targets := layout.Outputs(3, 5), layout.Targets(3, 5); outputs != want.outputs || targets != want.targets {
			t.Errorf("%s: %d outputs and %d targets, want %d and %d", kind, outputs, targets, want.outputs, want.targets)
		}
		if columns := layout.Columns(head); !slices.Equal(columns, want.columns) {
			t.Errorf("%s: columns %q", kind, columns)
		}
	}
}
