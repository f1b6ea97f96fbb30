package datasets

import (
	"reflect"
	"testing"

	"github.com/trident-nlp/trident/pkg/tasks"
)

func TestCollateTokens(t *testing.T) {
	got := Collator{PadID: 9}.Collate(tasks.NER(tasks.NERLabels()), []Example{
		{Record: 5, IDs: []int32{2, 7, 7, 3}, Classes: []int64{-100, 1, -100, -100}},
		{Record: 2, IDs: []int32{2, 8, 3}, Classes: []int64{-100, 0, -100}},
	})
	want := Batch{
		Task: "ner", Size: 2, Length: 4, Tokens: 7, Records: []int{5, 2},
		IDs:     []int64{2, 7, 7, 3, 2, 8, 3, 9},
		Mask:    []bool{true, true, true, true, true, true, true, false},
		Targets: []Target{{Classes: []int64{-100, 1, -100, -100, -100, 0, -100, -100}, Valid: 2}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestCollateClasses(t *testing.T) {
	got := Collator{PadID: 0}.Collate(tasks.CLS(tasks.CaseLabels{}), []Example{
		{Record: 1, IDs: []int32{2, 3}, Classes: []int64{4, 5, -1, 0}},
		{Record: 2, IDs: []int32{2, 3}, Classes: []int64{6, 7, -1, -1}},
	})
	want := Batch{
		Task: "cls", Size: 2, Length: 2, Tokens: 4, Records: []int{1, 2},
		IDs: []int64{2, 3, 2, 3}, // and no mask: there is no padding
		Targets: []Target{
			{Classes: []int64{4, 6}, Valid: 2}, {Classes: []int64{5, 7}, Valid: 2},
			{Classes: []int64{-1, -1}}, {Classes: []int64{0, -1}, Valid: 1},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestCollateFlags(t *testing.T) {
	task := tasks.Task{Name: "qa", Kind: tasks.MultiLabel, Heads: []tasks.Head{{Labels: []string{"a"}}, {Labels: []string{"b", "c"}}}}
	got := Collator{PadTo: 3}.Collate(task, []Example{
		{Record: 1, IDs: []int32{2, 3}, Flags: [][]float32{{1}, {0, 1}}},
		{Record: 2, IDs: []int32{2, 4, 3}, Flags: [][]float32{{0}, {1, 0.5}}},
	})
	want := Batch{
		Task: "qa", Size: 2, Length: 3, Tokens: 5, Records: []int{1, 2},
		IDs:  []int64{2, 3, 0, 2, 4, 3},
		Mask: []bool{true, true, false, true, true, true},
		Targets: []Target{
			{Flags: []float32{1, 0}, Width: 1, Valid: 2},
			{Flags: []float32{0, 1, 1, 0.5}, Width: 2, Valid: 4},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestPadTo(t *testing.T) {
	example := []Example{{IDs: []int32{2, 7, 3}, Classes: []int64{-100, 1, -100}}}
	for padTo, want := range map[int]int{0: 3, 2: 3, 3: 3, 5: 5} {
		b := Collator{PadTo: padTo}.Collate(tasks.NER(nil), example)
		if b.Length != want || len(b.IDs) != want || len(b.Targets[0].Classes) != want {
			t.Errorf("padded to %d: length %d with %d ids and %d classes, want %d", padTo, b.Length, len(b.IDs), len(b.Targets[0].Classes), want)
		}
		if masked := b.Mask != nil; masked != (want > 3) {
			t.Errorf("padded to %d: mask %v", padTo, b.Mask)
		}
	}
}
