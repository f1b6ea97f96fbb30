package datasets

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	"github.com/trident-nlp/trident/pkg/tasks"
)

// Reviewed are calls whose labels people have checked. Beside a file of records they go
// before its labels: see [Records.Reviews].
type Reviewed struct {
	Path  string         // where they come from, for messages
	Calls []ReviewedCall // at most one for each text; the ones reviewed last come last
}

// ReviewedCall is what people say of one call.
type ReviewedCall struct {
	Call  string                    // SHA-256 of the text, in hexadecimal
	Text  Transcript                // "" if it isn't kept: only a file's record can have it
	ID    string                    // in the file that it was read from; "": none
	Line  int                       // of its latest review in Path, from 1
	Tasks map[string]ReviewedLabels // by task
}

// ReviewedLabels are a call's checked labels for one task, those of the task's kind. What
// nobody checked is missing.
type ReviewedLabels struct {
	Entities []Entity                   // nil: not checked; empty: there are none
	Classes  map[string]string          // by [tasks.Head.Field]
	Flags    map[string]map[string]bool // by [tasks.Head.Field] and label
}

// SetFlag sets a yes/no label.
func (l *ReviewedLabels) SetFlag(field, label string, yes bool) {
	if l.Flags == nil {
		l.Flags = map[string]map[string]bool{}
	}
	if l.Flags[field] == nil {
		l.Flags[field] = map[string]bool{}
	}
	l.Flags[field][label] = yes
}

// ReviewCounts says what became of the reviewed calls with labels for a source's tasks.
type ReviewCounts struct {
	Corrected int // their labels went to the records with their text
	Replaced  int // they took the place of the record with their id, which has another text
	Added     int // no record has their text or id: they follow the records
	NoText    int // unused: no record has their text, which isn't kept
	Bad       int // unused: their labels don't fit the tasks
}

// Calls is their number.
func (c ReviewCounts) Calls() int { return c.Corrected + c.Replaced + c.Added + c.NoText + c.Bad }

// applyReviews gives records the labels that people checked, and adds the calls that aren't
// among them. A record keeps its place, so the split stays as it was; of added ones
// [Set.Split] holds out none.
func (r *Records) applyReviews() {
	r.FromFile = len(r.Texts)
	if r.Reviewed == nil {
		return
	}
	w := reviewing{Records: r, texts: map[Transcript][]int{}, known: labelIDs(r.Tasks)}
	for i, record := range r.labels {
		if record != nil {
			w.index(i)
		}
	}
	for _, call := range r.Reviewed.Calls {
		if slices.ContainsFunc(r.Tasks, func(t tasks.Task) bool { _, found := call.Tasks[t.Name]; return found }) {
			w.apply(call)
		}
	}
}

// reviewing applies reviewed calls to records.
type reviewing struct {
	*Records
	texts  map[Transcript][]int // records, from 0, by their normalised text
	hashes map[string][]int     // the same by [ReviewedCall.Call]; made when it is asked for
	known  [][]map[string]int64 // see labelIDs
}

func (w *reviewing) index(i int) {
	text := w.Texts[i].Normalised()
	w.texts[text] = append(w.texts[text], i)
	if w.hashes != nil {
		w.hash(i)
	}
}

func (w *reviewing) hash(i int) {
	sum := sha256.Sum256([]byte(w.Texts[i]))
	key := hex.EncodeToString(sum[:])
	w.hashes[key] = append(w.hashes[key], i)
}

// find returns the records with a call's text.
func (w *reviewing) find(call ReviewedCall) []int {
	if call.Text != "" {
		return w.texts[call.Text.Normalised()]
	}
	if w.hashes == nil {
		w.hashes = map[string][]int{}
		for i, record := range w.labels {
			if record != nil {
				w.hash(i)
			}
		}
	}
	return w.hashes[call.Call]
}

func (w *reviewing) apply(call ReviewedCall) {
	found := w.find(call)
	at, sameID := w.ids[call.ID]
	var err error
	switch {
	case len(found) > 0:
		changed := make([][]labels, len(found))
		for n, i := range found {
			if changed[n], err = w.merged(w.labels[i], call, w.Texts[i]); err != nil {
				w.refuse(call, err)
				return
			}
		}
		for n, i := range found {
			w.labels[i] = changed[n]
		}
		w.Reviews.Corrected++
	case call.Text == "":
		w.Reviews.NoText++
	default:
		list, err := w.merged(w.unlabelled(), call, call.Text)
		if err != nil {
			w.refuse(call, err)
			return
		}
		if sameID && call.ID != "" && w.labels[at] != nil {
			old := w.Texts[at].Normalised()
			w.texts[old] = slices.DeleteFunc(w.texts[old], func(i int) bool { return i == at })
			w.Texts[at], w.labels[at], w.hashes = call.Text, list, nil
			w.Reviews.Replaced++
		} else {
			at = len(w.Texts)
			w.Texts, w.labels, w.lines = append(w.Texts, call.Text), append(w.labels, list), append(w.lines, call.Line)
			w.Reviews.Added++
		}
		w.index(at)
	}
}

// refuse notes that a call can't be used. It counts as a record of its own.
func (w *reviewing) refuse(call ReviewedCall, err error) {
	w.Reviews.Bad++
	w.Texts, w.labels, w.lines = append(w.Texts, ""), append(w.labels, nil), append(w.lines, call.Line)
	w.Problems.add(Problem{File: w.Reviewed.Path, Record: call.Line, Line: call.Line, Kind: KindOf(err), Message: err.Error()})
}

// unlabelled are the labels of a record that has none.
func (w *reviewing) unlabelled() []labels {
	list := make([]labels, len(w.Tasks))
	for t, task := range w.Tasks {
		n := len(task.Heads)
		switch task.Kind {
		case tasks.Token:
			list[t].missing = true
		case tasks.MultiClass:
			list[t].classes = make([]string, n)
		case tasks.MultiLabel:
			list[t].flags, list[t].named = make([][]float32, n), make([]flagsOf, n)
		}
	}
	return list
}

// merged returns a record's labels, with those of the call in their place. text is the
// record's, which may differ from the call's in white space.
func (w *reviewing) merged(before []labels, call ReviewedCall, text Transcript) ([]labels, error) {
	after := slices.Clone(before)
	for t, task := range w.Tasks {
		said, given := call.Tasks[task.Name]
		if !given {
			continue
		}
		var err error
		switch task.Kind {
		case tasks.Token:
			after[t], err = reviewedSpans(before[t], said, call.Text, text)
		case tasks.MultiClass:
			after[t], err = reviewedClasses(before[t], said, task, text)
		case tasks.MultiLabel:
			after[t], err = reviewedFlags(before[t], said, task)
		}
		if err == nil {
			err = w.checkKnown(after[t], task, w.known[t])
		}
		if err != nil {
			return nil, inTask(task, err)
		}
	}
	return after, nil
}

func inTask(task tasks.Task, err error) error {
	return bad(KindOf(err), "task %s: %s", task.Name, err)
}

func reviewedSpans(l labels, said ReviewedLabels, from, to Transcript) (labels, error) {
	if said.Entities == nil {
		return l, nil
	}
	l.missing, l.spans = false, said.Entities
	if from != "" && from != to {
		l.spans = movedSpans(said.Entities, []rune(string(from)), []rune(string(to)))
	}
	return l, checkSpans(l.spans, []rune(string(to)))
}

// movedSpans moves spans to a text that differs in white space alone. Blanks at their ends
// are left out.
func movedSpans(spans []Entity, from, to []rune) []Entity {
	var places []int // in to, of each character that isn't blank
	for i, c := range to {
		if !isBlank(c) {
			places = append(places, i)
		}
	}
	before := make([]int, len(from)+1) // the number of such characters before each in from
	for i, c := range from {
		before[i+1] = before[i]
		if !isBlank(c) {
			before[i+1]++
		}
	}
	moved := make([]Entity, 0, len(spans))
	for _, e := range spans {
		if e.Start < 0 || e.End > len(from) || e.Start >= e.End || before[e.End] > len(places) {
			return spans // not spans of the text, which checkSpans may say
		}
		if first, end := before[e.Start], before[e.End]; first < end {
			moved = append(moved, Entity{places[first], places[end-1] + 1, e.Label})
		}
	}
	return moved
}

// reviewedClasses takes the labels that were checked. A main category goes with the
// sub-category: that of a checked one wins, and a record's that contradicts the checked main
// category is removed.
func reviewedClasses(l labels, said ReviewedLabels, task tasks.Task, text Transcript) (labels, error) {
	l.classes = slices.Clone(l.classes)
	for h, head := range task.Heads {
		label := said.Classes[head.Field]
		if label == "" || head.Via != "" {
			continue
		}
		if err := wantLabel(head, label, text); err != nil {
			return l, err
		}
		l.classes[h] = label
	}
	for h, head := range task.Heads {
		if head.Via != tasks.ViaMainCategory {
			continue
		}
		source := slices.IndexFunc(task.Heads, func(other tasks.Head) bool { return other.Via == "" && other.Source == head.Source })
		label := said.Classes[head.Field]
		switch {
		case source >= 0 && said.Classes[task.Heads[source].Field] != "":
			l.classes[h] = MainCategory(l.classes[source])
		case label != "":
			l.classes[h] = label
			if source >= 0 && l.classes[source] != "" && MainCategory(l.classes[source]) != label {
				l.classes[source] = ""
			}
		}
	}
	return l, nil
}

// reviewedFlags takes the yes/no labels that were checked. Others stay as they are in the
// record; of a call that is no record they are ignored.
func reviewedFlags(l labels, said ReviewedLabels, task tasks.Task) (labels, error) {
	l.flags, l.named = slices.Clone(l.flags), slices.Clone(l.named)
	for h, head := range task.Heads {
		flags := said.Flags[head.Field]
		if len(flags) == 0 {
			continue
		}
		if l.named[h] == nil && len(head.Labels) > 0 {
			values := slices.Clone(l.flags[h])
			if values == nil {
				values = slices.Repeat([]float32{tasks.IgnoreClass}, len(head.Labels))
			}
			for name, yes := range flags {
				i := slices.Index(head.Labels, name)
				if i < 0 {
					return l, bad(KindLabel, "head %s: unknown label %s%s", head.Name, ShowLabel(name), oneOf(head.Labels, ""))
				}
				values[i] = flagValue(yes)
			}
			l.flags[h] = values
			continue
		}
		named := flagsOf{}
		for name, value := range l.named[h] {
			named[name] = value
		}
		for name, yes := range flags {
			named[name] = flagValue(yes)
		}
		l.partial = l.partial || l.named[h] == nil
		l.named[h] = named
	}
	return l, nil
}

func flagValue(yes bool) float32 {
	if yes {
		return 1
	}
	return 0
}

// numberIDs are the records, from 0, by the ids that they were seen with: field and JSON
// value. An id that two fields have counts for the first record.
func numberIDs(seen map[string]int) map[string]int {
	ids := make(map[string]int, len(seen))
	for key, number := range seen {
		for _, name := range idFields {
			value, found := strings.CutPrefix(key, name)
			if !found {
				continue
			}
			var id string
			if json.Unmarshal([]byte(value), &id) != nil {
				id = value // a number
			}
			if at, twice := ids[id]; !twice || number-1 < at {
				ids[id] = number - 1
			}
		}
	}
	return ids
}

// place names record i, from 0, for messages: its file, its number there and its line.
func (r *Records) place(i int) (file string, record, line int) {
	if i >= r.FromFile {
		return r.Reviewed.Path, r.lines[i], r.lines[i]
	}
	return r.Path, i + 1, r.lines[i]
}
