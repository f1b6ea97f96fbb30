package report_test

import (
	"slices"
	"testing"

	"github.com/trident-nlp/trident/pkg/report"
	"github.com/trident-nlp/trident/pkg/tasks"
)

func TestTruth(t *testing.T) {
	for class, want := range map[int64]int{0: 0, 2: 2, tasks.UnknownClass: 3} {
		if got := report.TrueClass(class, 3); got != want {
			t.Errorf("class %d is %d, want %d", class, got, want)
		}
	}
	if got := report.TrueFlags([]float32{0, 0.6, tasks.IgnoreClass, 1, 0.4}); !slices.Equal(got, []int{0, 1, tasks.IgnoreClass, 1, 0}) {
		t.Errorf("flags %v", got)
	}
}
