package datasets

import (
	"cmp"
	"strings"

	"github.com/trident-nlp/trident/pkg/tasks"
)

// Batch contains examples of one set, padded to the same length. Slices are row-major.
type Batch struct {
	Size    int     // examples
	Length  int     // tokens per example, including padding
	IDs     []int64 // [Size, Length]
	Mask    []bool  // [Size, Length], true on real tokens; nil if there is no padding
	Parts   []Part  // one per task of the set
	Records []int   // the examples' record numbers
	Tokens  int     // real tokens

	// Denominator is the divisor of the sum of the losses over tokens' hidden states:
	// the Tokens of the larger batch that this is a part of. 0: its own.
	Denominator float64
}

// Part is a batch's data for one task.
type Part struct {
	Task    string
	Targets []Target // one per head
	Taught  bool     // the examples have no labels of the task: targets are a teacher's alone, of [Loader].Taught
}

// Target is one head's target for a batch.
type Target struct {
	Classes []int64   // [Size, Length] for a token task, [Size] for a multiclass one
	Flags   []float32 // [Size, Width] for a multilabel one
	Ignored []bool    // [Size, Width]: ignored flags; nil: none
	Width   int
	Valid   int // classes that aren't ignored, or flags
	Soft    Soft

	// Denominator is the divisor of the sum of the losses over the labels that aren't
	// ignored. If they are a part of a larger batch, it is that batch's, known before
	// the forward pass, so that the losses and gradients of the parts add up to its own.
	// 0: the target's own, which gives the mean.
	Denominator float64
}

// Soft has a teacher's logits for one head and a batch.
type Soft struct {
	Rows   []int64   // rows with teacher logits, of the logits as [Size·Length, labels] or [Size, labels]
	Logits []float32 // [len(Rows), labels]

	Denominator float64 // rows of the larger batch, like [Target].Denominator for labels; 0: len(Rows)
}

// Name joins the names of the tasks that the batch has labels of.
func (b Batch) Name() string {
	var names []string
	for _, part := range b.Parts {
		if !part.Taught {
			names = append(names, part.Task)
		}
	}
	return cmp.Or(strings.Join(names, "+"), Unlabelled)
}

// Collator pads examples and combines them into batches.
type Collator struct {
	PadID int64
	PadTo int // pad to this length; 0: to the batch's longest
}

// Collate returns a batch of examples, which must not be empty, for the tasks that they
// have labels for.
func (c Collator) Collate(list []tasks.Task, examples []Example) Batch {
	length := c.PadTo
	for _, ex := range examples {
		length = max(length, len(ex.IDs))
	}
	b := Batch{Size: len(examples), Length: length}
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
	for t, task := range list {
		part := Part{Task: task.Name, Targets: make([]Target, len(task.Heads))}
		for i, ex := range examples {
			for h := range part.Targets {
				part.Targets[h].add(task.Kind.Layout(), h, ex.Labels[t], i, length)
			}
		}
		b.Parts = append(b.Parts, part)
	}
	return b
}

// add sets the target of head h for example i of the batch.
func (t *Target) add(layout tasks.Layout, h int, label Label, i, length int) {
	if layout.YesNo {
		t.addFlags(label.Flags[h])
	} else {
		classes, ignore := label.HeadClasses(layout, h), int64(layout.Ignore)
		t.addClasses(ignore, classes...)
		for range layout.Targets(1, length) - len(classes) { // padding
			t.Classes = append(t.Classes, ignore)
		}
	}
	if label.Soft == nil {
		return
	}
	t.soften(layout, label.Soft[h], i, length)
}

func (t *Target) addClasses(ignore int64, classes ...int64) {
	t.Classes = append(t.Classes, classes...)
	for _, class := range classes {
		if class != ignore {
			t.Valid++
		}
	}
}

func (t *Target) addFlags(flags []float32) {
	t.Width = len(flags)
	for _, flag := range flags {
		ignored := flag == tasks.IgnoreClass
		if ignored && t.Ignored == nil {
			t.Ignored = make([]bool, len(t.Flags))
		}
		if ignored {
			flag = 0
		} else {
			t.Valid++
		}
		t.Flags = append(t.Flags, flag)
		if t.Ignored != nil {
			t.Ignored = append(t.Ignored, ignored)
		}
	}
}
