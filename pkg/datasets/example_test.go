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

func recordNumbers(set Set) []int {
	var numbers []int
	for _, ex := range set.Examples {
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
	set, err := NewNERSet(t.Context(), testTokenizer(t), records, Limits{MaxLength: 10, Truncate: true})
	if err != nil {
		t.Fatal(err)
	}
	if want := (Filter{Before: 40, After: 30}); set.Filter != want {
		t.Errorf("filter: got %+v, want %+v", set.Filter, want)
	}
	if got := set.Filter.Removed(); got != 10 {
		t.Errorf("removed: got %d, want 10", got)
	}
	if got := set.Filter.KeptPercent(); got != 75 {
		t.Errorf("kept: got %v %%, want 75 %%", got)
	}
	numbers := recordNumbers(set)
	if !slices.IsSorted(numbers) || numbers[0] != 1 || numbers[1] != 3 || slices.Contains(numbers, 2) {
		t.Errorf("records: got %v, want the file's order without 2, 6, …", numbers)
	}
	for _, ex := range set.Examples {
		if len(ex.IDs) != 10 || len(ex.Classes) != 10 || ex.Classes[1] != 1 {
			t.Fatalf("record %d: %d tokens, classes %v", ex.Record, len(ex.IDs), ex.Classes)
		}
	}
}

func TestFilterOfNothing(t *testing.T) {
	if got := (Filter{}).KeptPercent(); got != 0 {
		t.Errorf("got %v, want 0", got)
	}
}

func TestUnknownEntityLabel(t *testing.T) {
	records := []NERRecord{{Text: "Amina"}, {Text: "Amina", Entities: []Entity{{0, 5, "PERSON"}}}}
	_, err := NewNERSet(t.Context(), testTokenizer(t), records, Limits{MaxLength: 10})
	if err == nil || !strings.Contains(err.Error(), `record 2: unknown entity label "PERSON"; want one of [NAME LOCATION`) {
		t.Errorf("got error %v, want one with the record and the label", err)
	} else if strings.Contains(err.Error(), "Amina") {
		t.Errorf("error %q holds the text", err)
	}
}

func TestAllSubwordsReachesTheExamples(t *testing.T) {
	records := []NERRecord{{Text: "Achieng", Entities: []Entity{{0, 7, "NAME"}}}}
	for all, want := range map[bool][]int64{
		false: {-100, 1, -100, -100},
		true:  {-100, 1, 1, -100},
	} {
		set, err := NewNERSet(t.Context(), testTokenizer(t), records, Limits{MaxLength: 10, AllSubwords: all})
		if err != nil {
			t.Fatal(err)
		}
		if got := set.Examples[0].Classes; !slices.Equal(got, want) {
			t.Errorf("all sub-words %v: got %v, want %v", all, got, want)
		}
	}
}

func TestCaseLabelsAreSortedAndDistinct(t *testing.T) {
	got := CaseLabels([]CaseRecord{
		{Category: "Sexual Violence", Intervention: "Referral", Priority: "2"},
		{Category: "Cyberbullying", Intervention: "Counselling", Priority: "10"},
		{Category: "Sexual Violence", Priority: "1"},
		{Category: "legal issues", Intervention: "Counselling"},
		{Category: "Legal issues"},
	})
	want := tasks.CaseLabels{
		Main:         []string{"Advice and Counselling", "GBV", "Unknown"},
		Sub:          []string{"Cyberbullying", "Legal issues", "Sexual Violence", "legal issues"},
		Intervention: []string{"Counselling", "Referral"},
		Priority:     []string{"1", "10", "2"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestCLSSet(t *testing.T) {
	records := []CaseRecord{
		{Narrative: words(3), Category: "Sexual Violence", Intervention: "Referral", Priority: "2"},
		{Narrative: words(30), Category: "Bullying", Intervention: "", Priority: "1"},
		{Narrative: words(8), Category: "Custody", Intervention: "Counselling"},
	}
	want := [][]int64{{2, 2, 1, 1}, {0, 0, tasks.IgnoreClass, 0}, {1, 1, 0, tasks.IgnoreClass}}
	set, err := NewCLSSet(t.Context(), testTokenizer(t), records, Limits{MaxLength: 10, Truncate: true})
	if err != nil {
		t.Fatal(err)
	}
	if f := (Filter{Before: 3, After: 3, Truncated: 1}); set.Filter != f {
		t.Errorf("filter: got %+v, want %+v", set.Filter, f)
	}
	for i, ex := range set.Examples {
		if !slices.Equal(ex.Classes, want[i]) {
			t.Errorf("record %d: got classes %v, want %v", i+1, ex.Classes, want[i])
		}
	}
	cut := set.Examples[1].IDs
	whole := set.Examples[2].IDs // 10 tokens as it is
	if !slices.Equal(cut, whole) {
		t.Errorf("truncated: got %v, want %v, [SEP] last", cut, whole)
	}

	set, err = NewCLSSet(t.Context(), testTokenizer(t), records, Limits{MaxLength: 10})
	if err != nil {
		t.Fatal(err)
	}
	if f := (Filter{Before: 3, After: 2}); set.Filter != f {
		t.Errorf("without truncation: got %+v, want %+v", set.Filter, f)
	}
	if got := recordNumbers(set); !slices.Equal(got, []int{1, 3}) {
		t.Errorf("without truncation: got records %v, want 1 and 3", got)
	}
	if got := set.Task.Heads[1].Labels; len(got) != 3 {
		t.Errorf("a dropped record's label lost its id: %v", got)
	}
}

func TestQASetFitsLists(t *testing.T) {
	records := []QARecord{{Text: words(30), Labels: []byte(
		`"{\"opening\": [1, 1], \"listening\": [1, 0, 1, 1, 0, 1], \"proactiveness\": [1], \"resolution\": [], \"hold\": \"No hold was required\", \"music\": [1]}"`)}}
	set, err := NewQASet(t.Context(), testTokenizer(t), records, Limits{MaxLength: 10, Truncate: true})
	if err != nil {
		t.Fatal(err)
	}
	want := [][]float32{{1}, {1, 0, 1, 1, 0}, {1, 0, 0}, {0, 0, 0, 0, 0}, {0, 0}, {0}}
	if got := set.Examples[0].Flags; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if f := (Filter{Before: 1, After: 1, Truncated: 1}); set.Filter != f {
		t.Errorf("filter: got %+v, want %+v", set.Filter, f)
	}
}

func TestQASetNamesTheBadRecord(t *testing.T) {
	records := []QARecord{{Text: "x", Labels: []byte("{}")}, {Text: "Amina", Labels: []byte("[]")}}
	_, err := NewQASet(t.Context(), testTokenizer(t), records, Limits{MaxLength: 10})
	if err == nil || !strings.Contains(err.Error(), "qa record 2: labels") || strings.Contains(err.Error(), "Amina") {
		t.Errorf("got error %v, want one with the record", err)
	}
}

func TestEncodingStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := NewNERSet(ctx, testTokenizer(t), []NERRecord{{Text: "x"}}, Limits{MaxLength: 10})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

func ExampleFilter() {
	f := Filter{Before: 2000, After: 1998}
	fmt.Printf("kept %d/%d (%.1f%%), %d removed\n", f.After, f.Before, f.KeptPercent(), f.Removed())
	// Output: kept 1998/2000 (99.9%), 2 removed
}
