package config

import (
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Distill lists the teachers of a student.
type Distill struct {
	CacheDir string             `yaml:"cache_dir"`          // of the teachers' logits; "": in the user's cache folder
	Teachers map[string]Teacher `yaml:"teachers,omitempty"` // by task
	Encoder  *DistillEncoder    `yaml:"encoder,omitempty"`  // of task: pretrain

	TrainTeachers bool `yaml:"train_teachers"` // train the teachers whose folder holds no model, before the student

	EveryCall      bool    `yaml:"every_call"`      // teachers also teach the calls that have no labels of their task
	UnlabelledPath Paths   `yaml:"unlabelled_path"` // calls without any labels, for all teachers, in all forms that infer reads
	SoftWeight     float64 `yaml:"soft_weight"`     // of the loss of these calls, which have a teacher alone
}

// Teacher is a trained model from which a student learns one task. The loss is (1 -
// Alpha)·hard + Alpha·Temperature²·KL(teacher ‖ student).
type Teacher struct {
	Model        Paths   `yaml:"model"`         // its directory, or those of several models, whose logits are averaged
	Alpha        float64 `yaml:"alpha"`         // weight of the teacher: 0 none, 1 the teacher only
	Temperature  float64 `yaml:"temperature"`   // softens both distributions
	HiddenWeight float64 `yaml:"hidden_weight"` // of the cosine loss between the encoders' hidden states; 0: none

	Annealing      string  `yaml:"annealing,omitempty"`       // linear: Alpha falls to 0; "": it doesn't
	AnnealingRatio float64 `yaml:"annealing_ratio,omitempty"` // of the steps in which it falls; 0 without Annealing
}

// AnnealingLinear lets the weight of a teacher fall linearly.
const AnnealingLinear = "linear"

// Used reports whether the student learns anything from the teacher.
func (t Teacher) Used() bool { return t.Alpha != 0 || t.HiddenWeight != 0 }

// UnmarshalYAML sets the defaults of missing keys: alpha 0.5, temperature 2; with
// annealing alpha 1, temperature 1 and annealing_ratio 0.8.
func (t *Teacher) UnmarshalYAML(node *yaml.Node) error {
	type plain Teacher
	p := plain{Alpha: 0.5, Temperature: 2}
	var kind struct {
		Annealing string `yaml:"annealing"`
	}
	if err := node.Decode(&kind); err != nil {
		return err
	}
	if kind.Annealing != "" {
		p = plain{Alpha: 1, Temperature: 1, AnnealingRatio: 0.8}
	}
	if err := node.Decode(&p); err != nil {
		return err
	}
	*t = Teacher(p)
	return nil
}

// checkDistill checks the teachers, and what they teach.
func (c Config) checkDistill(check func(ok bool, key, want string, got any)) {
	d, names := c.Distill, c.TaskNames()
	check((c.Task == TaskDistill) == (len(d.Teachers) > 0), "distill.teachers", "teachers with task: distill, and no other", fmt.Sprintf("%d", len(d.Teachers)))
	check(c.Task == TaskDistill || !d.TrainTeachers, "distill.train_teachers", "false without task: distill", true)
	softly := false
	for name, teacher := range d.Teachers {
		check(slices.Contains(names, name), "distill.teachers", strings.Join(names, " or "), fmt.Sprintf("%q", name))
		teacher.check(check, "distill.teachers."+name)
		softly = softly || teacher.Alpha > 0
	}
	check(softly || !d.EveryCall, "distill.every_call", "false without a teacher whose alpha is above 0", true)
	check(softly || len(d.UnlabelledPath) == 0, "distill.unlabelled_path", "nothing without a teacher whose alpha is above 0", fmt.Sprintf("%q", d.UnlabelledPath))
	for i, path := range d.UnlabelledPath {
		check(path != "", fmt.Sprintf("distill.unlabelled_path[%d]", i+1), "a path", `""`)
	}
	check(d.SoftWeight == 0 || positive(d.SoftWeight), "distill.soft_weight", "0 or more", d.SoftWeight)
	check(len(d.UnlabelledPath) == 0 || !c.Training.MixTasks || c.Training.BatchSize > len(names), "training.batch_size",
		"an example of each task and one without labels, at least, with training.mix_tasks and distill.unlabelled_path", c.Training.BatchSize)
}

func (t Teacher) check(check func(ok bool, key, want string, got any), key string) {
	check(len(t.Model) > 0, key+".model", "a model directory", `""`)
	for i, dir := range t.Model {
		check(dir != "", t.ModelKey(key, i), "a model directory", `""`)
		check(slices.Index(t.Model, dir) == i, t.ModelKey(key, i), "a directory of its own", fmt.Sprintf("%q again", dir))
	}
	check(t.Alpha >= 0 && t.Alpha <= 1, key+".alpha", "a number from 0 to 1", t.Alpha)
	check(isTemperature(t.Temperature), key+".temperature", temperatures, t.Temperature)
	check(t.HiddenWeight == 0 || positive(t.HiddenWeight), key+".hidden_weight", "0 or more", t.HiddenWeight)
	check(t.HiddenWeight == 0 || len(t.Model) == 1, key+".hidden_weight", "0 with several models, whose hidden states have no mean", t.HiddenWeight)
	check(t.Annealing == "" || t.Annealing == AnnealingLinear, key+".annealing", AnnealingLinear+", or nothing", fmt.Sprintf("%q", t.Annealing))
	if t.Annealing == "" {
		check(t.AnnealingRatio == 0, key+".annealing_ratio", "nothing without annealing", t.AnnealingRatio)
	} else {
		check(t.AnnealingRatio > 0 && t.AnnealingRatio <= 1, key+".annealing_ratio", "a share of the steps above 0, and 1 at most", t.AnnealingRatio)
	}
}

// ModelKey is the key of one of a teacher's models, from 0; key is the teacher's.
func (t Teacher) ModelKey(key string, i int) string {
	if len(t.Model) == 1 {
		return key + ".model"
	}
	return fmt.Sprintf("%s.model[%d]", key, i+1)
}
