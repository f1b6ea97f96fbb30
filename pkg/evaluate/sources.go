package evaluate

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// checkData returns an error if no model does a task that has data or was requested.
func (e *evaluation) checkData() error {
	known := map[string]bool{"": true}
	for _, c := range e.candidates {
		names := c.tasks()
		for _, name := range names {
			known[name] = true
		}
		for _, name := range e.Tasks {
			if !slices.Contains(names, name) {
				return fmt.Errorf("--task: %s can't do %s; it does %s", c.name, name, strings.Join(names, ", "))
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(e.files)) {
		if !known[name] {
			return fmt.Errorf("--data %s=%s: no model does task %q; %s does %s",
				name, e.files[name], name, e.candidates[0].name, strings.Join(e.candidates[0].tasks(), ", "))
		}
	}
	return nil
}

// source is a data file, the tasks that read it in one pass of the encoder, and the list
// of the records to score.
type source struct {
	datasets.Source
	list string // a CSV file; "": all records
}

// sources returns those of a model's tasks to be scored. Tasks that read the same texts
// share a source.
func (e *evaluation) sources(m *loaded) ([]source, error) {
	var all []source
	for _, task := range m.Tasks {
		if len(e.Tasks) > 0 && !slices.Contains(e.Tasks, task.Name) {
			continue
		}
		file, given := e.files[task.Name]
		if !given {
			file = e.files[""]
			if file != "" && len(m.Tasks) > 1 {
				return nil, fmt.Errorf("%s does %s: say for which the data is, as in --data %s=%s",
					m.dir, strings.Join(tasks.Names(m.Tasks), ", "), task.Name, file)
			}
		}
		if file == "" {
			continue
		}
		list := e.Records
		if e.HeldOut {
			var err error
			if list, err = heldOutList(m.dir, task.Name); err != nil {
				return nil, err
			}
		}
		i := slices.IndexFunc(all, func(s source) bool {
			return s.Path == file && s.Tasks[0].Text == task.Text && s.list == list
		})
		if i < 0 {
			i = len(all)
			all = append(all, source{datasets.Source{Path: file, KeepUnknown: true, SkipBad: e.SkipBadRecords, Language: e.LanguageField}, list})
		}
		all[i].Tasks = append(all[i].Tasks, task)
	}
	return all, nil
}
