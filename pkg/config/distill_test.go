package config

import (
	"math"
	"reflect"
	"strings"
	"testing"
)

// A teacher's defaults depend on whether it is annealed; a given value counts.
func TestTeacherDefaults(t *testing.T) {
	for text, want := range map[string]Teacher{
		"{model: m}":                    {Model: Paths{"m"}, Alpha: 0.5, Temperature: 2},
		"{model: [m, n], alpha: 0}":     {Model: Paths{"m", "n"}, Temperature: 2},
		"{model: m, annealing: linear}": {Model: Paths{"m"}, Alpha: 1, Temperature: 1, Annealing: "linear", AnnealingRatio: 0.8},
		"{annealing: linear, model: m, alpha: 0.7, temperature: 3, annealing_ratio: 1}": {
			Model: Paths{"m"}, Alpha: 0.7, Temperature: 3, Annealing: "linear", AnnealingRatio: 1,
		},
	} {
		c, err := Parse([]byte("task: distill\ndistill: {teachers: {ner: "+text+"}}"), nil)
		if err != nil {
			t.Error(err)
		} else if got := c.Distill.Teachers["ner"]; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, want %+v", text, got, want)
		}
	}
	c, err := Parse([]byte("task: distill\ndistill: {teachers: {ner: {model: m}}}"), []string{"distill.teachers.ner.annealing=linear"})
	if err != nil || c.Distill.Teachers["ner"].Alpha != 1 || c.Distill.SoftWeight != 1 || c.Distill.EveryCall {
		t.Errorf("%+v, %v", c.Distill, err)
	}
}

// A state of an earlier version has none of the new keys of teachers: they are left out
// where they aren't used, so it can be resumed.
func TestSettingsOfTeachersWithoutAnnealing(t *testing.T) {
	c := Default(TaskDistill)
	c.Distill.Teachers = map[string]Teacher{"ner": {Model: Paths{"m"}, Alpha: 0.5, Temperature: 2}}
	all, err := c.Settings()
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for key, value := range all {
		if strings.HasPrefix(key, "distill.teachers.") {
			found = append(found, key+"="+value)
		}
	}
	if len(found) != 4 || all["distill.teachers.ner.model"] != "m" {
		t.Errorf("settings %q", found)
	}
}

func TestDistillIsChecked(t *testing.T) {
	for want, spoil := range map[string]func(*Config, *Teacher){
		`distill.teachers.ner.annealing: want linear, or nothing, got "cosine"`: func(_ *Config, t *Teacher) {
			t.Annealing, t.AnnealingRatio = "cosine", 1
		},
		"distill.teachers.ner.annealing_ratio: want a share of the steps above 0, and 1 at most, got 0": func(_ *Config, t *Teacher) {
			t.Annealing = "linear"
		},
		"distill.teachers.ner.annealing_ratio: want a share of the steps above 0, and 1 at most, got 1.1": func(_ *Config, t *Teacher) {
			t.Annealing, t.AnnealingRatio = "linear", 1.1
		},
		"distill.teachers.ner.annealing_ratio: want a share of the steps above 0, and 1 at most, got NaN": func(_ *Config, t *Teacher) {
			t.Annealing, t.AnnealingRatio = "linear", math.NaN()
		},
		"distill.teachers.ner.annealing_ratio: want nothing without annealing, got 0.5": func(_ *Config, t *Teacher) { t.AnnealingRatio = 0.5 },
		"distill.soft_weight: want 0 or more, got -1":                                   func(c *Config, _ *Teacher) { c.Distill.SoftWeight = -1 },
		"distill.soft_weight: want 0 or more, got NaN":                                  func(c *Config, _ *Teacher) { c.Distill.SoftWeight = math.NaN() },
		"distill.every_call: want false without a teacher whose alpha is above 0": func(c *Config, t *Teacher) {
			c.Distill.EveryCall, t.Alpha, t.HiddenWeight = true, 0, 1
		},
		"distill.unlabelled_path: want nothing without a teacher whose alpha is above 0": func(c *Config, t *Teacher) {
			c.Distill.UnlabelledPath, t.Alpha = Paths{"calls"}, 0
		},
		`distill.unlabelled_path[2]: want a path, got ""`:                           func(c *Config, _ *Teacher) { c.Distill.UnlabelledPath = Paths{"a", ""} },
		`distill.teachers.ner.model: want a model directory, got ""`:                func(_ *Config, t *Teacher) { t.Model = nil },
		`distill.teachers.ner.model[2]: want a directory of its own, got "x" again`: func(_ *Config, t *Teacher) { t.Model = Paths{"x", "x"} },
		"distill.teachers.ner.hidden_weight: want 0 with several models": func(_ *Config, t *Teacher) {
			t.Model, t.HiddenWeight = Paths{"x", "y"}, 1
		},
		"training.batch_size: want an example of each task and one without labels": func(c *Config, _ *Teacher) {
			c.Training.MixTasks, c.Training.BatchSize, c.Distill.UnlabelledPath = true, 3, Paths{"calls"}
		},
	} {
		c := withTeacher(2)
		teacher := c.Distill.Teachers["ner"]
		teacher.Alpha = 0.5
		spoil(&c, &teacher)
		c.Distill.Teachers["ner"] = teacher
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), ";") {
			t.Errorf("error %v, want %q alone", err, want)
		}
	}
	c := Default(TaskMultitask)
	c.Distill.EveryCall = true
	if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "distill.every_call") {
		t.Errorf("without teachers: %v", err)
	}
}
