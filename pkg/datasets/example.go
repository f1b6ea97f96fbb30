package datasets

import (
	"context"
	"fmt"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// Example is one record as the model sees it.
type Example struct {
	Record  int         // its number in the file, from 1
	IDs     []int32     // token ids, [CLS] … [SEP]
	Classes []int64     // token task: one class a token; multiclass: one a head
	Flags   [][]float32 // multilabel: 0…1 for each output of each head
}

// Limits bounds the length of examples, in tokens.
type Limits struct {
	MaxLength   int
	Truncate    bool // cut longer sentence-level records; otherwise they are dropped
	AllSubwords bool // label every sub-word of a word, not just its first
}

// Filter counts what became of a task's records.
type Filter struct {
	Before, After int
	Truncated     int // among After
}

// Removed returns how many records were dropped.
func (f Filter) Removed() int { return f.Before - f.After }

// KeptPercent returns the share that was kept, in percent.
func (f Filter) KeptPercent() float64 {
	if f.Before == 0 {
		return 0
	}
	return 100 * float64(f.After) / float64(f.Before)
}

// Set is a task with its examples.
type Set struct {
	Task     tasks.Task
	Examples []Example
	Filter   Filter
	Path     string // the file that the records came from
}

// NewNERSet encodes NER records. One over limits.MaxLength is dropped, never
// cut: that would silently lose its last entities.
func NewNERSet(ctx context.Context, tok *tokenize.Tokenizer, records []NERRecord, limits Limits) (Set, error) {
	task := tasks.NER(tasks.NERLabels())
	idOf := map[string]int64{}
	for id, label := range task.Heads[0].Labels {
		idOf[label] = int64(id)
	}
	for i, r := range records {
		for _, e := range r.Entities {
			if _, known := idOf[e.Label]; !known {
				return Set{}, fmt.Errorf("NER record %d: unknown entity label %.40q; want one of %v", i+1, e.Label, task.Heads[0].Labels[1:])
			}
		}
	}
	limits.Truncate = false
	return newSet(ctx, task, tok, limits, len(records),
		func(i int) Transcript { return records[i].Text },
		func(i int, enc tokenize.Encoding, ex *Example) error {
			ex.Classes = AlignEntities(enc, records[i].Entities, idOf, limits.AllSubwords)
			return nil
		})
}

// NewCLSSet encodes case records. Label ids are the sorted distinct values in
// records; an empty intervention or priority is left out of the loss.
func NewCLSSet(ctx context.Context, tok *tokenize.Tokenizer, records []CaseRecord, limits Limits) (Set, error) {
	task := tasks.CLS(CaseLabels(records))
	ids := make([]map[string]int64, len(task.Heads))
	for h, head := range task.Heads {
		ids[h] = map[string]int64{}
		for id, label := range head.Labels {
			ids[h][label] = int64(id)
		}
	}
	return newSet(ctx, task, tok, limits, len(records),
		func(i int) Transcript { return records[i].Narrative },
		func(i int, _ tokenize.Encoding, ex *Example) error {
			for h, value := range caseValues(records[i]) {
				id, known := ids[h][value]
				if !known {
					id = tasks.IgnoreClass
				}
				ex.Classes = append(ex.Classes, id)
			}
			return nil
		})
}

// caseValues lists a case's labels in the order of the CLS task's heads.
func caseValues(r CaseRecord) [4]string {
	return [4]string{MainCategory(r.Category), r.Category, r.Intervention, r.Priority}
}

// CaseLabels returns the sorted distinct label values of records.
func CaseLabels(records []CaseRecord) tasks.CaseLabels {
	var seen [4]map[string]bool
	for h := range seen {
		seen[h] = map[string]bool{}
	}
	for _, r := range records {
		for h, value := range caseValues(r) {
			if value != "" {
				seen[h][value] = true
			}
		}
	}
	sorted := func(set map[string]bool) []string {
		var values []string
		for v := range set {
			values = append(values, v)
		}
		slices.Sort(values)
		return values
	}
	return tasks.CaseLabels{Main: sorted(seen[0]), Sub: sorted(seen[1]), Intervention: sorted(seen[2]), Priority: sorted(seen[3])}
}

// NewQASet encodes QA records. A head that a record lacks is all 0; lists are
// cut or padded to their head's size.
func NewQASet(ctx context.Context, tok *tokenize.Tokenizer, records []QARecord, limits Limits) (Set, error) {
	task := tasks.QA()
	return newSet(ctx, task, tok, limits, len(records),
		func(i int) Transcript { return records[i].Text },
		func(i int, _ tokenize.Encoding, ex *Example) error {
			labels, err := ParseQALabels(records[i].Labels)
			if err != nil {
				return err
			}
			for _, head := range task.Heads {
				ex.Flags = append(ex.Flags, fitFlags(labels[head.Name], len(head.Labels)))
			}
			return nil
		})
}

// newSet encodes n texts on all cores and keeps those that limits allow.
func newSet(ctx context.Context, task tasks.Task, tok *tokenize.Tokenizer, limits Limits, n int,
	text func(int) Transcript, label func(int, tokenize.Encoding, *Example) error,
) (Set, error) {
	examples := make([]Example, n)
	group, ctx := errgroup.WithContext(ctx)
	workers := runtime.GOMAXPROCS(0)
	cut := make([]int, workers)
	for w := range workers {
		group.Go(func() error {
			for i := w; i < n; i += workers {
				if err := ctx.Err(); err != nil {
					return err
				}
				enc := tok.Encode(string(text(i)))
				if len(enc.IDs) > limits.MaxLength {
					if !limits.Truncate {
						continue
					}
					enc = enc.Truncate(limits.MaxLength)
					cut[w]++
				}
				ex := Example{Record: i + 1, IDs: enc.IDs}
				if err := label(i, enc, &ex); err != nil {
					return fmt.Errorf("%s record %d: %w", task.Name, i+1, err)
				}
				examples[i] = ex
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return Set{}, fmt.Errorf("encode records: %w", err)
	}
	kept := slices.DeleteFunc(examples, func(ex Example) bool { return ex.Record == 0 })
	filter := Filter{Before: n, After: len(kept)}
	for _, c := range cut {
		filter.Truncated += c
	}
	return Set{Task: task, Examples: kept, Filter: filter}, nil
}
