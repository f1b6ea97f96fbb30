package datasets

import (
	"reflect"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/pkg/tasks"
)

// place is a user's task in which a county follows a town.
func place(t testing.TB) tasks.Task {
	return own(t, tasks.Own{Name: "place", Kind: tasks.MultiClass, Heads: []tasks.Head{
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
	task := own(t, tasks.Own{Name: "area", Kind: tasks.MultiClass, Heads: []tasks.Head{
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
