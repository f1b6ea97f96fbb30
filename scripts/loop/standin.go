package main

import (
	"errors"
	"slices"

	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/reviews"
	"github.com/trident-nlp/trident/pkg/triage"
)

// truth are a case's labels, by the fields of answers.
func truth(c datasets.CaseRecord) map[string]string {
	return map[string]string{
		"main_category": datasets.MainCategory(c.Category), "sub_category": c.Category,
		"intervention": c.Intervention, "priority": c.Priority,
	}
}

// standIn reviews cases as a person would with serve --reviews --review-texts: of each it
// checks all four classes. It is never wrong, and says nothing of entities and criteria,
// which demo cases don't have.
func standIn(folder string, pool []datasets.CaseRecord, proposals []fusion.Prediction, chosen []int) (err error) {
	store, _, err := reviews.Open(folder, reviews.Options{Texts: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	for _, i := range chosen {
		old := map[string]string{}
		for _, f := range proposals[i].Classification {
			old[f.Name] = f.Value
		}
		r := reviews.Review{
			Record: pool[i].UniqueID, Who: "stand-in",
			Old: reviews.Labels{Classification: old}, New: reviews.Labels{Classification: truth(pool[i])},
		}
		if _, err := store.Add(r, string(pool[i].Narrative)); err != nil {
			return err
		}
	}
	return nil
}

func isCritical(priority string) bool { return triage.Meaning(priority) == triage.Critical }

// isMissed reports whether a case is critical and the model says that it isn't.
func isMissed(c datasets.CaseRecord, said fusion.Prediction) bool {
	return isCritical(c.Priority) && !isCritical(said.Classification.Get("priority"))
}

// worth is what reviews of the chosen cases find.
func worth(pool []datasets.CaseRecord, proposals []fusion.Prediction, chosen []int) (w work) {
	for i, c := range pool {
		missed := isMissed(c, proposals[i])
		if !slices.Contains(chosen, i) {
			if missed {
				w.Left++
			}
			continue
		}
		if isCritical(c.Priority) {
			w.Critical++
		}
		if missed {
			w.Found++
		}
		right := truth(c)
		for _, field := range []string{"sub_category", "intervention", "priority"} {
			if proposals[i].Classification.Get(field) != right[field] {
				w.Wrong++
			}
		}
	}
	return w
}
