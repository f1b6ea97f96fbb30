package datasets

import (
	"fmt"
	"slices"
	"testing"

	"github.com/trident-nlp/trident/pkg/tasks"
)

// What varies depends on the epoch's seed and the example, not on the batch or the rank.
func TestVary(t *testing.T) {
	loader := Loader{Tasks: []tasks.Task{{Name: "mlm", Kind: tasks.MaskedLM, Heads: []tasks.Head{{Name: "mlm"}}}}, BatchSize: 4}
	for i := range 10 {
		loader.Examples = append(loader.Examples, Example{Record: i + 1, IDs: make([]int32, 1+i%3)})
	}
	loader.Vary = func(ex Example, seed uint64) Example {
		ids := slices.Clone(ex.IDs)
		classes := make([]int64, len(ids))
		for i := range ids {
			ids[i] = int32(100*int(seed) + ex.Record)
			classes[i] = tasks.IgnoreToken
		}
		classes[0] = int64(seed)
		return Example{Record: ex.Record, IDs: ids, Labels: []Label{{Classes: classes}}}
	}
	seen := func(b Batch) string {
		var list []string
		for i, record := range b.Records {
			list = append(list, fmt.Sprint(record, b.IDs[i*b.Length], b.Parts[0].Targets[0].Classes[i*b.Length:(i+1)*b.Length]))
		}
		slices.Sort(list)
		return fmt.Sprint(list)
	}
	for seed, refs := range map[int][]BatchRef{0: loader.Ordered(), 3: Alternate([]Loader{loader}, Sampling{}, 3)} {
		for _, ref := range refs {
			b := ref.Batch()
			for i, record := range b.Records {
				if b.IDs[i*b.Length] != int64(100*seed+record) || b.Parts[0].Targets[0].Classes[i*b.Length] != int64(seed) {
					t.Errorf("seed %d: record %d is %d", seed, record, b.IDs[i*b.Length])
				}
			}
			if b.Parts[0].Targets[0].Valid != b.Size {
				t.Errorf("%d of %d targets count", b.Parts[0].Targets[0].Valid, b.Size)
			}
			var all Batch
			for rank := range 2 {
				share := ref.Share(rank, 2)
				for i, record := range share.Records {
					all.Records = append(all.Records, record)
					row := make([]int64, b.Length)
					copy(row, share.IDs[i*share.Length:(i+1)*share.Length])
					all.IDs = append(all.IDs, row...)
					classes := slices.Repeat([]int64{tasks.IgnoreToken}, b.Length)
					copy(classes, share.Parts[0].Targets[0].Classes[i*share.Length:(i+1)*share.Length])
					if all.Parts == nil {
						all.Parts = []Part{{Targets: make([]Target, 1)}}
					}
					all.Parts[0].Targets[0].Classes = append(all.Parts[0].Targets[0].Classes, classes...)
				}
			}
			if all.Length = b.Length; seen(all) != seen(b) {
				t.Errorf("shares %s, whole %s", seen(all), seen(b))
			}
		}
	}
	if loader.Examples[0].IDs[0] != 0 {
		t.Error("the examples have changed")
	}
}
