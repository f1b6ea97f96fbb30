package datasets

import "github.com/trident-nlp/trident/pkg/tasks"

// Batch is a number of examples of one task, padded to one length. Slices are
// row-major.
type Batch struct {
	Task    string
	Size    int      // examples
	Length  int      // tokens of each, padding included
	IDs     []int64  // [Size, Length]
	Mask    []bool   // [Size, Length], true on real tokens; nil if there is no padding
	Targets []Target // one for each head
	Records []int    // the examples' record numbers
	Tokens  int      // real tokens
}

// Target is what one head shall predict for a batch.
type Target struct {
	Classes []int64   // [Size, Length] for a token task, [Size] for a multiclass one
	Flags   []float32 // [Size, Width] for a multilabel one
	Width   int
	Valid   int // classes that aren't ignored, or flags
}

// Collator pads examples to batches.
type Collator struct {
	PadID int64
	PadTo int // pad to this length; 0: to the batch's longest
}

// Collate makes a batch of examples, which must not be empty.
func (c Collator) Collate(task tasks.Task, examples []Example) Batch {
	length := c.PadTo
	for _, ex := range examples {
		length = max(length, len(ex.IDs))
	}
	b := Batch{Task: task.Name, Size: len(examples), Length: length}
	b.IDs = make([]int64, b.Size*length)
	b.Mask = make([]bool, b.Size*length)
	for i, ex := range examples {
		row := i * length
		for j, id := range ex.IDs {
			b.IDs[row+j], b.Mask[row+j] = int64(id), true
		}
		for j := len(ex.IDs); j < length; j++ {
			b.IDs[row+j] = c.PadID
		}
		b.Tokens += len(ex.IDs)
		b.Records = append(b.Records, ex.Record)
	}
	if b.Tokens == len(b.IDs) {
		b.Mask = nil
	}
	b.Targets = targets(task, examples, length)
	return b
}

func targets(task tasks.Task, examples []Example, length int) []Target {
	list := make([]Target, len(task.Heads))
	for h := range list {
		t := &list[h]
		for _, ex := range examples {
			switch task.Kind {
			case tasks.Token:
				t.addClasses(tasks.IgnoreToken, ex.Classes...)
				for range length - len(ex.Classes) {
					t.Classes = append(t.Classes, tasks.IgnoreToken)
				}
			case tasks.MultiClass:
				t.addClasses(tasks.IgnoreClass, ex.Classes[h])
			case tasks.MultiLabel:
				t.Flags = append(t.Flags, ex.Flags[h]...)
				t.Width = len(ex.Flags[h])
				t.Valid += t.Width
			}
		}
	}
	return list
}

func (t *Target) addClasses(ignore int64, classes ...int64) {
	t.Classes = append(t.Classes, classes...)
	for _, class := range classes {
		if class != ignore {
			t.Valid++
		}
	}
}
