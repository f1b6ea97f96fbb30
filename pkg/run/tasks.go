package run

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/trident-nlp/trident/pkg/config"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// dataFiles lists the configured data files with their tasks. Tasks that read the same
// texts from the same file share it.
func dataFiles(c config.Config) ([]datasets.Source, error) {
	switch c.Task {
	case config.TaskNER:
		return []datasets.Source{{Path: c.Data.NERPath, Tasks: []tasks.Task{tasks.SingleNER(tasks.NERLabels())}}}, nil
	case config.TaskClassification:
		return []datasets.Source{{Path: c.Data.ClassificationPath, Tasks: []tasks.Task{tasks.SingleCLS(tasks.CaseLabels{})}}}, nil
	case config.TaskQA:
		return []datasets.Source{{Path: c.Data.QAPath, Tasks: []tasks.Task{tasks.SingleQA()}}}, nil
	}
	list := c.Tasks
	if len(list) == 0 {
		for _, name := range c.TaskNames() {
			list = append(list, config.Task{Use: name})
		}
	}
	var all []datasets.Source
	for _, t := range list {
		path, task, err := resolve(c, t)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(all, func(s datasets.Source) bool { return s.Path == path && s.Tasks[0].Text == task.Text })
		if i < 0 {
			all = append(all, datasets.Source{Path: path})
			i = len(all) - 1
		}
		all[i].Tasks = append(all[i].Tasks, task)
	}
	return all, nil
}

// resolve converts one entry of the list of tasks.
func resolve(c config.Config, t config.Task) (path string, task tasks.Task, err error) {
	switch t.Use {
	case tasks.NERName:
		return c.Data.NERPath, tasks.NER(tasks.NERLabels()), nil
	case tasks.CLSName:
		path, task = c.Data.ClassificationPath, tasks.CLS(tasks.CaseLabels{})
	case tasks.QAName:
		path, task = c.Data.QAPath, tasks.QA()
	default:
		task, err = t.Custom().Task()
		return t.File, task, err
	}
	if task, err = task.Pooled(tasks.Pooling(cmp.Or(t.Pooling, c.Pooling))); err != nil {
		err = fmt.Errorf("task %s: %w", t.Use, err)
	}
	return path, task, err
}

// encoderName is the prefix of the encoder's parameters in a task's checkpoint;
// single-task models have the prototype's.
func encoderName(task string) string {
	switch task {
	case config.TaskNER, config.TaskClassification:
		return "distilbert"
	case config.TaskQA:
		return "bert"
	}
	return "backbone"
}
