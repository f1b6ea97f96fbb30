package datasets

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/trident-nlp/trident/internal/parallel"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// Example is one encoded record.
type Example struct {
	Record int     // number in the file, from 1
	IDs    []int32 // token ids, [CLS] … [SEP]
	Labels []Label // by task of the set

	// Taught are teachers' targets for tasks that the example has no labels of, by task of
	// [Loader].Taught and by head; nil for a task without any.
	Taught [][]SoftLabel
}

// Label is an example's label for one task.
type Label struct {
	Classes []int64     // token task: one class per token; multiclass: one per head
	Flags   [][]float32 // multilabel: 0…1 for each output of each head, tasks.IgnoreClass if unlabelled
	Soft    []SoftLabel // a teacher's logits by head; nil: none
}

// HeadClasses returns the classes of head h of a task other than multilabel: one per
// token, or the one of the text.
func (l Label) HeadClasses(layout tasks.Layout, h int) []int64 {
	if layout.PerToken {
		return l.Classes
	}
	return l.Classes[h : h+1]
}

// Count adds the frequencies of head h's labels to counts; a yes/no label counts if it
// is yes. It reports whether the head is labelled at all.
func (l Label) Count(layout tasks.Layout, h int, counts []int) (labelled bool) {
	if layout.YesNo {
		for i, flag := range l.Flags[h] {
			if flag > 0 {
				counts[i]++
			}
		}
		return len(l.Flags[h]) == 0 || l.Flags[h][0] != float32(layout.Ignore)
	}
	for _, class := range l.HeadClasses(layout, h) {
		if class >= 0 {
			counts[class]++
			labelled = true
		}
	}
	return labelled
}

// SoftLabel has a teacher's logits for one head and an example.
type SoftLabel struct {
	Rows   []int32   // token task: the tokens with teacher logits; otherwise nil
	Logits []float32 // [rows, labels] or [labels]
}

// Limits are the limits on the length of examples, in tokens.
type Limits struct {
	MaxLength   int
	Truncate    bool // truncate longer sentence-level records; otherwise they are dropped
	AllSubwords bool // label every sub-word of a word, not only its first

	// Windows, if on, replace MaxLength: an example may have their MaxTokens. One that is
	// truncated keeps the labels of its tokens.
	Windows Windows
}

// Longest is the number of tokens of the longest example.
func (l Limits) Longest() int {
	switch {
	case !l.Windows.On():
		return l.MaxLength
	case l.Windows.MaxTokens == 0:
		return math.MaxInt
	}
	return l.Windows.MaxTokens
}

// key is the setting of the limit.
func (l Limits) key() string {
	if l.Windows.On() {
		return "tokenizer.max_tokens"
	}
	return "tokenizer.max_length"
}

// keepsLabels reports whether a truncated example keeps its labels for a task.
func (l Limits) keepsLabels(task tasks.Task) bool { return l.Windows.On() || !task.PerToken() }

// Filter counts the used and removed records of a task.
type Filter struct {
	Before, After int
	Windowed      int // among After: of more than one window
	Truncated     int // among After
	Rare          int // dropped because their class has too few records to be split
	Skipped       int // skipped because they can't be used
}

// Removed returns how many records were dropped as too long.
func (f Filter) Removed() int { return f.Before - f.After - f.Rare - f.Skipped }

// KeptPercent returns the percentage of records that were kept.
func (f Filter) KeptPercent() float64 {
	if f.Before == 0 {
		return 0
	}
	return 100 * float64(f.After) / float64(f.Before)
}

// Set is the examples of one source.
type Set struct {
	Path      string // the records' file
	Tasks     []tasks.Task
	Examples  []Example
	FromFile  int      // examples with higher record numbers are never held out; 0: none has
	MaxLength int      // tokens per example, or of a window
	Windows   Windows  // in which longer examples are read
	Filters   []Filter // by task
	Warnings  []string // about the examples as a whole, one line each
}

// Encode converts the records to examples, on all cores. Without limits.Windows a record
// longer than limits.MaxLength is dropped if all tasks are token tasks, since truncating it
// would silently lose its last entities. If a sentence-level task shares it, it is truncated
// and ignored by the token tasks.
func (r Records) Encode(ctx context.Context, tok *tokenize.Tokenizer, limits Limits) (Set, error) {
	e := encoder{Records: r, tok: tok, limits: limits, ids: labelIDs(r.Tasks)}
	if !slices.ContainsFunc(r.Tasks, limits.keepsLabels) {
		e.limits.Truncate = false
	}
	examples := make([]Example, len(r.Texts))
	cut := make([]bool, len(r.Texts))
	if err := parallel.Each(ctx, len(examples), func(i int) error {
		if r.Usable(i + 1) {
			examples[i], cut[i] = e.encode(i)
		}
		return nil
	}); err != nil {
		return Set{}, fmt.Errorf("encode records of %s: %w", r.Path, err)
	}
	return Set{
		Path:      r.Path,
		Tasks:     r.Tasks,
		FromFile:  r.FromFile,
		MaxLength: limits.MaxLength,
		Windows:   limits.Windows,
		Filters:   e.filters(examples, cut),
		Warnings: r.lost(limits.key(), func(i int, task tasks.Task) bool {
			return examples[i].Record > 0 && (!cut[i] || limits.keepsLabels(task))
		}),
		Examples: slices.DeleteFunc(examples, func(ex Example) bool { return ex.Record == 0 }),
	}, nil
}

// filters returns the counts by task; a dropped example has no record number.
func (e encoder) filters(examples []Example, cut []bool) []Filter {
	counts := make([]Filter, len(e.Tasks))
	for t, task := range e.Tasks {
		f := &counts[t]
		f.Before, f.Skipped = len(examples), e.Problems.Total()
		for i, ex := range examples {
			if ex.Record == 0 || cut[i] && !e.limits.keepsLabels(task) {
				continue
			}
			f.After++
			if cut[i] {
				f.Truncated++
			}
			if CutsOf(e.limits.Windows, ex.IDs).Count() > 1 {
				f.Windowed++
			}
		}
	}
	return counts
}

// encoder converts records to examples.
type encoder struct {
	Records
	tok    *tokenize.Tokenizer
	limits Limits
	ids    [][]map[string]int64 // by task and head
}

// labelIDs returns the ids of the labels of each task's heads, as they appear in
// records: if a token head's labels are tags, these are entity names with the id of the
// B- tag in [tasks.Head.TrueLabels].
func labelIDs(list []tasks.Task) [][]map[string]int64 {
	ids := make([][]map[string]int64, len(list))
	for t, task := range list {
		for _, head := range task.Heads {
			byLabel := make(map[string]int64, len(head.Labels))
			if task.PerToken() && !tasks.SchemeOf(head.Labels).Plain() {
				for i, kind := range head.Kinds() {
					byLabel[kind] = int64(1 + 2*i)
				}
			} else {
				for id, label := range head.Labels {
					byLabel[label] = int64(id)
				}
			}
			ids[t] = append(ids[t], byLabel)
		}
	}
	return ids
}

// encode returns an example without record number if it is too long.
func (e encoder) encode(i int) (ex Example, cut bool) {
	enc := e.tok.Encode(string(e.Texts[i]))
	if cut = len(enc.IDs) > e.limits.Longest(); cut {
		if !e.limits.Truncate {
			return Example{}, false
		}
		enc = enc.Truncate(e.limits.Longest())
	}
	ex = Example{Record: i + 1, IDs: enc.IDs, Labels: make([]Label, len(e.Tasks))}
	for t := range e.Tasks {
		ex.Labels[t] = e.label(t, e.labels[i][t], enc, cut)
	}
	return ex, cut
}

// label converts a record's labels for task t to ids.
func (e encoder) label(t int, l labels, enc tokenize.Encoding, cut bool) (label Label) {
	task := e.Tasks[t]
	switch task.Kind {
	case tasks.Token:
		if cut && !e.limits.keepsLabels(task) || l.missing {
			label.Classes = slices.Repeat([]int64{tasks.IgnoreToken}, len(enc.IDs))
			return label
		}
		if tasks.SchemeOf(task.Heads[0].Labels).Plain() {
			label.Classes = AlignEntities(enc, l.spans, e.ids[t][0], e.limits.AllSubwords)
		} else {
			label.Classes = alignTags(enc, l.spans, e.ids[t][0], e.limits.AllSubwords)
		}
	case tasks.MultiClass:
		for h, value := range l.classes {
			id, known := e.ids[t][h][value]
			switch {
			case value == "":
				id = tasks.IgnoreClass
			case !known: // and therefore kept as unknown
				id = tasks.UnknownClass
			}
			label.Classes = append(label.Classes, id)
		}
	case tasks.MultiLabel:
		for h, head := range task.Heads {
			label.Flags = append(label.Flags, l.flagValues(h, head.Labels))
		}
	}
	return label
}
