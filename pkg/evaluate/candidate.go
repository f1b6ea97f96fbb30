package evaluate

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/trident-nlp/trident/internal/cli"
	"github.com/trident-nlp/trident/pkg/calibrate"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/report"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// candidate is a row of the comparison: a model, or several that do the tasks together.
type candidate struct {
	name       string
	models     []*loaded
	parameters int64
	millis     float64 // per call; 0: not timed
	outputs    []report.Outputs
	scope      map[string]Scope      // by task
	texts      []datasets.Transcript // the scored calls
}

// loaded is a model in memory.
type loaded struct {
	*fusion.Model
	tok   *tokenize.Tokenizer
	dir   string
	reads []source

	predictor   *fusion.Predictor
	calibration *calibrate.Calibration // nil: none
	most        int                    // tokens of a call that are read; math.MaxInt: all
}

func (e *evaluation) drop() {
	for _, c := range e.candidates {
		for _, m := range c.models {
			m.Drop()
		}
	}
}

// load loads all candidates and checks the options against their tasks.
func (e *evaluation) load(ctx context.Context) error {
	for _, name := range append([]string{e.Model}, e.Compare...) {
		c := &candidate{name: name, scope: map[string]Scope{}}
		e.candidates = append(e.candidates, c)
		for _, dir := range directories(name) {
			if err := cli.CheckModelDir(dir); err != nil {
				return err
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			m, tok, err := fusion.Load(dir, e.device)
			if err != nil {
				return err
			}
			if unused := fusion.UnusedRows(m.Config, tok); unused != "" {
				e.warn("%s: %s", dir, unused)
			}
			one := &loaded{Model: m, tok: tok, dir: dir, predictor: fusion.NewPredictor(m, tok)}
			c.models = append(c.models, one)
			if !e.Calibrate {
				if one.calibration, err = fusion.ReadCalibration(dir, m.Tasks); err != nil {
					return err
				}
			}
			c.parameters += m.Params().Count()
			if one.most, err = one.predictor.MaxTokens(e.predictOptions()); err != nil {
				return fmt.Errorf("%s: %w", dir, err)
			}
			if one.most == 0 {
				one.most = math.MaxInt
			}
		}
		if err := c.checkTasks(); err != nil {
			return err
		}
	}
	if err := e.checkData(); err != nil {
		return err
	}
	var all []tasks.Task
	for _, c := range e.candidates {
		if err := e.findSources(c); err != nil {
			return err
		}
		for _, m := range c.models {
			all = append(all, m.Tasks...)
		}
	}
	return e.thresholds.Check(all)
}

// findSources determines the data for the models' tasks.
func (e *evaluation) findSources(c *candidate) (err error) {
	files := 0
	for _, m := range c.models {
		if m.reads, err = e.sources(m); err != nil {
			return err
		}
		files += len(m.reads)
	}
	if files == 0 {
		return fmt.Errorf("there is no data for a task of %s, which does %s; give it as in --data TASK=FILE", c.name, strings.Join(c.tasks(), ", "))
	}
	return nil
}

// directories splits DIR+DIR+…, unless that is the name of a single directory.
func directories(name string) []string {
	if _, err := os.Stat(name); err == nil {
		return []string{name}
	}
	return strings.Split(name, "+")
}

// checkTasks refuses a task that several of the models have.
func (c *candidate) checkTasks() error {
	by := map[string]string{}
	for _, m := range c.models {
		for _, task := range m.Tasks {
			if other, twice := by[task.Name]; twice {
				return fmt.Errorf("%s: both %s and %s do task %s; set them beside each other with --compare", c.name, other, m.dir, task.Name)
			}
			by[task.Name] = m.dir
		}
	}
	return nil
}

func (c *candidate) tasks() []string {
	var names []string
	for _, m := range c.models {
		names = append(names, tasks.Names(m.Tasks)...)
	}
	return names
}

// score runs a candidate's models on the data of their tasks.
func (e *evaluation) score(ctx context.Context, c *candidate) error {
	for _, m := range c.models {
		for _, s := range m.reads {
			if err := e.scoreSource(ctx, c, m, s); err != nil {
				return err
			}
		}
	}
	return nil
}

// limits are those of training: a record that is cut keeps the labels before if the model
// reads windows, and has none of a token task otherwise.
func (e *evaluation) limits(m *loaded) datasets.Limits {
	l := datasets.Limits{MaxLength: m.most, Truncate: true}
	if m.Windows.On() && fusion.LongOf(e.Long) != fusion.LongTruncate {
		l.Windows = m.Windows
		if m.most == math.MaxInt {
			l.Windows.MaxTokens = 0
		}
	}
	return l
}

func (e *evaluation) scoreSource(ctx context.Context, c *candidate, m *loaded, s source) error {
	records, err := datasets.Load(ctx, s.Source)
	var found *datasets.BadRecords
	switch {
	case errors.As(err, &found) && !found.Unreadable:
		return fmt.Errorf("%w; mend it, or leave out what can't be used with --skip-bad-records", err)
	case err != nil:
		return err
	}
	if n := records.Problems.Total(); n > 0 {
		e.warn("%s: left out %d of %d records: %s", s.Path, n, len(records.Texts), records.Problems.ByKind())
	}
	for _, warning := range records.Warnings {
		e.warn("%s: %s", s.Path, warning)
	}
	e.gathered.languages = nil
	if e.LanguageField != "" {
		if e.gathered.languages = records.Languages; !slices.ContainsFunc(records.Languages, func(name string) bool { return name != "" }) {
			return badOptions("--language-field %s: no record of %s has such a field", e.LanguageField, s.Path)
		}
	}
	set, err := records.Encode(ctx, m.tok, e.limits(m))
	if err != nil {
		return err
	}
	listed, what, err := s.records(len(records.Texts))
	if err != nil {
		return err
	}
	maps.DeleteFunc(listed, func(number int, _ bool) bool { return !records.Usable(number) })
	set.Examples = those(listed, set.Examples)
	if len(set.Examples) == 0 {
		return fmt.Errorf("%s: no record is left to score: all %d are longer than the %d tokens that %s reads", s.Path, len(listed), m.most, m.dir)
	}
	for t, task := range set.Tasks {
		c.scope[task.Name] = Scope{File: s.Path, Records: what, Dropped: dropped(set, t, len(listed), m.most)}
	}
	texts := make([]datasets.Transcript, len(set.Examples))
	for i, ex := range set.Examples {
		texts[i] = records.Texts[ex.Record-1]
	}
	c.texts = append(c.texts, texts...)
	outputs, truncated, err := e.collect(ctx, m, set, texts)
	if err != nil {
		return fmt.Errorf("%s on %s: %w", m.dir, s.Path, err)
	}
	for _, task := range set.Tasks {
		if scope := c.scope[task.Name]; !task.PerToken() || e.limits(m).Windows.On() { // otherwise token tasks' are dropped
			scope.Truncated = truncated
			c.scope[task.Name] = scope
		}
	}
	c.outputs = append(c.outputs, outputs...)
	return nil
}
