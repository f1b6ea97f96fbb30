package datasets

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/pkg/tasks"
)

// words is a text of n one-token words, n+2 tokens.
func words(n int) Transcript { return Transcript(strings.Repeat("from ", n)) }

func recordNumbers(examples []Example) []int {
	var numbers []int
	for _, ex := range examples {
		numbers = append(numbers, ex.Record)
	}
	return numbers
}

func TestOverlongNERRecordsAreDroppedAndCounted(t *testing.T) {
	var records []NERRecord
	for i := range 40 {
		n := 8 // with [CLS] and [SEP] just what fits
		if i%4 == 1 {
			n = 9
		}
		records = append(records, NERRecord{Text: words(n), Entities: []Entity{{0, 4, "NAME"}}})
	}
	set := mustEncode(t, mustLoad(t, lines(t, records...), tasks.NER(tasks.NERLabels())), Limits{MaxLength: 10, Truncate: true})
	filter := set.Filters[0]
	if want := (Filter{Before: 40, After: 30}); filter != want {
		t.Errorf("filter: got %+v, want %+v", filter, want)
	}
	if got := filter.Removed(); got != 10 {
		t.Errorf("removed: got %d, want 10", got)
	}
	if got := filter.KeptPercent(); got != 75 {
		t.Errorf("kept: got %v %%, want 75 %%", got)
	}
	numbers := recordNumbers(set.Examples)
	if !slices.IsSorted(numbers) || numbers[0] != 1 || numbers[1] != 3 || slices.Contains(numbers, 2) {
		t.Errorf("records: got %v, want the file's order without 2, 6, …", numbers)
	}
	for _, ex := range set.Examples {
		if classes := ex.Labels[0].Classes; len(ex.IDs) != 10 || len(classes) != 10 || classes[1] != 1 {
			t.Fatalf("record %d: %d tokens, classes %v", ex.Record, len(ex.IDs), classes)
		}
	}
}

func TestFilterOfNothing(t *testing.T) {
	if got := (Filter{}).KeptPercent(); got != 0 {
		t.Errorf("got %v, want 0", got)
	}
}

func TestRareRecordsArentTooLong(t *testing.T) {
	if got := (Filter{Before: 10, After: 5, Rare: 3}).Removed(); got != 2 {
		t.Errorf("removed: got %d, want 2", got)
	}
}

func TestAllSubwordsReachesTheExamples(t *testing.T) {
	r := mustLoad(t, lines(t, NERRecord{Text: "Achieng", Entities: []Entity{{0, 7, "NAME"}}}), tasks.NER(tasks.NERLabels()))
	for all, want := range map[bool][]int64{
		false: {-100, 1, -100, -100},
		true:  {-100, 1, 1, -100},
	} {
		set := mustEncode(t, r, Limits{MaxLength: 10, AllSubwords: all})
		if got := set.Examples[0].Labels[0].Classes; !slices.Equal(got, want) {
			t.Errorf("all sub-words %v: got %v, want %v", all, got, want)
		}
	}
}

func TestCaseLabelsAreSortedAndDistinct(t *testing.T) {
	r := mustLoad(t, lines(t,
		CaseRecord{Narrative: "x", Category: "Sexual Violence", Intervention: "Referral", Priority: "2"},
		CaseRecord{Narrative: "x", Category: "Cyberbullying", Intervention: "Counselling", Priority: "10"},
		CaseRecord{Narrative: "x", Category: "Sexual Violence", Priority: "1"},
		CaseRecord{Narrative: "x", Category: "legal issues", Intervention: "Counselling"},
		CaseRecord{Narrative: "x", Category: "Legal issues"},
	), tasks.CLS(tasks.CaseLabels{}))
	want := tasks.CLS(tasks.CaseLabels{
		Main:         []string{"Advice and Counselling", "GBV", "Unknown"},
		Sub:          []string{"Cyberbullying", "Legal issues", "Sexual Violence", "legal issues"},
		Intervention: []string{"Counselling", "Referral"},
		Priority:     []string{"1", "10", "2"},
	})
	want.Heads[0].Follows = &tasks.Follows{Head: "sub", IDs: []int{2, 0, 1, 2}}
	if !reflect.DeepEqual(r.Tasks, []tasks.Task{want}) {
		t.Errorf("got %+v, want %+v", r.Tasks, want)
	}
}

func TestEncodeCases(t *testing.T) {
	r := mustLoad(t, lines(t,
		CaseRecord{Narrative: words(3), Category: "Sexual Violence", Intervention: "Referral", Priority: "2"},
		CaseRecord{Narrative: words(30), Category: "Bullying", Intervention: "", Priority: "1"},
		CaseRecord{Narrative: words(8), Category: "Custody", Intervention: "Counselling"},
	), tasks.CLS(tasks.CaseLabels{}))
	set := mustEncode(t, r, Limits{MaxLength: 10, Truncate: true})
	if want := []Filter{{Before: 3, After: 3, Truncated: 1}}; !slices.Equal(set.Filters, want) {
		t.Errorf("filters: got %+v, want %+v", set.Filters, want)
	}
	want := [][]int64{{2, 2, 1, 1}, {0, 0, tasks.IgnoreClass, 0}, {1, 1, 0, tasks.IgnoreClass}}
	if got := classesOf(set); !reflect.DeepEqual(got, want) {
		t.Errorf("got classes %v, want %v", got, want)
	}
	cut := set.Examples[1].IDs
	whole := set.Examples[2].IDs // 10 tokens as it is
	if !slices.Equal(cut, whole) {
		t.Errorf("truncated: got %v, want %v, [SEP] last", cut, whole)
	}

	set = mustEncode(t, r, Limits{MaxLength: 10})
	if want := []Filter{{Before: 3, After: 2}}; !slices.Equal(set.Filters, want) {
		t.Errorf("without truncation: got %+v, want %+v", set.Filters, want)
	}
	if got := recordNumbers(set.Examples); !slices.Equal(got, []int{1, 3}) {
		t.Errorf("without truncation: got records %v, want 1 and 3", got)
	}
	if got := set.Tasks[0].Heads[1].Labels; len(got) != 3 {
		t.Errorf("a dropped record's label lost its id: %v", got)
	}
}

// shared are records of which a token task and two sentence-level ones learn.
func shared(t *testing.T) Records {
	t.Helper()
	span := `[{"start": 0, "end": 4, "label": "TOWN"}]`
	record := func(n int, rest string) string {
		return fmt.Sprintf(`{"text": %q%s}`, string(words(n)), rest) + "\n"
	}
	return mustLoad(t, record(2, `, "spans": `+span+`, "caller": "calm", "reporter": {"gender": "male"}, "topics": ["a"]`)+
		record(9, `, "spans": `+span+`, "caller": "sad", "topics": ["b"]`)+ // one token over the limit
		record(3, `, "caller": "sad"`),
		places(t), mood(t), topics(t))
}

func TestTasksShareRecords(t *testing.T) {
	set := mustEncode(t, shared(t), Limits{MaxLength: 10, Truncate: true})
	if got, want := tasks.Names(set.Tasks), []string{"places", "mood", "topics"}; !slices.Equal(got, want) {
		t.Fatalf("got tasks %v, want %v", got, want)
	}
	if got := recordNumbers(set.Examples); !slices.Equal(got, []int{1, 2, 3}) {
		t.Fatalf("got records %v, want all", got)
	}
	ignored := func(n int) []int64 { return slices.Repeat([]int64{tasks.IgnoreToken}, n) }
	for i, want := range [][]Label{
		{{Classes: []int64{-100, 1, 0, -100}}, {Classes: []int64{0, 0}}, {Flags: [][]float32{{1, 0}}}},
		{{Classes: ignored(10)}, {Classes: []int64{1, -1}}, {Flags: [][]float32{{0, 1}}}}, // cut: its spans don't count
		{{Classes: ignored(5)}, {Classes: []int64{1, -1}}, {Flags: [][]float32{{-1, -1}}}},
	} {
		if got := set.Examples[i].Labels; !reflect.DeepEqual(got, want) {
			t.Errorf("record %d: got  %v\nwant %v", i+1, got, want)
		}
	}
	if want := []Filter{{Before: 3, After: 2}, {Before: 3, After: 3, Truncated: 1}, {Before: 3, After: 3, Truncated: 1}}; !slices.Equal(set.Filters, want) {
		t.Errorf("filters: got %+v, want %+v", set.Filters, want)
	}
	if got := set.Filters[0].Removed(); got != 1 {
		t.Errorf("removed from the token task: got %d, want 1", got)
	}

	set = mustEncode(t, shared(t), Limits{MaxLength: 10})
	if got := recordNumbers(set.Examples); !slices.Equal(got, []int{1, 3}) {
		t.Errorf("without truncation: got records %v, want 1 and 3", got)
	}
	if want := (Filter{Before: 3, After: 2}); set.Filters[0] != want || set.Filters[1] != want || set.Filters[2] != want {
		t.Errorf("without truncation: filters %+v, want %+v each", set.Filters, want)
	}
}

func TestTwoTokenTasksNeverCut(t *testing.T) {
	r := mustLoad(t, fmt.Sprintf(`{"text": %q, "spans": []}`, string(words(9)))+"\n"+`{"text": "A", "spans": [], "entities": []}`, places(t, "TOWN"), tasks.NER(tasks.NERLabels()))
	set := mustEncode(t, r, Limits{MaxLength: 10, Truncate: true})
	if got := recordNumbers(set.Examples); !slices.Equal(got, []int{2}) {
		t.Errorf("got records %v, want the short one", got)
	}
	if want := (Filter{Before: 2, After: 1}); set.Filters[0] != want || set.Filters[1] != want {
		t.Errorf("filters: %+v, want %+v each", set.Filters, want)
	}
}

func TestEncodingStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := mustLoad(t, `{"text": "x", "entities": []}`, tasks.NER(tasks.NERLabels())).Encode(ctx, testTokenizer(t), Limits{MaxLength: 10})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

func ExampleFilter() {
	f := Filter{Before: 2000, After: 1998}
	fmt.Printf("kept %d/%d (%.1f%%), %d removed\n", f.After, f.Before, f.KeptPercent(), f.Removed())
	// Output: kept 1998/2000 (99.9%), 2 removed
}

// Labels are counted as they lie for each kind of task.
func TestCountLabels(t *testing.T) {
	token := Label{Classes: []int64{tasks.IgnoreToken, 0, 2, 2, tasks.IgnoreToken}}
	classes := Label{Classes: []int64{1, tasks.IgnoreClass, tasks.UnknownClass}}
	flags := Label{Flags: [][]float32{{0, 1, 0.5}, {tasks.IgnoreClass, tasks.IgnoreClass, tasks.IgnoreClass}}}
	for name, test := range map[string]struct {
		label    Label
		kind     tasks.Kind
		h        int
		want     []int
		labelled bool
	}{
		"words":               {token, tasks.Token, 0, []int{1, 0, 2}, true},
		"words without label": {Label{Classes: []int64{tasks.IgnoreToken}}, tasks.Token, 0, []int{0, 0, 0}, false},
		"a class":             {classes, tasks.MultiClass, 0, []int{0, 1, 0}, true},
		"no class":            {classes, tasks.MultiClass, 1, []int{0, 0, 0}, false},
		"an unknown class":    {classes, tasks.MultiClass, 2, []int{0, 0, 0}, false},
		"yes and no":          {flags, tasks.MultiLabel, 0, []int{0, 1, 1}, true},
		"neither":             {flags, tasks.MultiLabel, 1, []int{0, 0, 0}, false},
	} {
		counts := make([]int, 3)
		if labelled := test.label.Count(test.kind.Layout(), test.h, counts); labelled != test.labelled || !slices.Equal(counts, test.want) {
			t.Errorf("%s: %v, %v; want %v, %v", name, counts, labelled, test.want, test.labelled)
		}
	}
}
