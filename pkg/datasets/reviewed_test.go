package datasets

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/pkg/tasks"
)

// reviewedFile loads a file of records with reviewed calls beside it.
func reviewedFile(t *testing.T, content string, task tasks.Task, skipBad bool, calls ...ReviewedCall) (Records, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "records.jsonl")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return Load(t.Context(), Source{Path: path, Tasks: []tasks.Task{task}, SkipBad: skipBad, Reviewed: &Reviewed{"reviews.jsonl", calls}})
}

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// saying is a reviewed call.
func saying(text, id, task string, l ReviewedLabels) ReviewedCall {
	return ReviewedCall{Call: hashOf(text), Text: Transcript(text), ID: id, Line: 7, Tasks: map[string]ReviewedLabels{task: l}}
}

func TestReviewedEntities(t *testing.T) {
	t.Parallel()
	const file = `{"text": "Asha is  in Kisumu", "entities": [{"start": 0, "end": 4, "label": "VICTIM"}]}
{"text": "Juma called", "entities": [], "uniqueid": "c2"}
{"text": "Nobody here", "entities": [], "uniqueid": 3}
`
	name := []Entity{{0, 4, "NAME"}}
	unkept := saying("Juma called", "", "ner", ReviewedLabels{Entities: name})
	unkept.Text = ""
	lost := saying("A text that is nowhere", "", "ner", ReviewedLabels{Entities: name})
	lost.Text = ""
	for title, test := range map[string]struct {
		call   ReviewedCall
		counts ReviewCounts
		record int // from 0
		text   string
		want   []Entity
	}{
		"same text":   {saying("Asha is  in Kisumu", "", "ner", ReviewedLabels{Entities: []Entity{{12, 18, "LOCATION"}}}), ReviewCounts{Corrected: 1}, 0, "Asha is  in Kisumu", []Entity{{12, 18, "LOCATION"}}},
		"other blank": {saying("\nAsha is in\tKisumu ", "", "ner", ReviewedLabels{Entities: []Entity{{1, 5, "NAME"}, {11, 19, "LOCATION"}}}), ReviewCounts{Corrected: 1}, 0, "Asha is  in Kisumu", []Entity{{0, 4, "NAME"}, {12, 18, "LOCATION"}}},
		"no entities": {saying("Asha is  in Kisumu", "", "ner", ReviewedLabels{Entities: []Entity{}}), ReviewCounts{Corrected: 1}, 0, "Asha is  in Kisumu", []Entity{}},
		"not kept":    {unkept, ReviewCounts{Corrected: 1}, 1, "Juma called", name},
		"lost":        {lost, ReviewCounts{NoText: 1}, 0, "Asha is  in Kisumu", []Entity{{0, 4, "VICTIM"}}},
		"same id":     {saying("Juma has called", "c2", "ner", ReviewedLabels{Entities: name}), ReviewCounts{Replaced: 1}, 1, "Juma has called", name},
		"number":      {saying("Somebody is here", "3", "ner", ReviewedLabels{Entities: name}), ReviewCounts{Replaced: 1}, 2, "Somebody is here", name},
		"new":         {saying("Rose called", "c9", "ner", ReviewedLabels{Entities: name}), ReviewCounts{Added: 1}, 3, "Rose called", name},
		"other task":  {saying("Asha is  in Kisumu", "", "cls", ReviewedLabels{Entities: name}), ReviewCounts{}, 0, "Asha is  in Kisumu", []Entity{{0, 4, "VICTIM"}}},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			r, err := reviewedFile(t, file, tasks.NER(tasks.NERLabels()), false, test.call)
			if err != nil {
				t.Fatal(err)
			}
			if r.Reviews != test.counts || r.FromFile != 3 || len(r.Texts) != 3+test.counts.Added {
				t.Errorf("counts %+v, want %+v; %d of %d records are from the file", r.Reviews, test.counts, r.FromFile, len(r.Texts))
			}
			l := r.labels[test.record][0]
			if string(r.Texts[test.record]) != test.text || !slices.Equal(l.spans, test.want) || l.missing {
				t.Errorf("text %q, entities %v, want %q, %v", string(r.Texts[test.record]), l.spans, test.text, test.want)
			}
		})
	}
}

func TestReviewedClasses(t *testing.T) {
	t.Parallel()
	const file = `{"narrative": "one", "category": "Legal issues", "intervention": "Counselling", "priority": "3"}
{"narrative": "two", "category": "Child Labor", "intervention": "Referral", "priority": "2"}
`
	for title, test := range map[string]struct {
		text string
		said map[string]string
		want []string // main, sub, intervention, priority
	}{
		"one head":       {"one", map[string]string{"priority": "1"}, []string{MainCategory("Legal issues"), "Legal issues", "Counselling", "1"}},
		"sub-category":   {"one", map[string]string{"sub_category": "Child Labor", "main_category": "Unknown"}, []string{MainCategory("Child Labor"), "Child Labor", "Counselling", "3"}},
		"main alone":     {"one", map[string]string{"main_category": MainCategory("Child Labor")}, []string{MainCategory("Child Labor"), "", "Counselling", "3"}},
		"main as it was": {"one", map[string]string{"main_category": MainCategory("Legal issues")}, []string{MainCategory("Legal issues"), "Legal issues", "Counselling", "3"}},
		"new call":       {"three", map[string]string{"priority": "1"}, []string{"", "", "", "1"}},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			r, err := reviewedFile(t, file, tasks.CLS(tasks.CaseLabels{}), false, saying(test.text, "", "cls", ReviewedLabels{Classes: test.said}))
			if err != nil {
				t.Fatal(err)
			}
			i := slices.Index(r.Texts, Transcript(test.text))
			if got := r.labels[i][0].classes; !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestReviewedCriteria(t *testing.T) {
	t.Parallel()
	const file = `{"text": "one", "labels": {"opening": [0], "listening": [0], "proactiveness": [0], "resolution": [0], "hold": [1, 1], "closing": [0]}}` + "\n"
	hold := tasks.QA().Heads[4].Labels
	said := ReviewedLabels{}
	said.SetFlag("hold", hold[1], false)
	for text, want := range map[string][]float32{"one": {1, 0}, "two": {tasks.IgnoreClass, 0}} {
		r, err := reviewedFile(t, file, tasks.QA(), false, saying(text, "", "qa", said))
		if err != nil {
			t.Fatal(err)
		}
		i := slices.Index(r.Texts, Transcript(text))
		if got := r.labels[i][0].flagValues(4, hold); !slices.Equal(got, want) {
			t.Errorf("%s: hold is %v, want %v", text, got, want)
		}
		unsaid := r.labels[i][0].flagValues(0, tasks.QA().Heads[0].Labels)
		if want := map[string][]float32{"one": {0}, "two": {tasks.IgnoreClass}}[text]; !slices.Equal(unsaid, want) {
			t.Errorf("%s: opening, which nobody checked, is %v, want %v", text, unsaid, want)
		}
	}
	own, err := tasks.Custom{Name: "topics", Kind: tasks.MultiLabel, Heads: []tasks.Head{{Name: "topics"}}}.Task()
	if err != nil {
		t.Fatal(err)
	}
	said = ReviewedLabels{}
	said.SetFlag("topics", "school", true)
	r, err := reviewedFile(t, `{"text": "one", "topics": ["home"]}`+"\n", own, false, saying("one", "", "topics", said), saying("two", "", "topics", said))
	if err != nil {
		t.Fatal(err)
	}
	names := r.Tasks[0].Heads[0].Labels
	if want := []string{"home", "school"}; !slices.Equal(names, want) {
		t.Fatalf("labels %q, want %q", names, want)
	}
	for i, want := range [][]float32{{1, 1}, {tasks.IgnoreClass, 1}} {
		if got := r.labels[i][0].flagValues(0, names); !slices.Equal(got, want) {
			t.Errorf("call %d: topics are %v, want %v", i+1, got, want)
		}
	}
}

func TestReviewedCallsThatDontFit(t *testing.T) {
	t.Parallel()
	const file = `{"text": "Asha called", "entities": []}` + "\n"
	for title, test := range map[string]struct {
		text  string
		spans []Entity
		want  string
	}{
		"label":   {"Asha called", []Entity{{0, 4, "PERSON"}}, `reviews.jsonl: record 7, line 7: task ner: unknown entity label "PERSON"`},
		"outside": {"Rose called", []Entity{{0, 40, "NAME"}}, "reviews.jsonl: record 7, line 7: task ner: entity 1: span [0, 40) isn't inside the text of 11 characters"},
		"overlap": {"Asha  called", []Entity{{0, 4, "NAME"}, {2, 8, "AGE"}}, "overlap"},
		"beyond":  {"Asha  called", []Entity{{0, 40, "NAME"}}, "isn't inside the text"},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			call := saying(test.text, "", "ner", ReviewedLabels{Entities: test.spans})
			_, err := reviewedFile(t, file, tasks.NER(tasks.NERLabels()), false, call)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the error is %v, want %s", err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), "called") {
				t.Errorf("the error quotes the call: %v", err)
			}
			r, err := reviewedFile(t, file, tasks.NER(tasks.NERLabels()), true, call)
			if err != nil || r.Reviews != (ReviewCounts{Bad: 1}) || !r.Usable(1) || len(r.labels[0][0].spans) != 0 {
				t.Errorf("with SkipBad: %v, %+v", err, r.Reviews)
			}
		})
	}
}

// What is held out is the same with and without reviews, and a call is never both.
func TestReviewedCallsKeepTheSplit(t *testing.T) {
	t.Parallel()
	var lines strings.Builder
	var calls []ReviewedCall
	for i := range 40 {
		text := "call " + strings.Repeat("x ", i+1)
		lines.WriteString(`{"text": "` + text + `", "entities": []}` + "\n")
		if i%2 == 0 {
			calls = append(calls, saying(text+"\n", "", "ner", ReviewedLabels{Entities: []Entity{{0, 4, "NAME"}}}))
		}
	}
	for i := range 10 {
		calls = append(calls, saying("new "+strings.Repeat("y ", i+1), "", "ner", ReviewedLabels{Entities: []Entity{}}))
		calls = append(calls, saying("new\t"+strings.Repeat("y  ", i+1), "", "ner", ReviewedLabels{Entities: []Entity{{0, 3, "NAME"}}}))
	}
	shares := Shares{Test: 0.2, Val: 0.2, Seed: 3}
	split := func(calls ...ReviewedCall) (Split, Records) {
		r, err := reviewedFile(t, lines.String(), tasks.NER(tasks.NERLabels()), false, calls...)
		if err != nil {
			t.Fatal(err)
		}
		set := Set{Tasks: r.Tasks, FromFile: r.FromFile, Filters: make([]Filter, 1)}
		for i := range r.Texts {
			set.Examples = append(set.Examples, Example{Record: i + 1})
		}
		set.Filters[0] = Filter{Before: len(r.Texts), After: len(r.Texts)}
		s, err := set.Split(shares)
		if err != nil || len(set.Examples) != len(r.Texts) {
			t.Fatal(err, len(set.Examples))
		}
		return s, r
	}
	without, _ := split()
	with, r := split(calls...)
	if r.Reviews != (ReviewCounts{Corrected: 30, Added: 10}) {
		t.Errorf("counts %+v", r.Reviews)
	}
	if !reflect.DeepEqual(with.Val, without.Val) || !reflect.DeepEqual(with.Test, without.Test) {
		t.Error("other records are held out")
	}
	if len(with.Train) != len(without.Train)+10 {
		t.Errorf("%d calls are trained on, want %d and the 10 new ones", len(with.Train), len(without.Train))
	}
	trained := map[Transcript]bool{}
	for _, ex := range with.Train {
		trained[r.Texts[ex.Record-1].Normalised()] = true
	}
	for _, ex := range slices.Concat(with.Val, with.Test) {
		if trained[r.Texts[ex.Record-1].Normalised()] {
			t.Errorf("record %d is held out and trained on", ex.Record)
		}
	}
	if spans := r.labels[40][0].spans; !slices.Equal(spans, []Entity{{0, 3, "NAME"}}) {
		t.Errorf("a call that was reviewed twice has %v, want what was said last", spans)
	}
}
