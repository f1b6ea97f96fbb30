package reviews

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

// Kappa is scikit-learn's.
func TestKappa(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "kappa.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Name          string
		First, Second []string
		Kappa         *float64
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	for _, test := range cases {
		pairs := Pairs{}
		for i := range test.First {
			pairs[[2]string{test.First[i], test.Second[i]}]++
		}
		got := pairs.Kappa()
		if test.Kappa == nil && !math.IsNaN(got) || test.Kappa != nil && !(math.Abs(got-*test.Kappa) < 1e-12) {
			t.Errorf("%s: %v", test.Name, got)
		}
	}
	if !math.IsNaN(Pairs{}.Kappa()) || len(cases) < 10 {
		t.Error("nothing to compare has a kappa")
	}
}

// of is a review of a call.
func of(call, who string, proposed, said Labels, unsure ...string) Review {
	return Review{Version: 1, Call: call, Who: who, Old: proposed, New: said, Unsure: unsure}
}

func priority(label string) Labels {
	return Labels{Classification: map[string]string{"priority": label}}
}

// Of each item the last word counts, also if it is "not sure".
func TestMerge(t *testing.T) {
	got := Merge([]Review{
		of("c", "a", Labels{}, Labels{Entities: []Span{{0, 1, "NAME"}}, QA: map[string][]int{"hold": {1, 0}}, Classification: map[string]string{"priority": "1", "sub_category": "Custody"}}),
		of("c", "b", Labels{}, Labels{QA: map[string][]int{"hold": {-1, 1}}, Tasks: map[string]Own{"mood": {Classes: map[string]string{"caller": "calm"}}}}, "cls/sub_category", "ner"),
		of("c", "a", Labels{}, priority("2")),
	})
	want := Labels{QA: map[string][]int{"hold": {1, 1}}, Classification: map[string]string{"priority": "2"}, Tasks: map[string]Own{"mood": {Classes: map[string]string{"caller": "calm"}}}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestModelAgreement(t *testing.T) {
	entities := func(list ...Span) Labels { return Labels{Entities: list} }
	list := []Review{
		of("1", "a", priority("1"), priority("1")),
		of("2", "a", priority("2"), priority("1")),
		of("3", "a", priority("2"), priority("2")),
		of("4", "a", priority("2"), Labels{}, "cls/priority"), // doesn't count
		of("5", "a", entities(Span{0, 5, "NAME"}, Span{7, 9, "AGE"}), entities(Span{0, 5, "VICTIM"}, Span{7, 9, "AGE"}, Span{10, 12, "AGE"})),
		of("6", "a", Labels{QA: map[string][]int{"hold": {0, 1}}}, Labels{QA: map[string][]int{"hold": {-1, 0}}}),
	}
	got := ModelAgreement(list)
	want := Agreement{First: "model", Second: "people", Calls: 5,
		Plain: []PlainAgreement{
			{Item{"cls", "priority", ""}, 3, 2, 0.4, []LabelCount{{"1", 1, 2, 1}, {"2", 2, 1, 1}}}, // (2/3 - 4/9) / (1 - 4/9)
			{Item{"qa", "hold", "1"}, 1, 0, 0, []LabelCount{{"0", 0, 1, 0}, {"1", 1, 0, 0}}},
		},
		Entities: []EntityAgreement{
			{Item{Task: "ner"}, LabelCount{"AGE", 1, 2, 1}}, {Item{Task: "ner"}, LabelCount{"NAME", 1, 0, 0}}, {Item{Task: "ner"}, LabelCount{"VICTIM", 0, 1, 0}},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v\nwant %+v", got, want)
	}
	if age := got.Entities[0]; age.Precision() != 1 || age.Recall() != 0.5 || math.Abs(age.F1()-2./3) > 1e-15 || got.Entities[1].Recall() != 0 {
		t.Errorf("precision %v, recall %v, F1 %v", age.Precision(), age.Recall(), age.F1())
	}
}

func TestReviewerAgreement(t *testing.T) {
	var list []Review
	for i, pair := range [][2]string{{"1", "1"}, {"1", "2"}, {"2", "2"}, {"2", "2"}} {
		call := string(rune('a' + i))
		list = append(list, of(call, "nairobi", priority("3"), priority("3")), of(call, "kisumu", priority("3"), priority(pair[1])), of(call, "nairobi", priority("3"), priority(pair[0])))
	}
	list = append(list, of("z", "ops", priority("3"), priority("3")))
	got := ReviewerAgreement(list)
	want := []Agreement{{First: "kisumu", Second: "nairobi", Calls: 4, Plain: []PlainAgreement{{Item{"cls", "priority", ""}, 4, 3, 0.5, []LabelCount{{"1", 1, 2, 1}, {"2", 3, 2, 2}}}}}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v\nwant %+v", got, want)
	}
}

// Labels of items come back in order, whatever their names.
func TestItems(t *testing.T) {
	l := Labels{QA: map[string][]int{"resolution": {1, 0, 1, 0, 1, 1, 0, 1, 0, 1, 0, 1}}, Tasks: map[string]Own{"signs": {Flags: map[string]map[string]int{"violence": {"weapon": 1}}}}}
	if got := l.values().labels(); !reflect.DeepEqual(got, l) {
		t.Errorf("%+v", got)
	}
	for item, want := range map[Item]string{{Task: "ner"}: "ner", {"cls", "priority", ""}: "cls/priority", {"qa", "hold", "0"}: "qa/hold/0"} {
		if item.String() != want {
			t.Errorf("%q, want %q", item.String(), want)
		}
	}
}

// What a reviewer said, and then took back, doesn't count. What others said does.
func TestMergeWithdrawn(t *testing.T) {
	priority := func(label string) Labels {
		if label == "" {
			return Labels{}
		}
		return Labels{Entities: []Span{}, Classification: map[string]string{"priority": label}}
	}
	line := func(who, based, label string, unsure ...string) Review {
		return Review{Who: who, BasedOn: based, Old: priority("3"), New: priority(label), Unsure: unsure}
	}
	for what, test := range map[string]struct {
		list []Review
		want string
	}{
		"taken back":              {[]Review{line("a", "", "1"), line("a", "x", "")}, ""},
		"another one's stays":     {[]Review{line("b", "", "2"), line("a", "x", "1"), line("a", "y", "")}, "2"},
		"by another":              {[]Review{line("a", "", "1"), line("b", "x", "")}, "1"},
		"said again":              {[]Review{line("a", "", "1"), line("a", "x", ""), line("a", "y", "2")}, "2"},
		"no longer unsure":        {[]Review{line("b", "", "2"), line("a", "x", "", "cls/priority"), line("a", "y", "")}, "2"},
		"unsure":                  {[]Review{line("b", "", "2"), line("a", "x", "", "cls/priority")}, ""},
		"another task's proposal": {[]Review{line("a", "", "1"), {Who: "a", BasedOn: "x", Old: Labels{QA: map[string][]int{"hold": {1}}}}}, "1"},
		"files of two people":     {[]Review{line("", "", "1"), line("", "", "")}, "1"},
	} {
		if got := Merge(test.list).Classification["priority"]; got != test.want {
			t.Errorf("%s: %q, want %q", what, got, test.want)
		}
	}
}
