package run

import (
	"errors"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/configs"
	"github.com/trident-nlp/trident/pkg/config"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/trainer"
)

// taughtSmall is a run as small makes it, whose teachers are to be trained. Two of its
// tasks share the cases' file.
func taughtSmall(t *testing.T) config.Config {
	t.Helper()
	small(t) // changes to a folder of its own
	c, err := config.Parse(configs.Quickstart, []string{
		"task=distill", "backbone.size={dim: 16, layers: 1, heads: 2, hidden_dim: 32}", "data.generate={ner: 30, cases: 60, qa: 30, short: true, seed: 1}",
		"tokenizer={vocab_size: 600, max_length: 200, truncation: false, long: truncate}", "training.num_epochs=1", "training.threads=1", "training.batch_size=8",
		"data.test_size=0.2", "data.validation_size=0.2", "data.stratify=priority", "mlflow.enabled=false",
		"tasks=[{use: ner}, {use: cls, loss_weight: 3}, {use: qa}, {name: reporter, kind: multiclass, file: data/quickstart/cases_generated_data_v0005.json, text: narrative, pooling: cls, heads: [{name: gender, field: reporter.gender}]}]",
		"distill={train_teachers: true, cache_dir: cache, teachers: {ner: {model: ner}, cls: {model: cls, alpha: 0}, reporter: {model: reporter}}}",
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A teacher trains on what its student trains on, and on nothing that its student holds
// out, also where the student's tasks share a file.
func TestTeachersShareTheSplit(t *testing.T) {
	c := taughtSmall(t)
	r := &Run{config: c, options: Options{Device: "cpu"}.complete()}
	if err := r.prepare(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	records := func(examples []datasets.Example) []int {
		var list []int
		for _, ex := range examples {
			list = append(list, ex.Record)
		}
		return list
	}
	for _, task := range []string{"ner", "cls", "reporter"} {
		whole, at := r.data.find(task)
		run, err := r.teacherRun(missingTeacher{Task: task})
		if err != nil {
			t.Fatal(err)
		}
		if names := tasks.Names(run.data.tasks()); len(run.data.sources) != 1 || !slices.Equal(names, []string{task}) {
			t.Fatalf("%s: the teacher learns %v", task, names)
		}
		alone := run.data.sources[0]
		if removed := whole.set.Filters[at].Removed(); removed == 0 || alone.set.Filters[0].Removed() != removed {
			t.Errorf("%s: %d records are too long for the teacher, %d for its student; want as many, and some", task, alone.set.Filters[0].Removed(), removed)
		}
		trained := records(alone.train.Examples)
		for share, pair := range map[string][2][]datasets.Example{
			"training":   {alone.train.Examples, whole.train.Examples},
			"validation": {alone.val.Examples, whole.val.Examples},
			"test":       {alone.test.Examples, whole.test.Examples},
		} {
			got, want := records(pair[0]), records(pair[1])
			if len(want) == 0 || !slices.Equal(got, want) {
				t.Errorf("%s: the teacher's %s records are %v, its student's %v", task, share, got, want)
			}
			if share != "training" && slices.ContainsFunc(want, func(record int) bool { return slices.Contains(trained, record) }) {
				t.Errorf("%s: the teacher trains on records of its student's %s", task, share)
			}
			for i, ex := range pair[0] {
				if len(ex.Labels) != 1 || !slices.Equal(ex.Labels[0].Classes, pair[1][i].Labels[at].Classes) || len(pair[1][i].Labels) != len(whole.set.Tasks) {
					t.Fatalf("%s: record %d has labels %v for the teacher", task, ex.Record, ex.Labels)
				}
			}
		}
		if run.data.tokenizer != r.data.tokenizer {
			t.Errorf("%s: the teacher has a tokenizer of its own", task)
		}
	}
}

// A teacher has its student's settings, but for those of other tasks.
func TestTeacherConfig(t *testing.T) {
	student := config.Default(config.TaskDistill)
	student.Distill = config.Distill{TrainTeachers: true, Teachers: map[string]config.Teacher{
		"ner": {Model: config.Paths{"a"}, Alpha: 0.5, Temperature: 2}, "qa": {Model: config.Paths{"b"}, Alpha: 0.5, Temperature: 2},
	}}
	student.Backbone.Heads = config.HeadsKeep
	student.Training.LabelSmoothing, student.Training.NumEpochs, student.Training.Seed = 0.1, 7, 9
	student.Training.LossWeights = config.LossWeights{ByTask: map[string]float64{"ner": 5}}
	student.Training.ClassWeights = map[string]config.ClassWeights{"ner": {Balanced: true}, "cls/sub": {Balanced: true}}
	for _, test := range []struct {
		best      string
		task      tasks.Task
		wantBest  string
		smoothing float64
		weighed   []string
	}{
		{config.BestLoss, tasks.NER(tasks.NERLabels()), config.BestLoss, 0.1, []string{"ner"}},
		{"val_ner/entity_f1", tasks.NER(tasks.NERLabels()), "val_ner/entity_f1", 0.1, []string{"ner"}},
		{"val_ner/entity_f1", tasks.QA(), config.BestAvg, 0, nil},
		{"val/ner_f1", tasks.QA(), config.BestAvg, 0, nil},
		{"val/loss_qa", tasks.QA(), "val/loss_qa", 0, nil},
	} {
		student.Training.MetricForBestModel = test.best
		c := teacherConfig(student, test.task, missingTeacher{Task: test.task.Name})
		if err := c.Validate(); err != nil {
			t.Error(err)
		}
		weighed := slices.Sorted(maps.Keys(c.Training.ClassWeights))
		if names := c.TaskNames(); !slices.Equal(names, []string{test.task.Name}) || c.Output.ModelDir != student.Distill.Teachers[test.task.Name].Model[0] || c.Backbone.Heads != config.HeadsNew ||
			c.MLflow.RunName != "distill_train-teacher-"+test.task.Name || c.Training.NumEpochs != 7 || c.Training.Seed != 9 || (c.Training.LossWeights.ByTask != nil || c.Training.LossWeights.Rule != "") ||
			c.Training.MetricForBestModel != test.wantBest || c.Training.LabelSmoothing != test.smoothing || !slices.Equal(weighed, test.weighed) {
			t.Errorf("%s, best by %s: %+v", test.task.Name, test.best, c)
		}
	}
	if len(student.Training.ClassWeights) != 2 || student.Training.LossWeights.ByTask["ner"] != 5 {
		t.Errorf("the student's settings have changed: %+v", student.Training)
	}
}

// A program trains teachers and student through Open and Fit, as cmd/train does. The
// teachers' folders are locked from Open to Close. A teacher of alpha 0 isn't needed.
func TestOpenLocksTeachers(t *testing.T) {
	c := taughtSmall(t)
	var out strings.Builder
	r, err := Open(t.Context(), c, Options{Device: "cpu", Out: &out})
	if err != nil {
		t.Fatal(err)
	}
	other := c
	other.Output.ModelDir = "other"
	if second, err := Open(t.Context(), other, Options{Device: "cpu"}); err == nil || !strings.Contains(err.Error(), "teacher of ner") || !strings.Contains(err.Error(), "another training is using it") || !strings.Contains(err.Error(), "or set another distill.teachers.ner.model") {
		t.Errorf("a second run with the same teachers: error %v", err)
		if err == nil {
			second.Close()
		}
	}
	r.Close()
	if entries, err := os.ReadDir("."); err != nil || slices.ContainsFunc(entries, func(e os.DirEntry) bool { return strings.HasSuffix(e.Name(), ".run") }) {
		t.Errorf("a closed run left %v, error %v", entries, err)
	}
	if r, err = Open(t.Context(), c, Options{Device: "cpu", Out: &out}); err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := r.Fit(t.Context()); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]bool{"ner": true, "cls": false, "reporter": true, "models/quickstart": true} {
		if _, err := os.Stat(dir + "/model.safetensors"); (err == nil) != want {
			t.Errorf("%s is trained: %v, want %v", dir, err == nil, want)
		}
	}
	if text := out.String(); !strings.Contains(text, "Model 2 of 3: teacher of reporter") || !strings.Contains(text, "Model 3 of 3: student") {
		t.Errorf("it says %s", text)
	}

	// A finished run can't be resumed, and its teachers aren't asked again to find out.
	out.Reset()
	c.Training.LearningRate /= 2
	if again, err := Open(t.Context(), c, Options{Device: "cpu", Out: &out, Resume: true}); !errors.Is(err, trainer.ErrNoState) || strings.Contains(out.String(), "speaks of") {
		t.Errorf("a finished run is resumed: error %v, %s", err, out.String())
		if err == nil {
			again.Close()
		}
	}
}
