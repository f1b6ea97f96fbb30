package run

import (
	"testing"

	"github.com/trident-nlp/trident/pkg/datasets"
)

// A teacher that truncates is worth a warning only where a call has more than one window.
func TestWindowed(t *testing.T) {
	for windowed, want := range map[int]bool{0: false, 1: true} {
		d := &data{sources: []source{
			{set: datasets.Set{Filters: []datasets.Filter{{After: 3}}}},
			{set: datasets.Set{Filters: []datasets.Filter{{After: 3}, {After: 3, Windowed: windowed}}}},
		}}
		if got := d.windowed(); got != want {
			t.Errorf("%d calls of several windows: %v", windowed, got)
		}
	}
}
