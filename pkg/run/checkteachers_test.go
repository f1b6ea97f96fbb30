package run

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/tinymodel"
	"github.com/trident-nlp/trident/pkg/backbone"
	"github.com/trident-nlp/trident/pkg/config"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// tinyTeacher saves an untrained model of tasks in a folder.
func tinyTeacher(t *testing.T, dir string, list ...tasks.Task) {
	t.Helper()
	tok, err := tokenize.New(strings.Fields("[PAD] [UNK] [CLS] [SEP] [MASK] a b"), tokenize.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c := backbone.DistilBERTCased()
	c.VocabSize, c.MaxPositions, c.Dim, c.Layers, c.Heads, c.HiddenDim = int64(tok.VocabSize()), 16, 8, 1, 1, 8
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	tinymodel.SaveIn(t, dir, tok, rand.New(rand.NewPCG(1, 1)), 0.1, fusion.Architecture{Config: c, Tasks: list})
}

// What a student can't learn from is refused before anything is trained, asked or replaced.
func TestCheckTeachers(t *testing.T) {
	t.Chdir(t.TempDir())
	ner := tasks.NER([]string{"O", "NAME", "AGE"})
	tinyTeacher(t, "both", ner, tasks.QA())
	tinyTeacher(t, "older", tasks.NER([]string{"O", "NAME"}))
	tinyTeacher(t, "links/model", ner)
	tinyTeacher(t, "begun", ner)
	if err := errors.Join(os.Symlink("model", "links/again"), os.Symlink("links", "elsewhere"), os.Mkdir("half", 0o777),
		os.MkdirAll("half.run/state-000001", 0o777), os.MkdirAll("begun.run/state-000001", 0o777), os.WriteFile("file", nil, 0o666)); err != nil {
		t.Fatal(err)
	}
	type models = map[string]config.Paths
	for name, test := range map[string]struct {
		train         bool
		student       string
		cache         string
		ner, qa       config.Paths
		want, without string
		warned        string
	}{
		"a model of both tasks":      {ner: config.Paths{"both"}, qa: config.Paths{"both"}},
		"teachers to be trained":     {train: true, ner: config.Paths{"new/ner", "new/ner2"}, qa: config.Paths{"half"}},
		"a teacher that isn't there": {ner: config.Paths{"none"}, want: "teacher of ner: load model none: not a model directory", without: "stopped"},
		"how to train it":            {ner: config.Paths{"none"}, want: "distill.train_teachers=true to train it first"},
		"a stopped teacher":          {ner: config.Paths{"half"}, want: "its training was stopped, or isn't over: continue it with --resume and distill.train_teachers=true"},
		"a half-trained teacher":     {ner: config.Paths{"begun"}, warned: "teacher of ner: the training of begun was stopped, or isn't over: the student learns from its best model so far"},
		"without the task":           {train: true, qa: config.Paths{"older"}, want: `teacher of qa: older: teacher and student don't fit: no task "qa"`},
		"without a label":            {ner: config.Paths{"older"}, want: `head ner of 2 labels for head ner of 3; the teacher doesn't know "AGE"`},
		"in the student's folder":    {student: "both", ner: config.Paths{"./both/"}, want: "distill.teachers.ner.model: ./both/ is also output.model_dir, where the student would replace its teacher"},
		"the earlier student":        {student: "links/student", ner: config.Paths{"elsewhere/student.previous"}, want: "elsewhere/student.previous is where an earlier model of output.model_dir is moved to"},
		"the same by a link":         {student: "elsewhere/again", ner: config.Paths{"links/model"}, want: "is also output.model_dir"},
		"new in the student's":       {train: true, student: "elsewhere/new", ner: config.Paths{"links/new"}, want: "links/new is to be trained, and is also output.model_dir"},
		"two new in one folder":      {train: true, ner: config.Paths{"links/new"}, qa: config.Paths{"elsewhere/new"}, want: "distill.teachers.qa.model: elsewhere/new is to be trained, and is also distill.teachers.ner.model"},
		"twice the same":             {ner: config.Paths{"links/model", "links/again"}, want: "distill.teachers.ner.model[2]: links/again is also distill.teachers.ner.model[1] (links/model): name each model once"},
		"a cache that is a file":     {cache: "file", ner: config.Paths{"both"}, want: "name a folder in distill.cache_dir"},
		"a cache in a file":          {cache: "file/cache", ner: config.Paths{"both"}, want: "name a folder in distill.cache_dir"},
	} {
		t.Run(name, func(t *testing.T) {
			c := config.Default(config.TaskDistill)
			c.Distill.TrainTeachers, c.Distill.CacheDir, c.Output.ModelDir = test.train, test.cache, "student"
			if test.student != "" {
				c.Output.ModelDir = test.student
			}
			c.Distill.Teachers = map[string]config.Teacher{}
			for task, paths := range (models{"ner": test.ner, "qa": test.qa}) {
				if paths != nil {
					c.Distill.Teachers[task] = config.Teacher{Model: paths, Alpha: 0.5, Temperature: 2}
				}
			}
			var warned strings.Builder
			err := checkTeachers(c, []tasks.Task{ner, tasks.QA()}, &warned)
			if (warned.Len() > 0) != (test.warned != "") || !strings.Contains(warned.String(), test.warned) {
				t.Errorf("warning %q, want %q", warned.String(), test.warned)
			}
			switch {
			case test.want == "":
				if err != nil {
					t.Error(err)
				}
			case err == nil || !strings.Contains(err.Error(), test.want) || test.without != "" && strings.Contains(err.Error(), test.without):
				t.Errorf("error %v\nwant %s", err, test.want)
			}
		})
	}
}

// A dry run and a check of the data refuse the teachers that training refuses.
func TestEveryCommandChecksTeachers(t *testing.T) {
	c := taughtSmall(t)
	c.Distill.TrainTeachers = false
	var said []string
	for name, command := range map[string]func(context.Context, config.Config, Options) error{
		"dry run":    DryRun,
		"check data": CheckData,
		"training": func(ctx context.Context, c config.Config, o Options) error {
			r, err := Open(ctx, c, o)
			if err == nil {
				r.Close()
			}
			return err
		},
	} {
		err := command(t.Context(), c, Options{Device: "cpu"})
		if err == nil || !strings.HasPrefix(err.Error(), "teacher of ner: load model ner: not a model directory") {
			t.Errorf("%s: error %v", name, err)
		}
		said = append(said, fmt.Sprint(err))
	}
	if said[0] != said[1] || said[0] != said[2] {
		t.Errorf("the commands say %q", said)
	}
}

// If both states of a stopped teacher are damaged, the error says how to go on; that works.
func TestDamagedTeacher(t *testing.T) {
	c := taughtSmall(t)
	c.Distill.Teachers = map[string]config.Teacher{"cls": {Model: config.Paths{"cls"}, Alpha: 0.5, Temperature: 2}}
	fit := func() error {
		r, err := Open(t.Context(), c, Options{Device: "cpu", Resume: true})
		if err != nil {
			return err
		}
		defer r.Close()
		return r.Fit(t.Context())
	}
	for _, state := range []string{"cls.run/state-000001", "cls.run/state-000002"} {
		if err := errors.Join(os.MkdirAll(state, 0o777), os.WriteFile(state+"/state.json", []byte("{"), 0o666)); err != nil {
			t.Fatal(err)
		}
	}
	err := fit()
	if err == nil || strings.Contains(err.Error(), "without --resume") {
		t.Fatalf("error %v", err)
	}
	for _, want := range []string{"teacher of cls (model 1 of 2)", "state-000001 is damaged", "state-000002 is damaged", "remove cls.run and cls: --resume then trains this teacher anew"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %v\nwant %s", err, want)
		}
	}
	if err := errors.Join(os.RemoveAll("cls.run"), os.RemoveAll("cls"), fit()); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"cls", c.Output.ModelDir} {
		if _, err := os.Stat(dir + "/model.safetensors"); err != nil {
			t.Error(err)
		}
	}
}
