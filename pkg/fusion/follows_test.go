package fusion

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/numbers"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// pairedTasks are a task of cases whose main category follows the sub-category,
// and a user's in which two heads follow a third one.
func pairedTasks(t testing.TB) []tasks.Task {
	t.Helper()
	cls := tasks.CLS(tasks.CaseLabels{
		Main: []string{"GBV", "Unknown", "VANE"}, Sub: []string{"a", "b", "c", "d"}, Intervention: []string{"x", "y"}, Priority: []string{"1", "2", "3"},
	})
	cls.Heads[0].Follows = &tasks.Follows{Head: "sub", IDs: []int{0, 2, 0, 2}} // no sub-category is Unknown
	place, err := tasks.Custom{Name: "place", Kind: tasks.MultiClass, Heads: []tasks.Head{
		{Name: "country", Labels: []string{"KE", "UG"}, Follows: &tasks.Follows{Head: "county", IDs: []int{0, 1, tasks.AnyLabel}}},
		{Name: "town", Labels: []string{"p", "q", "r", "s"}},
		{Name: "county", Labels: []string{"k", "l", "m"}, Follows: &tasks.Follows{Head: "town", IDs: []int{0, 1, 2, 1}}},
	}}.Task()
	if err != nil {
		t.Fatal(err)
	}
	return []tasks.Task{cls, place}
}

// classesOf are what a prediction says of a multiclass task, and its scores.
func classesOf(task tasks.Task, p Prediction) (Fields[string], Fields[Fields[float32]]) {
	if tasks.BuiltIn(task) {
		return p.Classification, p.Scores.Classification
	}
	return p.Tasks.Get(task.Name).Classes, p.Scores.Tasks.Get(task.Name).Heads
}

// Answers are chosen from the logits that the model gives in the same
// precision and in the same windows, however texts are batched; the scores are each
// head's own.
func TestAnswersGoTogether(t *testing.T) {
	p, m := newPredictorOf(t, 5, pairedTasks(t))
	changed := 0
	for _, o := range []PredictOptions{
		{}, {BatchSize: 1}, {BatchSize: 3}, {Overlap: new(4)}, {Precision: torchx.BF16}, {Precision: torchx.INT8}, {Precision: torchx.INT8, BatchSize: 2},
		{Tasks: []string{"place"}}, {Tasks: []string{"cls"}},
	} {
		o.Scores = true
		together := mustPredict(t, p, predictorTexts, o)
		o.IndependentHeads = true
		apart := mustPredict(t, p, predictorTexts, o)
		for _, task := range m.Tasks {
			if o.Tasks != nil && !slices.Contains(o.Tasks, task.Name) {
				continue
			}
			for i := range predictorTexts {
				said, scores := classesOf(task, together[i])
				alone, aloneScores := classesOf(task, apart[i])
				if !reflect.DeepEqual(scores, aloneScores) {
					t.Errorf("%+v: %s: text %d: scores are others with independent heads", o, task.Name, i)
				}
				answer, logits := make([]int, len(task.Heads)), make([][]float32, len(task.Heads))
				for h, head := range task.Heads {
					for _, label := range head.Labels {
						logits[h] = append(logits[h], scores.Get(head.Field).Get(label))
					}
					answer[h] = slices.Index(head.Labels, said.Get(head.Field))
					if want := head.Labels[numbers.Argmax(logits[h])]; alone.Get(head.Field) != want {
						t.Errorf("%+v: text %d: %s is %s by itself, want %s", o, i, head.Field, alone.Get(head.Field), want)
					}
				}
				if !task.Consistent(answer) {
					t.Errorf("%+v: text %d: %v contradicts itself", o, i, said)
				}
				if !slices.Equal(said, alone) {
					changed++
				}
			}
		}
	}
	if changed < 9 {
		t.Errorf("only %d answers are others than those of independent heads", changed)
	}
}

// An answer is the best consistent one of the mean logits of a text's windows.
func TestAnswersAreOfTheLogits(t *testing.T) {
	p, m := newPredictorOf(t, 5, pairedTasks(t))
	for _, precision := range []torchx.Precision{torchx.FP32, torchx.BF16, torchx.INT8} {
		predictions := mustPredict(t, p, predictorTexts, PredictOptions{Scores: true, Precision: precision})
		for _, task := range m.Tasks {
			logits, err := p.TaskLogits(t.Context(), task.Name, predictorTexts, PredictOptions{Precision: precision})
			if err != nil {
				t.Fatal(err)
			}
			for i, l := range logits {
				said, _ := classesOf(task, predictions[i])
				for h, class := range task.Answer(l.Values) {
					if want := task.Heads[h].Labels[class]; said.Get(task.Heads[h].Field) != want {
						t.Errorf("%s, text %d: %s is %s, want %s", precision, i, task.Heads[h].Field, said.Get(task.Heads[h].Field), want)
					}
				}
			}
		}
	}
}

// A folder keeps which labels go together, in config.json and by ids: label_maps.json
// is as without, and labels may get other names.
func TestFollowsAreSaved(t *testing.T) {
	p, m := newPredictorOf(t, 5, pairedTasks(t))
	dir := filepath.Join(t.TempDir(), "model")
	save(t, dir, m, p.tok)
	plain, err := tasks.MarshalLabelMaps(tasks.Independent(m.Tasks))
	if err != nil {
		t.Fatal(err)
	}
	maps, err := os.ReadFile(filepath.Join(dir, LabelMapsFile))
	if err != nil || !bytes.Equal(maps, plain) {
		t.Errorf("label maps %s, %v; want %s", maps, err, plain)
	}
	loaded, tok := mustLoad(t, dir)
	if !reflect.DeepEqual(loaded.Tasks, m.Tasks) {
		t.Errorf("got %+v, want %+v", loaded.Tasks, m.Tasks)
	}
	want := mustPredict(t, p, predictorTexts, PredictOptions{Scores: true})
	if got := mustPredict(t, NewPredictor(loaded, tok), predictorTexts, PredictOptions{Scores: true}); !reflect.DeepEqual(got, want) {
		t.Error("the saved model predicts otherwise")
	}
	remove(t, dir, SafetensorsFile)
	replace(t, filepath.Join(dir, LabelMapsFile), `"VANE"`, `"Violence"`)
	renamed, tok := mustLoad(t, dir)
	for i, got := range mustPredict(t, NewPredictor(renamed, tok), predictorTexts, PredictOptions{}) {
		if was := strings.ReplaceAll(want[i].Classification.Get("main_category"), "VANE", "Violence"); got.Classification.Get("main_category") != was {
			t.Errorf("text %d: main category %s, want %s", i, got.Classification.Get("main_category"), was)
		}
	}
}

// replace replaces a text in a file, wherever it stands.
func replace(t *testing.T, path, was, is string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(data, []byte(was)) {
		t.Fatalf("%s doesn't hold %q", path, was)
	}
	if err := os.WriteFile(path, bytes.ReplaceAll(data, []byte(was), []byte(is)), 0o666); err != nil {
		t.Fatal(err)
	}
}

func TestWrongFollowsAreRefused(t *testing.T) {
	p, m := newPredictorOf(t, 5, pairedTasks(t))
	whole := filepath.Join(t.TempDir(), "model")
	save(t, whole, m, p.tok)
	for name, c := range map[string]struct {
		was, is string
		keep    bool // model.safetensors, which knows what was saved
		want    string
	}{
		"no such head":   {`"head": "sub"`, `"head": "subs"`, false, "config.json: task cls: head main follows subs: task cls has no such head"},
		"a circle":       {`"head": "town"`, `"head": "country"`, false, "config.json: task place: head country follows county: that is a circle"},
		"itself":         {`"head": "sub"`, `"head": "main"`, false, "task cls: head main follows main: that is a circle"},
		"an unknown id":  {compact(`"ids": [0, 2, 0, 2]`), compact(`"ids": [0, 3, 0, 2]`), false, "head main follows sub: id 3 isn't one of -1 to 2"},
		"an id too few":  {compact(`"ids": [0, 2, 0, 2]`), compact(`"ids": [0, 2, 0]`), false, "head main follows sub: 3 ids for the 4 labels of sub"},
		"others":         {compact(`"ids": [0, 2, 0, 2]`), compact(`"ids": [0, 2, 0, 1]`), true, "config.json says otherwise than model.safetensors which labels go together"},
		"others, wanted": {compact(`"ids": [0, 2, 0, 2]`), compact(`"ids": [0, 2, 0, 1]`), false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := copyDir(t, whole)
			config := filepath.Join(dir, ConfigFile)
			data, err := os.ReadFile(config)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(config, []byte(compact(string(data))), 0o666); err != nil {
				t.Fatal(err)
			}
			replace(t, config, compact(c.was), compact(c.is))
			if !c.keep {
				remove(t, dir, SafetensorsFile)
			}
			damaged, _, err := Load(dir, gotch.CPU)
			if err == nil {
				damaged.Drop()
			}
			if got := errorText(err); (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
				t.Errorf("error %q, want %q", got, c.want)
			}
		})
	}
}

func TestNewRefusesWrongFollows(t *testing.T) {
	_, m := newPredictorOf(t, 5, pairedTasks(t))
	a := m.Architecture
	a.Tasks = pairedTasks(t)
	a.Tasks[0].Heads[0].Follows = &tasks.Follows{Head: "sub", IDs: []int{9, 9, 9, 9}}
	if _, err := New(a, gotch.CPU); err == nil || !strings.Contains(err.Error(), "make model: task cls: head main follows sub: id 9 isn't one of -1 to 2") {
		t.Errorf("error %v", err)
	}
}

// compact is JSON without white space; there is none in the tests' strings.
func compact(json string) string { return strings.Join(strings.Fields(json), "") }

// A folder of the Python prototype doesn't say which labels go together: its
// answers are each head's likeliest.
func TestPrototypesHeadsAreIndependent(t *testing.T) {
	m, tok := mustLoad(t, prototype)
	p := NewPredictor(m, tok)
	task, err := tasks.Find(m.Tasks, tasks.CLSName)
	if err != nil || task.Paired() {
		t.Fatalf("%+v, %v", task, err)
	}
	for i, got := range mustPredict(t, p, predictorTexts, PredictOptions{Scores: true}) {
		logits := direct(t, m, p.tok.Encode(string(predictorTexts[i])).Truncate(p.limit))
		for h, head := range task.Heads {
			if want := head.Labels[numbers.Argmax(logits["cls"][h])]; got.Classification.Get(head.Field) != want {
				t.Errorf("text %d: %s is %s, want %s", i, head.Field, got.Classification.Get(head.Field), want)
			}
		}
	}
	again := filepath.Join(t.TempDir(), "again") // as it is saved by us
	save(t, again, m, tok)
	if saved, _ := mustLoad(t, again); saved.Tasks[1].Paired() {
		t.Errorf("saving it makes %+v of its heads", saved.Tasks[1].Heads)
	}
}

func TestPredictClassificationGoesTogether(t *testing.T) {
	p, m := newPredictorOf(t, 5, pairedTasks(t))
	list, err := p.PredictClassification(context.Background(), predictorTexts, PredictOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i, said := range list {
		var answer []int
		for _, head := range m.Tasks[0].Heads {
			answer = append(answer, slices.Index(head.Labels, said.Get(head.Field)))
		}
		if !m.Tasks[0].Consistent(answer) {
			t.Errorf("text %d: %v contradicts itself", i, said)
		}
	}
}
