package tasks

import (
	"reflect"
	"testing"
)

func TestPooled(t *testing.T) {
	qa, cls := QA(), CLS(CaseLabels{Main: []string{"a", "b"}})
	for _, test := range []struct {
		task  Task
		by    Pooling
		want  Pooling
		param string
		each  []int
	}{
		{qa, NoPooling, AttentionPooling, "qa_attention.attention", nil},
		{qa, AttentionPooling, AttentionPooling, "qa_attention.attention", nil},
		{qa, CLSPooling, CLSPooling, "", nil},
		{qa, LabelAttentionPooling, LabelAttentionPooling, "qa_attention.attention", []int{1, 5, 3, 5, 2, 1}},
		{cls, LabelAttentionPooling, LabelAttentionPooling, "cls_attention.attention", []int{1, 1, 1, 1}},
		{SingleQA(), AttentionPooling, AttentionPooling, "qa_attention.attention", nil},
	} {
		got, err := test.task.Pooled(test.by)
		if err != nil || got.Pooling != test.want || got.PoolParam != test.param || !reflect.DeepEqual(got.Attentions(), test.each) {
			t.Errorf("%s by %q: %q with %q, attentions %v, error %v", test.task.Name, test.by, got.Pooling, got.PoolParam, got.Attentions(), err)
		}
	}
	if again, err := qa.Pooled(NoPooling); err != nil || !reflect.DeepEqual(again, qa) {
		t.Errorf("the built-in task by default: %+v, %v", again, err)
	}
	if _, err := NER(NERLabels()).Pooled(AttentionPooling); err == nil {
		t.Error("a token task pools")
	}
}

func TestContinuedAttentions(t *testing.T) {
	flags := func(by Pooling, labels ...string) Task {
		task, err := Custom{Name: "topics", Kind: MultiLabel, Pooling: by, Heads: []Head{{Name: "about", Labels: labels}, {Name: "after", Labels: []string{"a"}}}}.Task()
		if err != nil {
			t.Fatal(err)
		}
		return task
	}
	shared, old := flags(AttentionPooling, "a", "b"), flags(LabelAttentionPooling, "a", "b", "c")
	for _, test := range []struct {
		task, other Task
		want        map[int]int
	}{
		{shared, shared, map[int]int{0: 0}},
		{old, shared, map[int]int{0: 0, 1: 0, 2: 0, 3: 0}},
		{flags(LabelAttentionPooling, "c", "new", "a"), old, map[int]int{0: 2, 2: 0, 3: 3}},
	} {
		if got := test.task.ContinuedAttentions(test.other); !reflect.DeepEqual(got, test.want) {
			t.Errorf("%v: rows %v, want %v", test.task.Heads[0].Labels, got, test.want)
		}
	}
}
