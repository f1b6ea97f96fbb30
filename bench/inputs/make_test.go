package inputs

import (
	"reflect"
	"slices"
	"testing"

	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

func testTokenizer(t *testing.T) *tokenize.Tokenizer {
	t.Helper()
	tok, err := tokenize.New([]string{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "b", "##b", "##a", "."}, tokenize.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func testTasks() []tasks.Task {
	two := []string{"x", "y"}
	return []tasks.Task{tasks.NER(tasks.NERLabels()), tasks.CLS(tasks.CaseLabels{Main: two, Sub: two, Intervention: two, Priority: two}), tasks.QA()}
}

func TestMake(t *testing.T) {
	tok, list := testTokenizer(t), testTasks()
	texts := []string{"abba a. ba", "b a abab.", "a"}
	sizes := Sizes{BatchSize: 2, Batches: 3, Calls: 7, Lengths: []int{5, 12}, Repeats: 4, MaxLength: 6}
	in, err := Make(texts, tok, list, sizes)
	if err != nil {
		t.Fatal(err)
	}
	if len(in.Batch) != 7 || in.Batch[6] != texts[0] || !slices.Equal(in.Tokenize, texts) || in.BatchSize != 2 {
		t.Errorf("batch %q", in.Batch)
	}
	for key, tokens := range map[string]int{"5": 5, "12": 12} {
		if len(in.Latency[key]) != 4 {
			t.Errorf("%d texts of %s tokens", len(in.Latency[key]), key)
		}
		for _, text := range in.Latency[key] {
			if got := len(tok.Encode(text).IDs); got != tokens {
				t.Errorf("%q has %d tokens, want %d", text, got, tokens)
			}
		}
	}
	for i, task := range in.Train {
		if task.Name != list[i].Name || len(task.Examples) != 6 {
			t.Errorf("task %s has %d examples", task.Name, len(task.Examples))
		}
		for _, ex := range task.Examples {
			checkExample(t, list[i], ex, sizes.MaxLength)
		}
	}
	dir := t.TempDir()
	if err := in.Write(dir); err != nil {
		t.Fatal(err)
	}
	if back, err := Read(dir); err != nil || !reflect.DeepEqual(back, in) {
		t.Errorf("read back %+v, %v", back, err)
	}
}

func checkExample(t *testing.T, task tasks.Task, ex Example, limit int) {
	t.Helper()
	n := len(ex.IDs)
	if n > limit || ex.IDs[0] != 2 || ex.IDs[n-1] != 3 {
		t.Errorf("ids %v", ex.IDs)
	}
	switch task.Kind {
	case tasks.Token:
		if len(ex.Classes) != n || ex.Classes[0] != tasks.IgnoreToken || ex.Classes[n-1] != tasks.IgnoreToken {
			t.Errorf("classes %v of %d tokens", ex.Classes, n)
		}
		for i, id := range ex.IDs[1 : n-1] {
			class := ex.Classes[i+1]
			if continued := id == 6 || id == 7; continued != (class == tasks.IgnoreToken) || class >= int64(len(task.Heads[0].Labels)) {
				t.Errorf("token %d has class %d", id, class)
			}
		}
	case tasks.MultiClass:
		if len(ex.Classes) != len(task.Heads) || slices.Max(ex.Classes) > 1 || slices.Min(ex.Classes) < 0 {
			t.Errorf("classes %v", ex.Classes)
		}
	case tasks.MultiLabel:
		for i, head := range task.Heads {
			if len(ex.Flags[i]) != len(head.Labels) || slices.Max(ex.Flags[i]) > 1 || slices.Min(ex.Flags[i]) < 0 {
				t.Errorf("flags %v", ex.Flags)
			}
		}
	}
}

func TestMakeRefuses(t *testing.T) {
	for name, texts := range map[string][]string{"no texts": nil, "texts without tokens": {"", " "}} {
		if _, err := Make(texts, testTokenizer(t), testTasks(), Sizes{BatchSize: 1, Batches: 1, Lengths: []int{5}, Repeats: 1, MaxLength: 6}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	if _, err := Read(t.TempDir()); err == nil {
		t.Error("no file, no error")
	}
}
