package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/trident-nlp/trident/internal/goldentest"
)

// taught are settings of a short run that trains its three teachers first, then the
// student, in the folders ner, cls, qa and student.
func taught(more ...string) []string {
	return with(append([]string{
		"task=distill", "distill={train_teachers: true, cache_dir: cache, teachers: {ner: {model: ner}, cls: {model: cls}, qa: {model: qa}}}",
		"output.model_dir=student", "training.learning_rate=1e-2", "backbone.dropout=0.1", "training.early_stopping_patience=0", "mlflow.run_name=calls",
	}, more...)...)
}

// trainedModels are the models of such a run.
var trainedModels = []string{"ner", "cls", "qa", "student"}

// sameModels compares the weights of the models in two folders.
func sameModels(t *testing.T, got, want string, limit float64, names ...string) {
	t.Helper()
	for _, name := range names {
		a := goldentest.Open(t, filepath.Join(got, name, "model.safetensors"))
		b := goldentest.Open(t, filepath.Join(want, name, "model.safetensors"))
		if !slices.Equal(a.Names(), b.Names()) {
			t.Errorf("%s: tensors %v, want %v", name, a.Names(), b.Names())
			continue
		}
		for _, param := range a.Names() {
			if d := goldentest.Compare(a.Float32s(param), b.Float32s(param)).Max; !(d <= limit) {
				t.Errorf("%s: %s differs by %.1e, limit %.0e", name, param, d, limit)
			}
		}
	}
}

// heldOut lists the held-out records of a task in a model's folder, with their share.
func heldOut(t *testing.T, dir, task string) []string {
	t.Helper()
	var list []string
	for _, row := range table(t, filepath.Join(dir, "held_out_"+task+".csv"))[1:] {
		list = append(list, row[0]+" "+row[1])
	}
	return list
}

// allRuns returns a tag of each MLflow run in dir, by the run's name.
func allRuns(t *testing.T, dir, tag string) map[string]string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "mlruns/*/*/tags/mlflow.runName"))
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]string{}
	for _, path := range names {
		name, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		value, err := os.ReadFile(filepath.Join(filepath.Dir(path), tag))
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		values[string(name)] = string(value)
	}
	return values
}

// One command trains the teachers and the student: in the same split, with the heads of
// the fused model. The student is the one that finds its teachers trained.
func TestTrainTeachers(t *testing.T) {
	dir := quickDir(t)
	t.Chdir(dir)
	t.Setenv("MLFLOW_TRACKING_URI", "")
	// Of these lengths some are too long, and would be others with another vocabulary.
	split := []string{"data.test_size=0.2", "data.validation_size=0.2", "data.stratify=priority", "tokenizer.max_length=200", "tokenizer.long=truncate", "tokenizer.truncation=false", "data.generate.cases=90", "data.generate.qa=90"}
	dry := mustRun(t, append(taught(split...), "--dry-run")...)
	mustContain(t, dry, "1 of 4   teacher of ner   ner ", "3 of 4   teacher of qa    qa ", "4 of 4   student", " parameters, ", " steps")
	mustContain(t, mustRun(t, append(taught(split...), "--check-data")...), "teacher of cls   cls       to be trained")
	mustBeGone(t, trainedModels...)

	code, stdout, stderr := command(taught(split...)...)
	if code != 0 {
		t.Fatalf("exit code %d, stderr %q", code, stderr)
	}
	mustContain(t, stdout, "Model 1 of 4: teacher of ner, ner", "Model 2 of 4: teacher of cls, cls", "Model 3 of 4: teacher of qa, qa", "Model 4 of 4: student, student", "Teacher of qa:  qa: speaks of")
	if n := strings.Count(stdout, "Use it:"); n != 1 {
		t.Errorf("%d models are recommended, want the student alone", n)
	}
	if n := strings.Count(stdout, "With another training seed"); n != 1 {
		t.Errorf("how much scores vary is said %d times, want the student's alone", n)
	}
	for _, task := range trainedModels[:3] {
		want := heldOut(t, "student", task)
		if got := heldOut(t, task, task); !slices.Equal(got, want) || len(want) < 4 {
			t.Errorf("%s: the teacher holds out %v, its student %v", task, got, want)
		}
		vocabulary, err := os.ReadFile(filepath.Join(task, "vocab.txt"))
		if err != nil {
			t.Fatal(err)
		}
		if of, err := os.ReadFile("student/vocab.txt"); err != nil || string(of) != string(vocabulary) {
			t.Errorf("%s: the teacher has another vocabulary, error %v", task, err)
		}
	}
	fused := tensorNames(t, "student")
	for task, head := range map[string]string{"ner": "ner_transform.0.weight", "cls": "cls_attention.attention.weight", "qa": "qa_attention.attention.weight"} {
		names := tensorNames(t, task)
		if !slices.Contains(names, head) || slices.ContainsFunc(names, func(name string) bool { return !slices.Contains(fused, name) }) {
			t.Errorf("%s: the teacher's tensors %v aren't the student's, with %s", task, names, head)
		}
	}

	ids := allRuns(t, dir, "teacher_of")
	if want := map[string]string{"calls": "", "calls-teacher-ner": "ner", "calls-teacher-cls": "cls", "calls-teacher-qa": "qa"}; !maps.Equal(ids, want) {
		t.Errorf("MLflow runs %v, want %v", ids, want)
	}
	if id := allRuns(t, dir, "teacher_run_ner")["calls"]; id == "" {
		t.Error("the student's MLflow run doesn't name its teacher's")
	} else if runs, err := filepath.Glob(filepath.Join("mlruns/*", id, "tags/teacher_of")); err != nil || len(runs) != 1 {
		t.Errorf("its teacher's run %s is %v, error %v", id, runs, err)
	}
	for _, name := range trainedModels {
		mustBeGone(t, name+".run", name+".run.previous")
	}

	// Trained teachers are used as they are; the student learns the same from them.
	if code, stdout, stderr = command(taught(append(split, "output.model_dir=again/student", "distill.train_teachers=false")...)...); code != 0 {
		t.Fatalf("exit code %d, stderr %q", code, stderr)
	}
	if strings.Contains(stdout, "Model 1 of") {
		t.Errorf("a teacher was trained again: %s", stdout)
	}
	sameModels(t, "again", ".", 1e-6, "student")
	if code, stdout, stderr = command(taught(append(split, "output.model_dir=third/student")...)...); code != 0 || strings.Contains(stdout, "Model 1 of") {
		t.Errorf("with all teachers trained: exit code %d, stderr %q, %s", code, stderr, stdout)
	}
	sameModels(t, "third", ".", 1e-6, "student")
}

// TestResumeTeachers stops and kills the whole in a teacher, between models, and in the
// student; what is resumed ends as what wasn't stopped.
func TestResumeTeachers(t *testing.T) {
	whole, dir := quickDir(t), quickDir(t)
	args := func(more ...string) []string {
		return taught(append([]string{"training.num_epochs=6", "distill.teachers.ner.hidden_weight=1"}, more...)...)
	}
	if code, _ := start(t, whole, args()...).end(); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	stop := func(s syscall.Signal, want int, after []string, args ...string) *process {
		t.Helper()
		p := start(t, dir, args...)
		p.waitForAll(after...)
		p.signal(s)
		if code, _ := p.end(); code != want {
			t.Fatalf("exit code %d, want %d, stderr %q", code, want, p.stderr.String())
		}
		return p
	}
	long := "training.num_epochs=6"
	p := stop(syscall.SIGTERM, 143, []string{"Model 2 of 4", "Epoch 2/6"}, args(long)...)
	mustContain(t, p.stderr.String(), "teacher of cls (model 2 of 4): the state after step ", "is kept in cls.run: go on from there with --resume")
	if _, err := os.Stat(filepath.Join(dir, "student")); err == nil {
		t.Error("there is a student already")
	}

	refused := func(want string, args ...string) {
		t.Helper()
		p := start(t, dir, args...)
		if code, _ := p.end(); code != 1 || !strings.Contains(p.stderr.String(), want) {
			t.Errorf("exit code %d, stderr %q, want %q", code, p.stderr.String(), want)
		}
	}
	refused("teacher of cls: the training of cls was stopped: continue it with --resume; or remove cls.run and cls", args()...)
	refused(`not the run that was stopped: data.random_seed was "42", is "7"`, append(args("data.random_seed=7"), "--resume")...)
	mustContain(t, dryRun(t, dir, args()...), "1 of 4   teacher of ner   ner       is there", "was stopped: --resume continues it")

	p = stop(syscall.SIGKILL, -1, []string{"Model 2 of 4", "Resuming after step ", "Model 3 of 4"}, append(args(), "--resume")...)
	if strings.Contains(p.stdout.String(), "Model 1 of 4") {
		t.Error("the first teacher was trained again")
	}
	stop(syscall.SIGKILL, -1, []string{"Model 3 of 4", "Model 4 of 4"}, append(args(), "--resume")...)
	p = stop(syscall.SIGTERM, 143, []string{"Model 4 of 4", "Epoch 3/6"}, append(args(), "--resume")...)
	if text := p.stdout.String(); strings.Contains(text, "Model 3 of 4") {
		t.Errorf("a finished teacher was trained again: %s", text)
	}
	mustContain(t, p.stderr.String(), "is kept in student.run")
	p = start(t, dir, append(args(), "--resume-if-any")...)
	if code, _ := p.end(); code != 0 {
		t.Fatalf("exit code %d, stderr %q", code, p.stderr.String())
	}
	mustContain(t, p.stdout.String(), "Model 4 of 4", "Resuming after step")
	sameModels(t, dir, whole, 1e-6, trainedModels...)
	for _, name := range trainedModels {
		mustBeGone(t, filepath.Join(dir, name+".run"))
	}
	if got, want := allRuns(t, dir, "teacher_of"), allRuns(t, whole, "teacher_of"); !maps.Equal(got, want) {
		t.Errorf("MLflow runs %v, want %v", got, want)
	}
	refused("no saved state in student.run", append(args(), "--resume")...)
}

func dryRun(t *testing.T, dir string, args ...string) string {
	t.Helper()
	p := start(t, dir, append(args, "--dry-run")...)
	if code, _ := p.end(); code != 0 {
		t.Errorf("exit code %d, stderr %q", code, p.stderr.String())
	}
	return p.stdout.String()
}

// Two commands with one teacher don't both train it.
func TestOneTeacherForTwoStudents(t *testing.T) {
	dir := quickDir(t)
	first := start(t, dir, taught(endless...)...)
	first.waitFor("train_loss=")
	second := start(t, dir, taught("output.model_dir=other")...)
	if code, _ := second.end(); code != 1 || strings.Count(second.stderr.String(), "\n") != 1 {
		t.Errorf("exit code %d, stderr %q; want 1 and one line", code, second.stderr.String())
	}
	mustContain(t, second.stderr.String(), "teacher of ner, whose output.model_dir is distill.teachers.ner.model", fmt.Sprintf("another training is using it (process %d)", first.cmd.Process.Pid))
	mustBeGone(t, filepath.Join(dir, "other.run"))

	// Nor is a teacher trained alone that another command will train later.
	third := start(t, dir, with("output.model_dir=qa")...)
	if code, _ := third.end(); code != 1 || !strings.Contains(third.stderr.String(), "another training is using it") {
		t.Errorf("exit code %d, stderr %q; want 1", code, third.stderr.String())
	}
	first.signal(syscall.SIGINT)
	if code, _ := first.end(); code != 130 {
		t.Errorf("exit code %d, stderr %q", code, first.stderr.String())
	}
	mustBeGone(t, filepath.Join(dir, "qa.run"), filepath.Join(dir, "cls.run"))
}

// Several processes train the teachers, and the student, that one process trains; and are
// stopped and resumed as one. One teacher is annealed, and all teach every call.
func TestRanksTrainTeachers(t *testing.T) {
	t.Parallel()
	alone, dir := quickDir(t), quickDir(t)
	args := func(size int) []string {
		return taught("backbone.dropout=0", "training.learning_rate=1.5e-3", "distill.every_call=true", "distill.teachers.ner.annealing=linear", fmt.Sprintf("training.batch_size=%d", size))
	}
	if code, _ := start(t, alone, args(16)...).end(); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	p := start(t, dir, append(args(8), "--nproc", "2")...)
	p.waitForAll("Model 2 of 4", "Epoch 1/2", "Epoch 2/2")
	p.signal(syscall.SIGTERM)
	if code, _ := p.end(); code != 143 || strings.Count(p.stderr.String(), "\n") > 3 {
		t.Fatalf("exit code %d, stderr %q", code, p.stderr.String())
	}
	p = start(t, dir, append(args(8), "--nproc", "2", "--resume")...)
	if code, _ := p.end(); code != 0 {
		t.Fatalf("exit code %d, stderr %q", code, p.stderr.String())
	}
	mustContain(t, p.stdout.String(), "Model 4 of 4: student", "Use it:")
	sameModels(t, dir, alone, rankLimit, trainedModels...)
}

func TestTeachersThatCannotBeTrained(t *testing.T) {
	for _, test := range []struct {
		name string
		args []string
		want []string
	}{
		{"two in a folder", []string{"distill.teachers.cls.model=./ner/"}, []string{"distill.teachers.cls.model: ", "is also distill.teachers.ner.model", "a folder of its own"}},
		{"in the student's", []string{"distill.teachers.qa.model=student"}, []string{"distill.teachers.qa.model: student is to be trained, and is also output.model_dir"}},
		{"a typing error of the student", []string{"training.class_weights={cls/place: balanced}"}, []string{`"place"`}},
		{"of another task", []string{"task=multitask", "distill.train_teachers=true"}, []string{"distill.train_teachers: want false without task: distill"}},
		{"a missing file", []string{"data.generate={ner: 0, cases: 0, qa: 0}", "data.qa_path=none.json"}, []string{"none.json"}},
		{"a task without data", []string{"data.qa_path="}, []string{`distill.teachers: want ner or cls, got "qa"`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			code, stdout, stderr := command(taught(test.args...)...)
			if code != 1 || strings.Count(stderr, "\n") != 1 || strings.Contains(stdout, "Model 1 of") {
				t.Errorf("exit code %d, stderr %q; want 1 and one line, before any training", code, stderr)
			}
			mustContain(t, stderr, test.want...)
		})
	}
}

// A teacher that has learnt nothing is named. A run id given from outside is the student's,
// and its teachers' parent.
func TestWeakTeacherAndGivenRun(t *testing.T) {
	dir := quickDir(t)
	t.Chdir(dir)
	t.Setenv("MLFLOW_TRACKING_URI", "")
	mustRun(t, with("output.model_dir=before", "training.num_epochs=1", "mlflow.run_name=given")...)
	given, err := filepath.Glob("mlruns/*/*/meta.yaml")
	if err != nil || len(given) != 1 {
		t.Fatalf("runs %v, error %v", given, err)
	}
	id := filepath.Base(filepath.Dir(given[0]))
	t.Setenv("MLFLOW_RUN_ID", id)
	code, stdout, stderr := command(taught("training.learning_rate=1e-9", "training.num_epochs=1", "distill.teachers.ner.alpha=0", "distill.teachers.qa.alpha=0")...)
	if code != 0 || strings.Count(stderr, "no better than the majority class") != 1 {
		t.Fatalf("exit code %d, stderr %q, %s", code, stderr, stdout)
	}
	mustContain(t, stderr, "train: warning: the teacher of cls is no better than the majority class (CLS average accuracy 0.", "distill.teachers.cls.alpha to 0")
	if parents := allRuns(t, dir, "mlflow.parentRunId"); len(parents) != 2 || parents["calls-teacher-cls"] != id {
		t.Errorf("parents %v, want %s of calls-teacher-cls", parents, id)
	}
}
