package run

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"sort"
	"strings"

	"github.com/trident-nlp/trident/pkg/config"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// fewExamples is the number of records below which a class is reported as rare.
const fewExamples = 5

// CheckData prints a summary of the data files and their errors. It returns an error if
// training would refuse them.
func CheckData(ctx context.Context, c config.Config, o Options) error {
	if err := c.Validate(); err != nil {
		return err
	}
	o = o.complete()
	if c.Task == config.TaskPretrain {
		return checkCalls(ctx, c, o)
	}
	e, err := findEncoder(ctx, c.Backbone, backboneKeys, true, o.Out, o.Err)
	if err != nil {
		return err
	}
	if err := e.checkPositions(c.Tokenizer.MaxLength); err != nil {
		return err
	}
	plan, err := planData(c, o)
	if err != nil {
		return err
	}
	if err := plan.provide(ctx, o.Out); err != nil {
		return err
	}
	reviews, err := plan.readReviews()
	if err != nil {
		return err
	}
	all, err := datasets.LoadAll(ctx, plan.sources(true, reviews))
	if all == nil { // if a file is truncated, the report covers the part before
		return err
	}
	tok, err := e.makeTokenizer(ctx, plan.tokenizer, all, o.Out)
	if err != nil {
		return err
	}
	limits := plan.limits(tok)
	warnOfOverlap(limits.Windows, o.Err)
	reviews.say(all, o.Out, o.Err)
	refused := 0
	var list []tasks.Task
	for _, records := range all {
		set, err := records.Encode(ctx, tok, datasets.Limits{MaxLength: math.MaxInt})
		if err != nil {
			return err
		}
		kept, err := records.Encode(ctx, tok, limits)
		if err != nil {
			return err
		}
		list = append(list, set.Tasks...)
		r := dataReport{limits: limits, shares: plan.shares, records: records, set: set, out: o.Out}
		if !r.print(kept) {
			refused++
		}
	}
	if len(c.Distill.UnlabelledPath) > 0 {
		u, err := readUnlabelled(ctx, c, tok, true, o.Err)
		if err != nil {
			return err
		}
		fmt.Fprintf(o.Out, "\n%s (unlabelled)\n  %-10s %s\n", strings.Join(c.Distill.UnlabelledPath, ", "), "calls", u.describe(c.Tokenizer.Truncation))
	}
	sayTeaching(c, c.TaskNames(), o.Out)
	if err := sayTeachersToTrain(c, o.Out); err != nil {
		return err
	}
	if refused > 0 {
		return fmt.Errorf("check data: training would refuse %d of %d files as they are", refused, len(all))
	}
	return checkTeachers(c, list, o.Err)
}

// dataReport prints the report on one file.
type dataReport struct {
	limits  datasets.Limits
	shares  datasets.Shares
	records datasets.Records
	set     datasets.Set // all usable records, of any length
	out     io.Writer
}

func (r dataReport) line(title, format string, args ...any) {
	fmt.Fprintf(r.out, "  %-10s %s\n", title, fmt.Sprintf(format, args...))
}

// print reports whether training would accept the file. kept is the set that training
// would use.
func (r dataReport) print(kept datasets.Set) bool {
	fmt.Fprintf(r.out, "\n%s (%s)\n", r.set.Path, strings.Join(tasks.Names(r.set.Tasks), ", "))
	problems := r.records.Problems
	r.line("records", "%d, of which %d can't be used", len(r.records.Texts), len(r.records.Texts)-len(r.set.Examples))
	if n := r.records.Reviews; r.records.Reviewed != nil {
		r.line("reviews", "%s", describeReviews(n))
	}
	r.lengths()
	split, err := kept.Split(r.shares)
	if err != nil {
		r.line("split", "%v", errors.Unwrap(err)) // the file is named above
	} else {
		r.split(kept, split)
	}
	for t, task := range r.set.Tasks {
		for h, head := range task.Heads {
			r.labels(t, h, task, head)
		}
	}
	for _, warning := range append(slices.Clone(r.records.Warnings), kept.Warnings...) {
		r.line("warning", "%s", warning)
	}
	if problems.Total() == 0 {
		r.line("problems", "none")
		return err == nil
	}
	r.line("problems", "%s", problems.ByKind())
	for _, p := range problems.First {
		of := ""
		if p.File != r.set.Path {
			of = p.File + ": "
		}
		fmt.Fprintf(r.out, "    %srecord %d, line %d: %s\n", of, p.Record, p.Line, p.Message)
	}
	if more := problems.Total() - len(problems.First); more > 0 {
		fmt.Fprintf(r.out, "    … and %d more\n", more)
	}
	return false
}

func (r dataReport) lengths() {
	lengths := make([]int, len(r.set.Examples))
	for i, ex := range r.set.Examples {
		lengths[i] = len(ex.IDs)
	}
	slices.Sort(lengths)
	n := len(lengths)
	if n == 0 {
		return
	}
	longer := func(limit int) int {
		return n - sort.Search(n, func(i int) bool { return lengths[i] > limit })
	}
	text := fmt.Sprintf("%d to %d, quartiles %d, %d, %d; %d records are longer than %d",
		lengths[0], lengths[n-1], lengths[n/4], lengths[n/2], lengths[3*n/4], longer(r.limits.MaxLength), r.limits.MaxLength)
	if r.limits.Windows.On() {
		text += " and read in windows"
	}
	if most := r.limits.Longest(); r.limits.Windows.On() && longer(most) > 0 {
		how := "dropped"
		if r.limits.Truncate {
			how = "truncated"
		}
		text += fmt.Sprintf("; %d are longer than %d (tokenizer.max_tokens), %s", longer(most), most, how)
	}
	r.line("tokens", "%s", text)
}

func (r dataReport) split(kept datasets.Set, split datasets.Split) {
	text := fmt.Sprintf("%d train / %d val", len(split.Train), len(split.Val))
	if split.Test != nil {
		text += fmt.Sprintf(" / %d test", len(split.Test))
	}
	if f := kept.Filters[0]; f.Removed() > 0 {
		text += fmt.Sprintf("; %d dropped as too long", f.Removed())
	}
	if f := kept.Filters[0]; f.Rare > 0 {
		text += fmt.Sprintf("; %d dropped as the only ones of their class (data.stratify)", f.Rare)
	}
	r.line("split", "%s", text)
	same := findDuplicates(r.records, split)
	text = fmt.Sprintf("%d records repeat an earlier one's", same.repeated)
	if same.val+same.test > 0 {
		text += fmt.Sprintf("; trained on as well: %d in validation, %d in test", same.val, same.test)
	}
	r.line("same text", "%s", text)
}

// labels prints how often each label of a head occurs, and which are rare.
func (r dataReport) labels(t, h int, task tasks.Task, head tasks.Head) {
	counts := make([]int, len(head.Labels))
	without := 0
	layout := task.Kind.Layout()
	for _, ex := range r.set.Examples {
		if !ex.Labels[t].Count(layout, h, counts) {
			without++
		}
	}
	order := make([]int, len(counts))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(counts[b], counts[a]) })
	var all, few []string
	for _, label := range order {
		text := fmt.Sprintf("%s %d", plain(head.Labels[label]), counts[label])
		all = append(all, text)
		if counts[label] < fewExamples {
			few = append(few, text)
		}
	}
	fmt.Fprintf(r.out, "  %s %s (%s", strings.ToUpper(task.Name), head.Name, layout.Counted)
	if without > 0 {
		fmt.Fprintf(r.out, "; %d records without", without)
	}
	fmt.Fprintf(r.out, "):\n%s", wrapped(all))
	if len(few) > 0 {
		fmt.Fprintf(r.out, "    fewer than %d: %d of %d labels\n", fewExamples, len(few), len(counts))
	}
	if spans, cut := r.records.Spans(t); spans > 0 {
		fmt.Fprintf(r.out, "    %d spans, of which %d begin or end inside a word\n", spans, cut)
	}
	if n := r.records.NotApplicable(t, h); n > 0 {
		fmt.Fprintf(r.out, "    %d values say that there was nothing to judge, and count as no\n", n)
	}
}

// plain returns a label without quotes, unless it may be text from a call.
func plain(label string) string { return strings.Trim(datasets.ShowLabel(label), `"`) }

// wrapped breaks parts into lines of readable length.
func wrapped(parts []string) string {
	const indent, width = "    ", 110
	var b strings.Builder
	line := indent
	for i, part := range parts {
		if i < len(parts)-1 {
			part += ", "
		}
		if len(line)+len(part) > width && line != indent {
			b.WriteString(strings.TrimRight(line, " ") + "\n")
			line = indent
		}
		line += part
	}
	return b.String() + line + "\n"
}
