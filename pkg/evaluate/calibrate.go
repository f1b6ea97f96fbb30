package evaluate

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/trident-nlp/trident/pkg/calibrate"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/report"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/triage"
)

// Recall asks for a threshold with a wished recall of a label.
type Recall struct {
	Task, Head, Label string // Task may be "": the only one with such a head
	Share             float64
}

// ParseRecall parses [TASK.]HEAD=LABEL:SHARE, such as priority=critical:0.95. Its errors are
// marked with [ErrOptions].
func ParseRecall(text string) (Recall, error) {
	head, rest, named := strings.Cut(text, "=")
	at := strings.LastIndex(rest, ":")
	var r Recall
	var err error
	if at > 0 {
		r.Label = rest[:at]
		r.Share, err = strconv.ParseFloat(rest[at+1:], 64)
	}
	if task, name, dotted := strings.Cut(head, "."); dotted {
		r.Task, head = task, name
	}
	r.Head = head
	if !named || at <= 0 || head == "" || err != nil || !(r.Share > 0 && r.Share < 1) {
		return r, badOptions("--recall %s: want HEAD=LABEL:SHARE with a share between 0 and 1, as in priority=critical:0.95", text)
	}
	return r, nil
}

func (r Recall) String() string {
	head := r.Head
	if r.Task != "" {
		head = r.Task + "." + head
	}
	return fmt.Sprintf("--recall %s=%s:%g", head, r.Label, r.Share)
}

// checkCalibrate returns an error for options that don't fit Calibrate.
func (o Options) checkCalibrate() error {
	switch {
	case !o.Calibrate && len(o.Recall) > 0:
		return badOptions("--recall belongs to --calibrate")
	case !o.Calibrate && o.LanguageField != "":
		return badOptions("--language-field belongs to --calibrate")
	case strings.Contains(o.LanguageField, "."):
		return badOptions("--language-field %s: want a field of the record itself, without dots", o.LanguageField)
	case o.Calibrate && (len(o.Compare) > 0 || len(directories(o.Model)) > 1):
		return badOptions("--calibrate is for one model directory, without --compare")
	}
	return nil
}

// gatherer collects the logits of one model's heads.
type gatherer struct {
	outputs   map[string][]calibrate.Outputs // by task, one per head
	languages []string                       // by record of the file being read; nil: not known
}

// add adds the logits of one record for a task, and its labels.
func (g *gatherer) add(task tasks.Task, record int, l fusion.Logits, label datasets.Label) {
	if g.outputs[task.Name] == nil {
		for _, head := range task.Heads {
			g.outputs[task.Name] = append(g.outputs[task.Name], calibrate.Outputs{Labels: len(head.Labels), YesNo: task.YesNo()})
		}
	}
	for h := range task.Heads {
		o := &g.outputs[task.Name][h]
		rows := 1
		switch {
		case task.YesNo():
			o.Truth, o.Logits = append(o.Truth, report.TrueFlags(label.Flags[h])...), append(o.Logits, l.Values[h]...)
		case task.PerToken():
			truth, logits := words(l, l.Values[h], label.Classes, o.Labels)
			o.Truth, o.Logits, rows = append(o.Truth, truth...), append(o.Logits, logits...), len(truth)
		default:
			o.Truth, o.Logits = append(o.Truth, report.TrueClass(label.Classes[h], o.Labels)), append(o.Logits, l.Values[h]...)
		}
		o.Records = append(o.Records, slices.Repeat([]int{record}, rows)...)
		if g.languages != nil {
			o.Groups = append(o.Groups, slices.Repeat([]string{g.languages[record-1]}, rows)...)
		}
	}
}

// fit calibrates the first model, with what its runs have gathered, and adds the
// calibration to the result.
func (e *evaluation) fit(r *Result) error {
	m := e.candidates[0].models[0]
	c := &calibrate.Calibration{LanguageField: e.LanguageField, Heads: map[string]map[string]calibrate.Head{}}
	for i := range r.Models[0].Reports {
		if err := e.fitTask(c, r.Models[0].Outputs[i].Task, &r.Models[0].Reports[i]); err != nil {
			return err
		}
	}
	if len(c.Heads) == 0 {
		return fmt.Errorf("--calibrate: no head has %d records or more with a label: use more data, or a model with a larger share of held-out records", calibrate.LeastRecords)
	}
	for _, wish := range e.Recall {
		t, err := e.fitRecall(c, m.Tasks, wish)
		if err != nil {
			return fmt.Errorf("%s: %w", wish, err)
		}
		c.Thresholds = append(c.Thresholds, t)
	}
	var err error
	if c.Model, err = fusion.HashDir(m.dir); err != nil {
		return fmt.Errorf("--calibrate: %w", err)
	}
	e.warnOfLost(c, m.dir, m.Tasks)
	r.Calibration = c
	return nil
}

// warnOfLost warns of what the calibration in the model's folder has, which c replaces, and
// c has not.
func (e *evaluation) warnOfLost(c *calibrate.Calibration, dir string, list []tasks.Task) {
	earlier, err := calibrate.Read(dir, func() (string, error) { return c.Model, nil }, list)
	if err != nil || earlier == nil {
		return // nothing uses it
	}
	var lost []string
	for _, task := range list {
		for _, head := range task.Heads {
			_, had := earlier.Heads[task.Name][head.Name]
			if _, has := c.Heads[task.Name][head.Name]; had && !has {
				lost = append(lost, task.Name+"."+head.Name)
			}
		}
	}
	for _, t := range earlier.Thresholds {
		same := func(o calibrate.Threshold) bool { return o.Task == t.Task && o.Head == t.Head && o.Label == t.Label }
		if !slices.ContainsFunc(c.Thresholds, same) {
			lost = append(lost, Recall{t.Task, t.Head, t.Label, t.Recall}.String())
		}
	}
	if lost != nil {
		e.warn("the earlier calibration is replaced, and with it that of %s: calibrate all that is wanted in one run", strings.Join(lost, ", "))
	}
}

// fitTask calibrates the heads of a task.
func (e *evaluation) fitTask(c *calibrate.Calibration, task tasks.Task, made *report.Report) error {
	for h, head := range task.Heads {
		name := task.Name + "." + head.Name
		if task.PerToken() && !tasks.SchemeOf(head.Labels).Plain() {
			e.warn("%s isn't calibrated: its labels are tags, such as B-NAME", name)
			continue
		}
		f, err := calibrate.Fit(e.gathered.outputs[task.Name][h], task.Kind == tasks.MultiClass)
		switch {
		case errors.Is(err, calibrate.ErrTooFew):
			e.warn("%s isn't calibrated: %v", name, err)
			continue
		case err != nil:
			return fmt.Errorf("calibrate %s: %w", name, err)
		case !f.Best:
			e.warn("%s keeps its probabilities: no temperature is best for these records (is there no mistake among them?)", name)
		}
		if task.Kind == tasks.MultiClass && len(f.Sets) < len(calibrate.Coverages()) {
			e.warn("%s: too few records, or too many with unknown labels, for all sets of labels", name)
		}
		if c.Heads[task.Name] == nil {
			c.Heads[task.Name] = map[string]calibrate.Head{}
		}
		c.Heads[task.Name][head.Name] = f.Head
		made.Heads[h].Calibrated = &f.After
	}
	return nil
}

// fitRecall fits a threshold for a wish.
func (e *evaluation) fitRecall(c *calibrate.Calibration, list []tasks.Task, wish Recall) (t calibrate.Threshold, err error) {
	var task tasks.Task
	head := -1
	for _, one := range list {
		if one.PerToken() || wish.Task != "" && wish.Task != one.Name {
			continue
		}
		h := slices.IndexFunc(one.Heads, func(h tasks.Head) bool { return h.Name == wish.Head || h.Field == wish.Head })
		if h >= 0 && head >= 0 {
			return t, fmt.Errorf("tasks %s and %s have such a head; say which, as in %s.%s", task.Name, one.Name, task.Name, wish.Head)
		}
		if h >= 0 {
			task, head = one, h
		}
	}
	if head < 0 {
		return t, errors.New("the model has no such head of classes or yes/no outputs")
	}
	labels := task.Heads[head].Labels
	label := slices.Index(labels, wish.Label)
	if label < 0 && task.Name == tasks.CLSName && task.Heads[head].Name == "priority" {
		label = slices.IndexFunc(labels, func(l string) bool { return triage.Meaning(l) == wish.Label })
	}
	outputs := e.gathered.outputs[task.Name]
	switch {
	case label < 0:
		return t, fmt.Errorf("the head has no such label; it has %s", strings.Join(labels, ", "))
	case outputs == nil:
		return t, fmt.Errorf("there is no data for task %s", task.Name)
	}
	name := task.Heads[head].Name
	t = calibrate.Threshold{Task: task.Name, Head: name, Label: labels[label], Recall: wish.Share}
	return outputs[head].Recall(t, label, c.Temperature(task.Name, name))
}

// SaveCalibration writes the calibration into the model's folder, whole or not at all.
func (r *Result) SaveCalibration() error {
	if r.Calibration == nil {
		return errors.New("save the calibration: there is none; ask for one with Options.Calibrate")
	}
	return r.Calibration.Write(r.options.Model)
}
