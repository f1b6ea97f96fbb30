package main

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/trident-nlp/trident/internal/cli"
	"github.com/trident-nlp/trident/pkg/config"
)

// Configurations over which recipes and stages set keys.
const (
	tasksConfig    = "configs/quickstart.yaml"
	pretrainConfig = "configs/pretrain.yaml"
)

// team are a recipe's finished models, which do the three tasks together.
type team struct {
	dirs   []string
	byTask map[string]string  // folder, by task
	rates  map[string]float64 // learning rates, by part; nil without a search
	curves map[string][]point // of all models together

	training    cost // of these models
	teachers    cost // of their teachers
	pretraining cost // of the stages, once for all seeds
	searching   cost // of the trainings that chose learning rates, the chosen ones included, once for all seeds
}

// teacherSeeds lies between the seeds of teachers whose mean is taken: models of the seeds
// that are compared aren't among them.
const teacherSeeds = 1000

// train trains a recipe's models, after its stages and teachers, except those that are finished.
func (c *compare) train(ctx context.Context, r recipe, s sets, seed uint64) (team, error) {
	t := team{byTask: map[string]string{}, curves: map[string][]point{}}
	values := map[string]string{"encoder": c.Encoder}
	from, anywhere, err := c.trainStages(ctx, r, values, &t)
	if err != nil {
		return t, err
	}
	if r.teachers != nil {
		dirs := map[string][]string{}
		for i := range max(1, r.averaged) {
			teachers, err := c.train(ctx, *r.teachers, s, seed+uint64(i)*teacherSeeds)
			if err != nil {
				return t, err
			}
			for task, dir := range teachers.byTask {
				dirs[task] = append(dirs[task], dir)
			}
			taught := fmt.Sprintf("teachers: %v %v", r.teachers.fingerprint(), teachers.rates)
			from, anywhere = append(from, taught), append(anywhere, taught)
			t.teachers = t.teachers.plus(teachers.training).plus(teachers.teachers)
			if i == 0 { // the others' are the same
				t.pretraining, t.searching = t.pretraining.plus(teachers.pretraining), t.searching.plus(teachers.searching)
			}
		}
		for task, list := range dirs {
			if values[task] = list[0]; len(list) > 1 {
				values[task] = "[" + strings.Join(list, ", ") + "]"
			}
		}
	}
	files, err := forEntities(s.train, r.entityTokens)
	if err != nil {
		return t, err
	}
	for _, p := range r.models() {
		m := model{
			name: strings.TrimSuffix(fmt.Sprintf("%s-%s%s-%s", s.folder, r.trainedAs(), foldName("-fold%d", s.fold), p.name), "-"),
			file: tasksConfig, settings: append(fill(r.of(p), values), paths(p, files)...), from: from,
			anySeed: slices.Concat(anywhere, r.of(p), []string{"encoder: " + c.Encoder, "calls: " + s.name}),
			first: func() error {
				_, err := c.train(ctx, r, s, c.Seeds[0])
				return err
			},
		}
		if err := c.trainPart(ctx, p, m, seed, &t); err != nil {
			return t, err
		}
	}
	return t, nil
}

// trainStages trains a recipe's stages, and adds their folders to values and their cost to t. It
// returns their settings, and those without the folders that differ between --work.
func (c *compare) trainStages(ctx context.Context, r recipe, values map[string]string, t *team) (from, anywhere []string, err error) {
	for _, stage := range r.stages {
		if stage.labelled {
			m, err := c.trainOnShort(ctx, stage)
			if err != nil {
				return nil, nil, err
			}
			values[stage.name], t.pretraining = m.dir, t.pretraining.plus(m.cost)
			from, anywhere = append(from, m.settings...), append(anywhere, stage.settings...)
			continue
		}
		calls, err := unlabelledCalls(filepath.Join(c.Work, "data"), c.unlabelled)
		if err != nil {
			return nil, nil, err
		}
		values["calls"] = calls
		dir := filepath.Join(c.Work, "models", stage.name)
		settings := fill(append([]string{"data.pretrain_path=$calls"}, stage.settings...), values)
		m, err := train(ctx, job{pretrainConfig, dir, settings, from, c.Threads})
		if err != nil {
			return nil, nil, err
		}
		values[stage.name], from, anywhere = dir, append(from, settings...), append(anywhere, stage.settings...)
		t.pretraining = t.pretraining.plus(m.Cost)
	}
	return from, anywhere, nil
}

// model is one of a recipe's models on some calls.
type model struct {
	name, file     string
	settings, from []string
	anySeed        []string     // settings without the seed's and the machine's folders
	first          func() error // trains the recipe's models with the first seed, and searches their learning rates
}

// job trains the model with a seed, and a learning rate unless that is 0.
func (c *compare) job(m model, seed uint64, rate float64) job {
	dir := filepath.Join(c.Work, "models", fmt.Sprintf("%s-%d", m.name, seed))
	settings := append(slices.Clone(m.settings), fmt.Sprintf("training.seed=%d", seed))
	if rate != 0 {
		dir += fmt.Sprintf("-rate%g", rate)
		settings = append(settings, fmt.Sprintf("training.learning_rate=%g", rate))
	}
	if slices.Contains(settings, "task="+config.TaskDistill) { // so that each recipe pays for its teachers' passes
		settings = append(settings, "distill.cache_dir="+dir+".teachers")
	}
	return job{m.file, dir, settings, m.from, c.Threads}
}

func (c *compare) trainPart(ctx context.Context, p part, m model, seed uint64, t *team) error {
	var rate float64
	if c.Search {
		found, err := c.search(ctx, m, seed)
		if err != nil {
			return err
		}
		if t.rates == nil {
			t.rates = map[string]float64{}
		}
		rate = found.Rate
		t.rates[partName(p)], t.searching = rate, t.searching.plus(found.Cost)
	}
	j := c.job(m, seed, rate)
	trained, err := train(ctx, j)
	if err != nil {
		return err
	}
	t.dirs, t.training = append(t.dirs, j.dir), t.training.plus(trained.Cost)
	maps.Copy(t.curves, trained.Curves)
	for _, task := range p.tasks {
		t.byTask[task] = j.dir
	}
	return nil
}

// partName names a part in results.
func partName(p part) string {
	if p.name == "" {
		return "all"
	}
	return p.name
}

// paths are the settings of the data files of a part's tasks. The other tasks have none.
func paths(p part, files calls) []string {
	list := []string{"data.ner_path=", "data.classification_path=", "data.qa_path="}
	for i, task := range taskNames() {
		if slices.Contains(p.tasks, task) {
			list[i] += files[i]
		}
	}
	return list
}

// check reports settings that the configuration refuses before anything is trained.
func (c *compare) check(chosen []recipe) error {
	for _, r := range chosen {
		if r.usesEncoder() && c.Encoder == fromScratch {
			return cli.Usagef("recipe %s starts from a pretrained encoder: name one with --encoder, such as .minilm (scripts/fetch_minilm.sh)", r.name)
		}
		for teachers := &r; teachers != nil; teachers = teachers.teachers {
			for _, p := range teachers.models() {
				values := map[string]string{"encoder": c.Encoder, "ner": "ner", "cls": "cls", "qa": "qa"}
				for _, s := range teachers.stages {
					values[s.name] = s.name
				}
				settings := fill(teachers.of(p), values)
				if _, _, err := config.Load(tasksConfig, over(tasksConfig, append(settings, paths(p, calls{"ner", "cls", "qa"})...))); err != nil {
					return cli.Usagef("recipe %s: %w", r.name, err)
				}
			}
		}
	}
	return nil
}

func folderName(name string) string {
	return strings.NewReplacer(" + ", "-", " × ", "-x-", " ", "-", ",", "").Replace(name)
}
