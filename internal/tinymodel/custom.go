package tinymodel

import (
	"testing"

	"github.com/trident-nlp/trident/pkg/tasks"
)

// Custom are custom tasks: one of each kind, and two token tasks that share a label with
// each other and with ner. Head and label names are easily confused on purpose.
func Custom(t testing.TB) []tasks.Task {
	t.Helper()
	var list []tasks.Task
	for _, own := range []tasks.Custom{
		{Name: "places", Kind: tasks.Token, Labels: []string{"PLACE", "NAME"}},
		{Name: "mood", Kind: tasks.MultiClass, Heads: []tasks.Head{
			{Name: "caller", Labels: []string{"calm", "very upset"}}, {Name: "priority", Labels: []string{"1", "2"}},
		}},
		{Name: "risk_signs", Kind: tasks.MultiLabel, Heads: []tasks.Head{
			{Name: "opening", Labels: []string{"Use of call opening phrase", "weapon"}}, {Name: "needs", Labels: []string{"shelter", "=food"}},
		}},
		{Name: "weapons", Kind: tasks.Token, Labels: []string{"NAME", "WEAPON"}},
	} {
		task, err := own.Task()
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, task)
	}
	return list
}
