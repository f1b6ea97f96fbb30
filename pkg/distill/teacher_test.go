package distill

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/pkg/tasks"
)

// changed is the second of the test tasks, CLS, with other heads.
func changed(change func(heads []tasks.Head) []tasks.Head) tasks.Task {
	task := testTasks()[1]
	task.Heads = change(slices.Clone(task.Heads))
	return task
}

func TestOpen(t *testing.T) {
	dir := teacherDir(t, cased(t), 1, 16, testTasks()...)
	for _, task := range testTasks() {
		teacher := open(t, dir, task)
		for h, head := range task.Heads {
			for i, at := range teacher.order[h] {
				if at != i {
					t.Errorf("head %s: label %d is the teacher's %d", head.Name, i, at)
				}
			}
		}
		if teacher.Model() == nil || len(teacher.order) != len(task.Heads) {
			t.Errorf("task %s: orders of %d heads", task.Name, len(teacher.order))
		}
	}

	task := changed(func(heads []tasks.Head) []tasks.Head {
		heads[0].Labels = []string{"c", "a", "b"}
		return heads
	})
	if got, want := open(t, dir, task).order, [][]int{{2, 0, 1}, {0, 1}, {0, 1}, {0, 1}}; !reflect.DeepEqual(got, want) {
		t.Errorf("orders of permuted labels %v, want %v", got, want)
	}
	// Layouts may differ: the names of parameters, the pooling, where labels stand.
	task = changed(func(heads []tasks.Head) []tasks.Head {
		heads[0].Param, heads[0].Source = "other", "elsewhere"
		return heads
	})
	task.Pooling = tasks.CLSPooling
	open(t, dir, task)
}

func TestOpenRefuses(t *testing.T) {
	dir := teacherDir(t, cased(t), 1, 16, testTasks()...)
	alone := teacherDir(t, cased(t), 1, 16, tasks.QA())
	ofKind := tasks.QA()
	ofKind.Name = tasks.CLSName
	for name, test := range map[string]struct {
		dir  string
		task tasks.Task
		want string
	}{
		"no such task": {alone, testTasks()[0], `teacher of ner: ` + alone + `: teacher and student don't fit: no task "ner" in this model; it has [qa]`},
		"other kind":   {dir, ofKind, "a multiclass task of 4 heads for a multilabel task of 6"},
		"fewer heads":  {dir, changed(func(h []tasks.Head) []tasks.Head { return h[:3] }), "a multiclass task of 4 heads for a multiclass task of 3"},
		"other head": {dir, changed(func(h []tasks.Head) []tasks.Head {
			h[1].Name = "mood"
			return h
		}), "head sub of 2 labels for head mood of 2"},
		"more labels": {dir, changed(func(h []tasks.Head) []tasks.Head {
			h[0].Labels = append(slices.Clone(h[0].Labels), "z")
			return h
		}), `head main of 3 labels for head main of 4; the teacher doesn't know "z"`},
		"fewer labels": {dir, changed(func(h []tasks.Head) []tasks.Head {
			h[0].Labels = []string{"b"}
			return h
		}), `head main of 3 labels for head main of 1; the student doesn't know "a", "c"`},
		"missing label": {dir, changed(func(h []tasks.Head) []tasks.Head {
			h[0].Labels = []string{"a", "b", "z"}
			return h
		}), `head main: the teacher doesn't know label "z"`},
	} {
		t.Run(name, func(t *testing.T) {
			before := len(ts.ExistingTensors)
			_, err := Open(test.dir, test.task, gotch.CPU)
			if !errors.Is(err, ErrMismatch) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want ErrMismatch with %q", err, test.want)
			}
			if unloaded := Check(test.dir, test.task); !errors.Is(unloaded, ErrMismatch) || unloaded.Error() != err.Error() {
				t.Errorf("without loading it: error %v, want %v", unloaded, err)
			}
			if got := len(ts.ExistingTensors); got > before {
				t.Errorf("%d tensors left after an error", got-before)
			}
		})
	}
}

func TestOpenNoModel(t *testing.T) {
	empty := t.TempDir()
	for _, dir := range []string{empty, filepath.Join(empty, "nowhere")} {
		_, err := Open(dir, tasks.QA(), gotch.CPU)
		if err == nil || errors.Is(err, ErrMismatch) || !strings.Contains(err.Error(), "teacher of qa: load model "+dir+": not a model directory") {
			t.Fatalf("error %v", err)
		}
		if unloaded := Check(dir, tasks.QA()); unloaded == nil || unloaded.Error() != err.Error() {
			t.Errorf("without loading it: error %v, want %v", unloaded, err)
		}
	}
	dir := teacherDir(t, cased(t), 1, 16, tasks.QA())
	if err := os.Remove(filepath.Join(dir, "label_maps.json")); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, tasks.QA(), gotch.CPU); err == nil || !strings.Contains(err.Error(), "label_maps.json") {
		t.Errorf("error %v", err)
	}
}

func TestSharesTokens(t *testing.T) {
	teacher := open(t, teacherDir(t, cased(t), 1, 16, tasks.QA()), tasks.QA())
	for name, test := range map[string]struct {
		err  error
		want string
	}{
		"the same":     {teacher.SharesTokens(cased(t), 16, 16), ""},
		"shorter":      {teacher.SharesTokens(cased(t), 16, 8), ""},
		"tokenizer":    {teacher.SharesTokens(uncased(t), 16, 16), "it has another tokenizer"},
		"hidden size":  {teacher.SharesTokens(cased(t), 32, 16), "its hidden states have 16 dimensions, the student's 32"},
		"longer texts": {teacher.SharesTokens(cased(t), 16, 17), "it reads 16 tokens, the student 17"},
	} {
		t.Run(name, func(t *testing.T) {
			switch {
			case test.want == "":
				if test.err != nil {
					t.Errorf("error %v", test.err)
				}
			case !errors.Is(test.err, ErrMismatch) || !strings.Contains(test.err.Error(), test.want) || !strings.Contains(test.err.Error(), "hidden_weight"):
				t.Errorf("error %v, want ErrMismatch with %q", test.err, test.want)
			}
		})
	}
}

// A model that tags words teaches no names of entities.
func TestOpenRefusesTags(t *testing.T) {
	dir := teacherDir(t, cased(t), 1, 16, tasks.NER([]string{"O", "B-NAME", "I-NAME", "B-AGE", "I-AGE"}))
	_, err := Open(dir, tasks.NER([]string{"O", "NAME", "AGE"}), gotch.CPU)
	if want := "the teacher labels words with tags (O, B-NAME, I-NAME, B-AGE, I-AGE)"; !errors.Is(err, ErrMismatch) || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v\nwant %s", err, want)
	}
}
