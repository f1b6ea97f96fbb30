package datasets

import (
	"reflect"
	"testing"

	"github.com/trident-nlp/trident/pkg/tasks"
)

// only wraps the label of one task.
func only(label Label) []Label { return []Label{label} }

func TestCollateTokens(t *testing.T) {
	got := Collator{PadID: 9}.Collate([]tasks.Task{tasks.NER(tasks.NERLabels())}, []Example{
		{Record: 5, IDs: []int32{2, 7, 7, 3}, Labels: only(Label{Classes: []int64{-100, 1, -100, -100}})},
		{Record: 2, IDs: []int32{2, 8, 3}, Labels: only(Label{Classes: []int64{-100, 0, -100}})},
	})
	want := Batch{
		Size: 2, Length: 4, Tokens: 7, Records: []int{5, 2},
		IDs:  []int64{2, 7, 7, 3, 2, 8, 3, 9},
		Mask: []bool{true, true, true, true, true, true, true, false},
		Parts: []Part{{
			Task:    "ner",
			Targets: []Target{{Classes: []int64{-100, 1, -100, -100, -100, 0, -100, -100}, Valid: 2}},
		}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestCollateClasses(t *testing.T) {
	got := Collator{PadID: 0}.Collate([]tasks.Task{tasks.CLS(tasks.CaseLabels{})}, []Example{
		{Record: 1, IDs: []int32{2, 3}, Labels: only(Label{Classes: []int64{4, 5, -1, 0}})},
		{Record: 2, IDs: []int32{2, 3}, Labels: only(Label{Classes: []int64{6, 7, -1, -1}})},
	})
	want := Batch{
		Size: 2, Length: 2, Tokens: 4, Records: []int{1, 2},
		IDs: []int64{2, 3, 2, 3}, // and no mask: there is no padding
		Parts: []Part{{Task: "cls", Targets: []Target{
			{Classes: []int64{4, 6}, Valid: 2}, {Classes: []int64{5, 7}, Valid: 2},
			{Classes: []int64{-1, -1}}, {Classes: []int64{0, -1}, Valid: 1},
		}}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestCollateFlags(t *testing.T) {
	task := tasks.Task{Name: "qa", Kind: tasks.MultiLabel, Heads: []tasks.Head{{Labels: []string{"a"}}, {Labels: []string{"b", "c"}}}}
	got := Collator{PadTo: 3}.Collate([]tasks.Task{task}, []Example{
		{Record: 1, IDs: []int32{2, 3}, Labels: only(Label{Flags: [][]float32{{1}, {0, 1}}})},
		{Record: 2, IDs: []int32{2, 4, 3}, Labels: only(Label{Flags: [][]float32{{0}, {1, 0.5}}})},
	})
	want := Batch{
		Size: 2, Length: 3, Tokens: 5, Records: []int{1, 2},
		IDs:  []int64{2, 3, 0, 2, 4, 3},
		Mask: []bool{true, true, false, true, true, true},
		Parts: []Part{{Task: "qa", Targets: []Target{
			{Flags: []float32{1, 0}, Width: 1, Valid: 2},
			{Flags: []float32{0, 1, 1, 0.5}, Width: 2, Valid: 4},
		}}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// Flags that a record lacks are 0 and don't count, wherever they stand.
func TestIgnoredFlags(t *testing.T) {
	task := tasks.Task{Name: "x", Kind: tasks.MultiLabel, Heads: []tasks.Head{{}}}
	for name, c := range map[string]struct {
		flags [][]float32
		want  Target
	}{
		"none":   {[][]float32{{0, 1}, {1, 1}}, Target{Flags: []float32{0, 1, 1, 1}, Width: 2, Valid: 4}},
		"first":  {[][]float32{{-1, -1}, {1, 0}}, Target{Flags: []float32{0, 0, 1, 0}, Ignored: []bool{true, true, false, false}, Width: 2, Valid: 2}},
		"last":   {[][]float32{{0, 1}, {1, 1}, {-1, -1}}, Target{Flags: []float32{0, 1, 1, 1, 0, 0}, Ignored: []bool{false, false, false, false, true, true}, Width: 2, Valid: 4}},
		"middle": {[][]float32{{1, 1}, {-1, -1}, {0, 1}}, Target{Flags: []float32{1, 1, 0, 0, 0, 1}, Ignored: []bool{false, false, true, true, false, false}, Width: 2, Valid: 4}},
		"one":    {[][]float32{{1, -1}}, Target{Flags: []float32{1, 0}, Ignored: []bool{false, true}, Width: 2, Valid: 1}},
		"all":    {[][]float32{{-1}, {-1}}, Target{Flags: []float32{0, 0}, Ignored: []bool{true, true}, Width: 1}},
	} {
		var examples []Example
		for _, flags := range c.flags {
			examples = append(examples, Example{IDs: []int32{2, 3}, Labels: only(Label{Flags: [][]float32{flags}})})
		}
		got := Collator{}.Collate([]tasks.Task{task}, examples).Parts[0].Targets
		if !reflect.DeepEqual(got, []Target{c.want}) {
			t.Errorf("%s: got  %+v\nwant %+v", name, got, c.want)
		}
	}
}

func TestPadTo(t *testing.T) {
	example := []Example{{IDs: []int32{2, 7, 3}, Labels: only(Label{Classes: []int64{-100, 1, -100}})}}
	for padTo, want := range map[int]int{0: 3, 2: 3, 3: 3, 5: 5} {
		b := Collator{PadTo: padTo}.Collate([]tasks.Task{tasks.NER(nil)}, example)
		if classes := b.Parts[0].Targets[0].Classes; b.Length != want || len(b.IDs) != want || len(classes) != want {
			t.Errorf("padded to %d: length %d with %d ids and %d classes, want %d", padTo, b.Length, len(b.IDs), len(classes), want)
		}
		if masked := b.Mask != nil; masked != (want > 3) {
			t.Errorf("padded to %d: mask %v", padTo, b.Mask)
		}
	}
}

// One pass through the encoder has a part for each task that shares it.
func TestPartsOfSharedBatches(t *testing.T) {
	set := mustEncode(t, shared(t), Limits{MaxLength: 10, Truncate: true})
	b := Collator{PadID: 0}.Collate(set.Tasks, []Example{set.Examples[2], set.Examples[0]})
	if got := b.Name(); got != "places+mood+topics" {
		t.Errorf("name: got %s", got)
	}
	const no = tasks.IgnoreToken
	want := []Part{
		{Task: "places", Targets: []Target{{Classes: []int64{no, no, no, no, no, no, 1, 0, no, no}, Valid: 2}}},
		{Task: "mood", Targets: []Target{{Classes: []int64{1, 0}, Valid: 2}, {Classes: []int64{-1, 0}, Valid: 1}}},
		{Task: "topics", Targets: []Target{{Flags: []float32{0, 0, 1, 0}, Ignored: []bool{true, true, false, false}, Width: 2, Valid: 2}}},
	}
	if b.Size != 2 || b.Length != 5 || b.Tokens != 9 || !reflect.DeepEqual(b.Parts, want) {
		t.Errorf("got %d×%d with %d tokens: %+v\nwant %+v", b.Size, b.Length, b.Tokens, b.Parts, want)
	}
}

// Rows count through the padded batch; examples without a teacher have none.
func TestSoftLabelsOfTokens(t *testing.T) {
	soft := func(rows []int32, logits ...float32) []SoftLabel { return []SoftLabel{{rows, logits}} }
	got := Collator{PadTo: 5}.Collate([]tasks.Task{tasks.NER([]string{"O", "A"})}, []Example{
		{IDs: []int32{2, 7, 7, 3}, Labels: only(Label{Classes: []int64{-100, 1, -100, -100}, Soft: soft([]int32{1, 2}, 1, 2, 3, 4)})},
		{IDs: []int32{2, 3}, Labels: only(Label{Classes: []int64{-100, -100}})},
		{IDs: []int32{2, 8, 3}, Labels: only(Label{Classes: []int64{-100, 0, -100}, Soft: soft([]int32{1}, 5, 6)})},
		{IDs: []int32{2, 3}, Labels: only(Label{Classes: []int64{-100, -100}, Soft: soft(nil)})},
	}).Parts[0].Targets[0].Soft
	want := Soft{Rows: []int64{1, 2, 11}, Logits: []float32{1, 2, 3, 4, 5, 6}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestSoftLabelsOfPooledTasks(t *testing.T) {
	list := []tasks.Task{
		{Name: "classes", Kind: tasks.MultiClass, Heads: []tasks.Head{{}, {}}},
		{Name: "flags", Kind: tasks.MultiLabel, Heads: []tasks.Head{{}}},
	}
	soft := func(logits ...float32) SoftLabel { return SoftLabel{Logits: logits} }
	parts := Collator{PadTo: 7}.Collate(list, []Example{
		{IDs: []int32{2, 3}, Labels: []Label{{Classes: []int64{0, 1}}, {Flags: [][]float32{{1}}, Soft: []SoftLabel{soft(9)}}}},
		{IDs: []int32{2, 4, 3}, Labels: []Label{{Classes: []int64{1, 1}, Soft: []SoftLabel{soft(1, 2), soft(3, 4, 5)}}, {Flags: [][]float32{{0}}}}},
		{IDs: []int32{2, 3}, Labels: []Label{{Classes: []int64{0, 2}, Soft: []SoftLabel{soft(6, 7), soft(8, 9, 10)}}, {Flags: [][]float32{{0}}}}},
	}).Parts
	for i, want := range []Soft{
		{Rows: []int64{1, 2}, Logits: []float32{1, 2, 6, 7}},
		{Rows: []int64{1, 2}, Logits: []float32{3, 4, 5, 8, 9, 10}},
		{Rows: []int64{0}, Logits: []float32{9}},
	} {
		got := []Soft{parts[0].Targets[0].Soft, parts[0].Targets[1].Soft, parts[1].Targets[0].Soft}[i]
		if !reflect.DeepEqual(got, want) {
			t.Errorf("head %d: got %+v, want %+v", i, got, want)
		}
	}
}
