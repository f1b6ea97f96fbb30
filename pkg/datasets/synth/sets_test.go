package synth_test

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/datasets/synth"
)

// set is all that a configuration makes.
type set struct {
	ner   []datasets.NERRecord
	cases []datasets.CaseRecord
	qa    []datasets.QARecord
}

func collect(o synth.Options) set {
	return set{slices.Collect(synth.NER(o)), slices.Collect(synth.Cases(o)), slices.Collect(synth.QA(o))}
}

var fullSet = sync.OnceValue(func() set { return collect(synth.Defaults()) })

var shortSet = sync.OnceValue(func() set {
	return collect(synth.Options{NER: 1000, Cases: 2400, QA: 1200, Seed: 42, Short: true})
})

// texts gives the transcripts of the three kinds.
func (s set) texts() (ner, cases, qa []string) {
	for _, r := range s.ner {
		ner = append(ner, string(r.Text))
	}
	for _, r := range s.cases {
		cases = append(cases, string(r.Narrative))
	}
	for _, r := range s.qa {
		qa = append(qa, string(r.Text))
	}
	return ner, cases, qa
}

func (s set) all() []string {
	ner, cases, qa := s.texts()
	return slices.Concat(ner, cases, qa)
}

// counts of each label of the cases, by head.
func (s set) labels() (mains, subs, interventions, priorities map[string]int) {
	mains, subs, interventions, priorities = map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}
	for _, r := range s.cases {
		mains[datasets.MainCategory(r.Category)]++
		subs[r.Category]++
		interventions[r.Intervention]++
		priorities[r.Priority]++
	}
	return mains, subs, interventions, priorities
}

func TestDefaultSizesAndLabels(t *testing.T) {
	s := fullSet()
	if len(s.ner) != 2000 || len(s.cases) != 9996 || len(s.qa) != 4996 {
		t.Fatalf("made %d, %d and %d records", len(s.ner), len(s.cases), len(s.qa))
	}
	mains, subs, interventions, priorities := s.labels()
	if len(mains) != 8 || len(subs) != 77 || len(interventions) != 16 || len(priorities) != 3 {
		t.Errorf("%d main, %d sub-categories, %d interventions, %d priorities; want 8, 77, 16, 3",
			len(mains), len(subs), len(interventions), len(priorities))
	}
	if got := slices.Sorted(maps.Keys(subs)); !slices.Equal(got, datasets.SubCategories()) {
		t.Errorf("sub-categories are %q", got)
	}
	if got := slices.Sorted(maps.Keys(interventions)); !slices.Equal(got, slices.Sorted(slices.Values(datasets.Interventions()))) {
		t.Errorf("interventions are %q", got)
	}
	if got := slices.Sorted(maps.Keys(priorities)); !slices.Equal(got, []string{"1", "2", "3"}) {
		t.Errorf("priorities are %q", got)
	}
	entities := map[string]int{}
	for _, r := range s.ner {
		for _, e := range r.Entities {
			entities[e.Label]++
		}
	}
	for _, label := range strings.Fields("NAME LOCATION VICTIM AGE GENDER INCIDENT_TYPE PERPETRATOR PHONE_NUMBER LANDMARK") {
		if entities[label] < 800 {
			t.Errorf("%s occurs %d times", label, entities[label])
		}
	}
	if len(entities) != 9 {
		t.Errorf("entity labels are %v", entities)
	}
}

// Classes are unbalanced, but none is too rare to be learned.
func TestBalance(t *testing.T) {
	mains, subs, interventions, priorities := fullSet().labels()
	for _, c := range []struct {
		head     string
		counts   map[string]int
		rarest   int
		leastGap float64 // between the most and the least frequent
	}{
		{"main category", mains, 400, 3}, {"sub-category", subs, 40, 4}, {"intervention", interventions, 200, 3}, {"priority", priorities, 2000, 1.1},
	} {
		least, most := slices.Min(slices.Collect(maps.Values(c.counts))), slices.Max(slices.Collect(maps.Values(c.counts)))
		if least < c.rarest || float64(most) < c.leastGap*float64(least) {
			t.Errorf("%s: from %d to %d records a label", c.head, least, most)
		}
	}
}

// A small set has what the quickstart must learn.
func TestSmallSetCoverage(t *testing.T) {
	for _, short := range []bool{true, false} {
		s := collect(synth.Options{NER: 600, Cases: 2400, QA: 1200, Seed: 42, Short: short})
		mains, subs, interventions, priorities := s.labels()
		if len(mains) != 8 || len(subs) != 77 || len(interventions) != 16 || len(priorities) != 3 {
			t.Errorf("short %t: %d/%d/%d/%d labels", short, len(mains), len(subs), len(interventions), len(priorities))
		}
		if least := slices.Min(slices.Collect(maps.Values(subs))); least < 8 {
			t.Errorf("short %t: the rarest sub-category has %d records", short, least)
		}
	}
}

func TestSmallerSetIsBeginning(t *testing.T) {
	large, small := fullSet(), collect(synth.Options{NER: 30, Cases: 40, QA: 50, Seed: synth.DefaultSeed})
	for _, pair := range [][2]any{
		{large.ner[:30], small.ner}, {large.cases[:40], small.cases}, {large.qa[:50], small.qa},
	} {
		a, errA := json.Marshal(pair[0])
		b, errB := json.Marshal(pair[1])
		if err := cmp.Or(errA, errB); err != nil {
			t.Fatal(err)
		}
		if string(a) != string(b) {
			t.Errorf("%T: a smaller set isn't the beginning of the larger one", pair[0])
		}
	}
}

func TestSeedsAndRecordsDiffer(t *testing.T) {
	other := collect(synth.Options{NER: 200, Seed: 43})
	seen := map[string]bool{}
	for _, r := range slices.Concat(fullSet().ner, other.ner) {
		if seen[string(r.Text)] {
			t.Fatal("two records have the same text")
		}
		seen[string(r.Text)] = true
	}
}

func TestCaseFields(t *testing.T) {
	for i, r := range fullSet().cases {
		empty := r.UniqueID == "" || r.StartDate == "" || r.StartTime == "" || r.Victim.Gender == "" || r.Victim.FirstName == "" ||
			r.Victim.Age == "" || r.Reporter.Gender == "" || r.Reporter.Relationship == "" || r.Perpetrator.Age == "" ||
			r.County == "" || r.Counselor == "" || r.Narrative == ""
		if empty {
			t.Fatalf("case %d lacks a field", i)
		}
	}
}
