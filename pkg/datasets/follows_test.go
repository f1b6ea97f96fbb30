package datasets

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/pkg/tasks"
)

// place is a user's task in which a county follows a town.
func place(t testing.TB) tasks.Task {
	return own(t, tasks.Custom{Name: "place", Kind: tasks.MultiClass, Heads: []tasks.Head{
		{Name: "county", Follows: &tasks.Follows{Head: "town"}}, {Name: "town"},
	}})
}

const towns = `{"text": "a", "town": "Kisumu", "county": "Kisumu County"}
{"text": "b", "town": "Ahero", "county": "Kisumu County"}
{"text": "c", "town": "Nakuru", "county": "Rift"}

{"text": "d", "town": "Lodwar"}
{"text": "e", "county": "Coast"}
{"text": "f", "town": "Kisumu", "county": "Kisumu County"}
`

func TestFollowsAreFoundInTheData(t *testing.T) {
	r := mustLoad(t, towns, place(t))
	county, town := r.Tasks[0].Heads[0], r.Tasks[0].Heads[1]
	if want := []string{"Coast", "Kisumu County", "Rift"}; !reflect.DeepEqual(county.Labels, want) {
		t.Fatalf("counties %v", county.Labels)
	}
	// Of Ahero, Kisumu, Lodwar, Nakuru no record says Lodwar's county, or a town of Coast.
	if want := (&tasks.Follows{Head: "town", IDs: []int{1, 1, tasks.AnyLabel, 2}}); !reflect.DeepEqual(county.Follows, want) || town.Follows != nil {
		t.Errorf("got %+v, want %+v; town %+v", county.Follows, want, town.Follows)
	}
}

func TestContradictionsAreProblems(t *testing.T) {
	const contradicting = towns + `{"text": "SECRET", "town": "Kisumu", "county": "Coast"}` + "\n" + `{"text": "h", "town": "Nakuru", "county": "Coast"}` + "\n"
	path := write(t, "data.jsonl", contradicting)
	want := []Problem{
		// Coast is as frequent beside Nakuru: the first in byte order counts.
		{path, 3, 3, KindContradiction, `county "Rift" beside town "Nakuru", with which it is "Coast" in 1 of 2 records; county follows town`},
		{path, 7, 8, KindContradiction, `county "Coast" beside town "Kisumu", with which it is "Kisumu County" in 2 of 3 records; county follows town`},
	}
	for _, skip := range []bool{false, true} {
		r, err := Load(t.Context(), Source{Path: path, Tasks: []tasks.Task{place(t)}, SkipBad: skip})
		if (err == nil) != skip {
			t.Fatalf("skip %v: error %v", skip, err)
		}
		if !reflect.DeepEqual(r.Problems.First, want) || r.Problems.Counts[KindContradiction] != 2 {
			t.Errorf("got %+v, want %+v", r.Problems, want)
		}
		if r.Usable(3) || r.Usable(7) || !r.Usable(8) || r.Texts[6] != "" {
			t.Error("records that contradict others are used")
		}
		if err != nil && (strings.Contains(err.Error(), "SECRET") || !strings.Contains(err.Error(), "labels that contradict other records 2")) {
			t.Errorf("error %v", err)
		}
		if !skip {
			continue
		}
		if got, want := r.Tasks[0].Heads[0].Follows.IDs, []int{1, 1, tasks.AnyLabel, 0}; !reflect.DeepEqual(got, want) {
			t.Errorf("got %v of labels %v, want %v", got, r.Tasks[0].Heads[0].Labels, want)
		}
	}
	// A model that knows which labels go together is scored on all records.
	model := mustLoad(t, towns, place(t)).Tasks
	for _, list := range [][]tasks.Task{model, {place(t)}} {
		r, err := Load(t.Context(), Source{Path: path, Tasks: list, KeepUnknown: true})
		if err != nil || r.Problems.Total() != 0 {
			t.Fatalf("error %v", err)
		}
		if got, want := r.Tasks[0].Heads[0].Follows, list[0].Heads[0].Follows; !reflect.DeepEqual(got, want) {
			t.Errorf("the data that a model is scored on makes %+v of %+v", got, want)
		}
	}
}

// Heads that don't depend on each other aren't a file of bad records, whether those are
// to be skipped or not.
func TestHeadsThatDoNotFollow(t *testing.T) {
	file := func(counties ...string) string {
		var text strings.Builder
		for i, county := range counties {
			fmt.Fprintf(&text, "{\"text\": \"SECRET %d\", \"town\": \"T%d\", \"county\": \"%s\"}\n", i, i%2, county)
		}
		return text.String()
	}
	many := func(n int, county string) []string { return slices.Repeat([]string{county}, n) }
	for name, c := range map[string]struct {
		counties []string
		want     string // "" if single records are bad, or none
		bad      int
	}{
		"a tie":               {slices.Repeat([]string{"A", "A", "B", "B"}, 10), `task place: county doesn't follow town in this file: 20 of 40 records have another county than most with the same town (town "T0" is beside county "A" in 10 of 20 records); leave`, 0},
		"a weak majority":     {slices.Repeat([]string{"A", "A", "A", "A", "B", "B"}, 5), "10 of 30 records", 0},
		"more than a tenth":   {append(many(26, "A"), "B", "B", "B"), "3 of 29 records", 0},
		"just a tenth":        {append(many(27, "A"), "B", "B", "B"), "", 3},
		"few in a small file": {append(many(4, "A"), "B", "B"), "", 2},
		"none":                {slices.Repeat([]string{"A", "B"}, 5), "", 0},
	} {
		path := write(t, "data.jsonl", file(c.counties...))
		for _, skip := range []bool{false, true} {
			r, err := Load(t.Context(), Source{Path: path, Tasks: []tasks.Task{place(t)}, SkipBad: skip})
			var bad *BadRecords
			switch {
			case c.want != "":
				if err == nil || errors.As(err, &bad) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "SECRET") {
					t.Errorf("%s: error %v", name, err)
				}
			case r.Problems.Counts[KindContradiction] != c.bad || skip && err != nil:
				t.Errorf("%s: %d bad records, %v", name, r.Problems.Counts[KindContradiction], err)
			}
		}
	}
}

func TestFollowsWithoutEvidence(t *testing.T) {
	r := mustLoad(t, `{"text": "a", "town": "Kisumu"}`+"\n"+`{"text": "b", "county": "Coast"}`, place(t))
	if want := []string{"task place: county follows town, but no record has labels of both: any will go with any"}; !slices.Equal(r.Warnings, want) {
		t.Errorf("warnings %q", r.Warnings)
	}
	if got := r.Tasks[0].Heads[0].Follows.IDs; !slices.Equal(got, []int{tasks.AnyLabel}) {
		t.Errorf("got %v", got)
	}
	if r := mustLoad(t, towns, place(t)); len(r.Warnings) > 0 {
		t.Errorf("warnings %q", r.Warnings)
	}
}

// A label that the configuration lists and no record has goes with any; one that only
// the following head has is left to those.
func TestListedLabelsWithoutRecords(t *testing.T) {
	task := place(t)
	task.Heads[0].Labels = []string{"Coast", "Kisumu County", "North", "Rift"}
	task.Heads[1].Labels = []string{"Ahero", "Kisumu", "Lodwar", "Mandera", "Nakuru"}
	r := mustLoad(t, towns, task)
	if got, want := r.Tasks[0].Heads[0].Follows.IDs, []int{1, 1, tasks.AnyLabel, tasks.AnyLabel, 3}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// A label that looks like a text isn't shown.
func TestContradictionsShowNoTexts(t *testing.T) {
	long := strings.Repeat("SECRET ", 10)
	_, err := load(t, `{"text": "a", "town": "`+long+`", "county": "A"}`+"\n"+`{"text": "b", "town": "`+long+`", "county": "`+long+`"}`, place(t))
	if err == nil || strings.Contains(err.Error(), "SECRET") || !strings.Contains(err.Error(), "beside town of 70 characters") {
		t.Errorf("error %v", err)
	}
}

// The main category of a sub-category is that of the table, also where the
// configuration lists one that no record has.
func TestMainCategoriesFollowSubCategories(t *testing.T) {
	task := own(t, tasks.Custom{Name: "area", Kind: tasks.MultiClass, Heads: []tasks.Head{
		{Name: "sub", Source: "category", Labels: []string{"Custody", "Gambling", "Bullying", "Albinism"}},
		{Name: "main", Source: "category", Via: tasks.ViaMainCategory, Labels: []string{"Child Maintenance & Custody", UnknownCategory, "Disability", "GBV"}},
	}})
	r := mustLoad(t, `{"text": "a", "category": "Custody"}`+"\n"+`{"text": "b", "category": "Gambling"}`, task)
	// Bullying's main category isn't among the labels, no sub-category is of GBV.
	if got, want := r.Tasks[0].Heads[1].Follows, (&tasks.Follows{Head: "sub", IDs: []int{0, 1, tasks.AnyLabel, 2}}); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestFollowsOfAModelMustFit(t *testing.T) {
	task := place(t)
	task.Heads[0].Follows = &tasks.Follows{Head: "village"}
	if _, err := load(t, towns, task); err == nil || !strings.Contains(err.Error(), "task place: head county follows village: task place has no such head") {
		t.Errorf("error %v", err)
	}
}
