package distill

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/trident-nlp/trident/internal/weights"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// FuzzCache: a cache file that is read speaks of each record, and holds what
// its words and labels need.
func FuzzCache(f *testing.F) {
	const records = 2
	for _, counts := range [][]int64{{1, 1}, {2, 0}, {-1, 3}, {1 << 62, 1}, {1}} {
		var b bytes.Buffer
		if err := weights.WriteSafetensors(&b, []weights.Tensor{
			{Name: countsName, DType: weights.I64, Shape: []int64{int64(len(counts))}, Data: littleEndian(counts)},
			{Name: spansName, DType: weights.I64, Shape: []int64{2, 2}, Data: littleEndian([]int64{0, 1, 1, 2})},
			{Name: headName(0), DType: weights.F32, Shape: []int64{2, 3}, Data: littleEndian(make([]float32, 6))},
		}, nil); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "cache.safetensors")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, task := range []tasks.Task{testTasks()[0], {Kind: tasks.MultiClass, Heads: []tasks.Head{{Labels: []string{"a", "b", "c"}}}}} {
			logits, err := (&Teacher{task: task}).read(path, records)
			if err != nil {
				continue
			}
			if len(logits) != records {
				t.Fatalf("%d records, want %d", len(logits), records)
			}
			for i, l := range logits {
				want := 3
				if task.Kind == tasks.Token {
					want *= len(l.Words)
				}
				if len(l.Values) != 1 || len(l.Values[0]) != want {
					t.Errorf("record %d: %d words, %v", i+1, len(l.Words), l.Values)
				}
			}
		}
	})
}
