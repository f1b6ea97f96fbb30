package run

import (
	"testing"

	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// White space makes no other call: neither where repeated texts are counted, nor where a
// call of another file is looked for among those held out.
func TestSameCallInOtherWhiteSpace(t *testing.T) {
	texts := []datasets.Transcript{"I am Amina.", " I am\u00a0 Amina.\n", "I amAmina.", "I\tam Amina.", "My name is Brian."}
	at := func(records ...int) (list []datasets.Example) {
		for _, n := range records {
			list = append(list, datasets.Example{Record: n})
		}
		return list
	}
	split := datasets.Split{Train: at(1), Val: at(2, 3), Test: at(4, 5)}
	if got, want := findDuplicates(datasets.Records{Texts: texts}, split), (duplicates{repeated: 2, val: 1, test: 1}); got != want {
		t.Errorf("duplicates %+v, want %+v", got, want)
	}

	task := tasks.Task{Name: "ner"}
	d := &data{sources: []source{{set: datasets.Set{Tasks: []tasks.Task{task}}, records: datasets.Records{Texts: texts[1:2]}, split: datasets.Split{Val: at(1)}}}}
	held := newHeldTexts(d)
	for i, want := range []bool{true, true, false, true, false} {
		ex := datasets.Example{Record: i + 1}
		if got := held.of("ner", texts)(ex); got != want || held.of("cls", texts)(ex) {
			t.Errorf("call %d: held out %v, want %v; of a task without data %v", i+1, got, want, held.of("cls", texts)(ex))
		}
	}
}
