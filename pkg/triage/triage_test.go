package triage

import (
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
)

func priority(p ...float64) *Priority {
	return &Priority{"cls", "priority", []string{"1", "2", "3"}, p}
}

func TestAssess(t *testing.T) {
	doubtful := []Answer{
		{"cls", "main_category", "GBV", 0.4}, {"cls", "priority", "1", 0.2},
		{"qa", "opening", "Use of call opening phrase", 0.5},
	}
	for _, test := range []struct {
		name string
		call Call
		cost float64
		want []Reason
	}{
		{"nothing is said", Call{}, 1, []Reason{}},
		{"no priority", Call{Answers: doubtful[2:]}, 1.5, []Reason{{Doubt, "qa", "opening", "Use of call opening phrase", 0.5, 0.5}}},
		{"sure", Call{Priority: priority(1, 0, 0), Answers: []Answer{{"cls", "priority", "1", 0}}}, 10,
			[]Reason{{Urgency, "cls", "priority", "1", 1, 10}}},
		// urgency 0.8·10 + 0.1·3 + 0.1·1 = 8.4; doubt (0.3 + 0.5) / 2 = 0.4
		{"doubtful", Call{Priority: priority(0.8, 0.1, 0.1), Answers: doubtful}, 8.4 * 1.4, []Reason{
			{Urgency, "cls", "priority", "1", 0.8, 8.4},
			{Doubt, "qa", "opening", "Use of call opening phrase", 0.5, 8.4 * 0.25},
			{Doubt, "cls", "main_category", "GBV", 0.6, 8.4 * 0.1},
			{Doubt, "cls", "priority", "1", 0.8, 8.4 * 0.05},
		}},
		// a small probability of critical may be what costs most
		{"perhaps critical", Call{Priority: priority(0.2, 0, 0.8)}, 2.8, []Reason{{Urgency, "cls", "priority", "1", 0.2, 2.8}}},
	} {
		got := Assess(test.call)
		if math.Abs(got.Cost-test.cost) > 1e-12 || len(got.Reasons) != len(test.want) {
			t.Errorf("%s: %+v, want %g for %+v", test.name, got, test.cost, test.want)
			continue
		}
		for i, r := range got.Reasons {
			want := test.want[i]
			if math.Abs(r.Cost-want.Cost) > 1e-12 || math.Abs(r.Probability-want.Probability) > 1e-12 {
				t.Errorf("%s: reason %d is %+v, want %+v", test.name, i, r, want)
			}
			r.Cost, r.Probability, want.Cost, want.Probability = 0, 0, 0, 0
			if r != want {
				t.Errorf("%s: reason %d is %+v, want %+v", test.name, i, r, want)
			}
		}
	}
}

// TestCriticalFirst checks that doubt never puts a call before one that is surely more
// urgent.
func TestCriticalFirst(t *testing.T) {
	answers := func(wrong float64) []Answer { return []Answer{{"cls", "priority", "", wrong}, {"ner", "", "", wrong}} }
	order := []Call{
		{priority(1, 0, 0), answers(0.5)}, {priority(1, 0, 0), answers(0)},
		{priority(0, 1, 0), answers(1)}, {priority(0, 1, 0), answers(0)},
		{priority(0, 0, 1), answers(1)}, {priority(0, 0, 1), answers(0)},
	}
	var reviews []*Review
	for _, c := range order {
		r := Assess(c)
		reviews = append(reviews, &r)
	}
	for i, ranked := range Queue(reviews) {
		if ranked.Index != i {
			t.Errorf("place %d: call %d", i, ranked.Index)
		}
	}
}

func TestQueue(t *testing.T) {
	a, b, c := &Review{Cost: 2}, &Review{Cost: 5}, &Review{Cost: 2}
	got := Queue([]*Review{nil, a, b, nil, c})
	want := []Ranked{{2, b}, {1, a}, {4, c}, {0, nil}, {3, nil}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestQueueDoesNotDependOnOrder checks that calls keep their order among those of the same
// cost, whatever else is in the list.
func TestQueueDoesNotDependOnOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var reviews []*Review
	for range 200 {
		reviews = append(reviews, &Review{Cost: float64(rng.IntN(5))})
	}
	list := Queue(reviews)
	if !slices.IsSortedFunc(list, func(a, b Ranked) int {
		if a.Review.Cost != b.Review.Cost {
			return int(b.Review.Cost - a.Review.Cost)
		}
		return a.Index - b.Index
	}) {
		t.Error("not ordered by cost, then place in the list")
	}
}

// TestQueueOfEqualCosts: what a batch changes in the last digits changes no order.
func TestQueueOfEqualCosts(t *testing.T) {
	list := Queue([]*Review{{Cost: 7.673680105}, {Cost: 7.673680164}, {Cost: 7.6738}})
	if list[0].Index != 2 || list[1].Index != 0 || list[2].Index != 1 {
		t.Errorf("order %v", list)
	}
}
