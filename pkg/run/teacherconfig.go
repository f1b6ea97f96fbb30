package run

import (
	"maps"
	"slices"
	"strings"

	"github.com/trident-nlp/trident/pkg/config"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// teacherConfig returns the configuration of a teacher of a task, which is trained before
// its student, whose configuration is c: a model of that task alone, with the student's
// encoder, head, tokenizer, training and output settings, in the folder where the student
// looks for it. Its head is new. Settings that name another task are left out, and so is
// label smoothing if the task has yes/no heads alone. Of several models of the task, each
// has a seed of its own: training.seed, and the numbers after it.
func teacherConfig(c config.Config, task tasks.Task, teacher missingTeacher) config.Config {
	t := c
	t.Task = config.TaskMultitask // whose heads are the student's; task: ner has the prototype's
	own := config.Task{Use: task.Name}
	if i := slices.IndexFunc(c.Tasks, func(listed config.Task) bool { return listed.ID() == task.Name }); i >= 0 {
		own = c.Tasks[i]
		own.LossWeight = 0
	}
	t.Tasks = []config.Task{own}
	t.Backbone.Heads = config.HeadsNew
	t.Distill = config.Distill{}
	t.Output.ModelDir = teacher.path(c)
	t.Training.Seed += uint64(teacher.Member)
	t.MLflow.RegisterModel = "" // that is for the student
	t.MLflow.RunName = strings.TrimPrefix(c.MLflow.RunName+"-teacher-"+teacher.name(), "-")

	t.Training.LossWeights = config.LossWeights{}
	t.Training.ClassWeights = maps.Clone(c.Training.ClassWeights)
	maps.DeleteFunc(t.Training.ClassWeights, func(name string, _ config.ClassWeights) bool {
		of, _, _ := strings.Cut(name, "/")
		return of != task.Name
	})
	if ofAnotherTask(t.Training.MetricForBestModel, task.Name) {
		t.Training.MetricForBestModel = config.BestAvg
	}
	if task.Kind == tasks.MultiLabel {
		t.Training.LabelSmoothing = 0
	}
	return t
}

// ofAnotherTask reports whether a value of training.metric_for_best_model is a figure that
// a model of the task alone doesn't have.
func ofAnotherTask(best, task string) bool {
	switch best {
	case config.BestAvg, config.BestLoss, "val/avg", "val/loss", "val/loss_" + task:
		return false
	}
	return !strings.HasPrefix(best, "val_"+task+"/") && !strings.HasPrefix(best, "val/"+task+"_")
}

// taught are those of the tasks whose teachers the run opens.
func taught(c config.Config, names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return !c.Distill.Teachers[name].Used()
	})
}

// only returns the data of one task alone: the examples of its file, held out as they
// are in d, so what d holds out of training is held out of the teacher's too.
func (d *data) only(task string, batchSize int) *data {
	s, at := d.find(task)
	s.set.Tasks, s.set.Filters, s.set.Warnings = s.set.Tasks[at:at+1:at+1], s.set.Filters[at:at+1:at+1], nil
	narrow := func(examples []datasets.Example) []datasets.Example {
		if examples == nil {
			return nil
		}
		list := make([]datasets.Example, len(examples))
		for i, ex := range examples {
			ex.Labels = ex.Labels[at : at+1 : at+1]
			list[i] = ex
		}
		return list
	}
	s.set.Examples = narrow(s.set.Examples)
	s.split = datasets.Split{Train: narrow(s.split.Train), Val: narrow(s.split.Val), Test: narrow(s.split.Test)}
	for _, part := range []struct {
		loader   *datasets.Loader
		examples []datasets.Example
	}{{&s.train, s.split.Train}, {&s.val, s.split.Val}, {&s.test, s.split.Test}} {
		part.loader.Tasks, part.loader.Examples, part.loader.BatchSize = s.set.Tasks, part.examples, batchSize
	}
	return &data{tokenizer: d.tokenizer, sources: []source{s}}
}
