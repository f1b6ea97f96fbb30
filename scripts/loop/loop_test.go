package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/reviews"
)

func answers(intervention, priority string) fusion.Prediction {
	return fusion.Prediction{Classification: fusion.Fields[string]{
		{Name: "main_category", Value: datasets.MainCategory("Custody")}, {Name: "sub_category", Value: "Custody"},
		{Name: "intervention", Value: intervention}, {Name: "priority", Value: priority},
	}}
}

func TestStandIn(t *testing.T) {
	t.Parallel()
	pool := []datasets.CaseRecord{
		{UniqueID: "a", Narrative: "one", Category: "Neglect", Intervention: "Referral", Priority: "1"},
		{UniqueID: "b", Narrative: "two", Category: "Custody", Intervention: "Referral", Priority: "1"},
		{UniqueID: "c", Narrative: "three", Category: "Custody", Intervention: "Referral", Priority: "1"},
		{UniqueID: "d", Narrative: "four", Category: "Custody", Intervention: "Referral", Priority: "3"},
	}
	said := []fusion.Prediction{answers("Referral", "2"), answers("Counselling", "1"), answers("Referral", "3"), answers("Referral", "3")}
	chosen := []int{1, 0}
	if got, want := worth(pool, said, chosen), (work{Wrong: 3, Critical: 2, Found: 1, Left: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	folder := filepath.Join(t.TempDir(), "reviews")
	if err := standIn(folder, pool, said, chosen); err != nil {
		t.Fatal(err)
	}
	loaded, err := reviews.Load(folder)
	if err != nil || len(loaded.Reviews) != 2 {
		t.Fatal(err, len(loaded.Reviews))
	}
	r := loaded.Reviews[1]
	if loaded.Texts[r.Call] != "one" || r.New.Classification["priority"] != "1" || r.Old.Classification["priority"] != "2" || r.Record != "a" {
		t.Errorf("the second review is %+v", r)
	}
}

func TestSameUpdates(t *testing.T) {
	t.Parallel()
	// 600 calls are 30 steps, 660 are 33.
	tr := trial{plan: plan{Calls: 250, Reviews: 60, Epochs: 11}}
	if got := tr.epochsLike(11 * 30); got != 10 {
		t.Errorf("%d epochs, want 10", got)
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	one := func(seed uint64, up float64) result {
		score := func(v float64) map[string]float64 { return map[string]float64{"cls acc_main": v} }
		return result{Plan: plan{Seed: seed, Pool: 300, Reviews: 60, Test: 500}, Arms: map[string]arm{
			before: {Scores: score(0.5)}, random: {Scores: score(0.5 + up), Work: work{Wrong: 3}}, queue: {Scores: score(0.5 + 2*up), Work: work{Wrong: 5}},
		}}
	}
	got := table([]result{one(1, 0.1), one(2, 0.1)})
	for _, want := range []string{
		"60 of 300 cases reviewed; 2 seeds; tested on 500 unseen cases",
		"| main category, accuracy | 0.500 ± 0.000 | 0.600 ± 0.000 | 0.700 ± 0.000 | +0.100 ± 0.000 | +0.200 ± 0.000 | +0.100 ± 0.000 |",
		"| labels corrected | – | 3.0 ± 0.0 | 5.0 ± 0.0 | – | – | +2.0 ± 0.0 |",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the table lacks %q:\n%s", want, got)
		}
	}
}
