package run

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/trident-nlp/trident/internal/terminal"
	"github.com/trident-nlp/trident/pkg/distill"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/trainer"
)

// teachers are the teachers whose hidden states are needed during training.
type teachers []*distill.Teacher

func (t teachers) drop() {
	for _, teacher := range t {
		teacher.Drop()
	}
}

// askTeachers computes the teachers' logits for the training records, or reads them from
// the cache, and sets the trainer's distillation settings. A teacher with alpha and
// hidden_weight 0 isn't opened. Teachers that are still needed during training are
// stored in the run, also after an error.
func (r *Run) askTeachers(ctx context.Context) error {
	r.settings.Distill = map[string]trainer.Distillation{}
	for _, task := range r.data.tasks() {
		asked, found := r.config.Distill.Teachers[task.Name]
		if !found || !asked.Used() {
			continue
		}
		teacher, err := distill.Open(asked.Model, task, r.device)
		if err != nil {
			return err
		}
		r.teachers = append(r.teachers, teacher)
		if warning := teacher.Warning(); warning != "" {
			fmt.Fprintf(r.options.Err, "train: warning: %s: %s\n", asked.Model, warning)
		}
		learning := trainer.Distillation{Alpha: asked.Alpha, Temperature: asked.Temperature, HiddenWeight: asked.HiddenWeight}
		if asked.HiddenWeight > 0 {
			if err := teacher.SharesTokens(r.data.tokenizer, r.model.Config.Dim, r.config.Tokenizer.MaxLength); err != nil {
				return err
			}
			learning.Teacher = teacher.Model()
		}
		if asked.Alpha > 0 {
			if err := r.soften(ctx, teacher, task.Name); err != nil {
				return err
			}
		}
		if asked.HiddenWeight == 0 {
			teacher.Drop()
			r.teachers = r.teachers[:len(r.teachers)-1]
		}
		r.settings.Distill[task.Name] = learning
	}
	return nil
}

// soften adds a teacher's logits to the training examples.
func (r *Run) soften(ctx context.Context, teacher *distill.Teacher, task string) error {
	s, at := r.data.find(task)
	dir, err := cacheDir(r.config.Distill.CacheDir)
	if err != nil {
		return err
	}
	started := time.Now()
	progress, done := newAsking(r.options.Err, r.options.Out, task)
	logits, cached, err := teacher.Logits(ctx, s.records, dir, progress)
	done()
	if err != nil {
		return err
	}
	share, err := teacher.Soften(logits, s.records.Texts, r.data.tokenizer, at, s.split.Train)
	if err != nil {
		return err
	}
	from := "asked in " + time.Since(started).Round(100*time.Millisecond).String()
	if cached {
		from = "as asked before, kept in " + dir
	}
	fmt.Fprintf(r.options.Out, "Teacher of %-4s %s: speaks of %.1f%% of the labels (%s)\n", task+":", r.config.Distill.Teachers[task].Model, 100*share, from)
	return nil
}

// find returns the source of a task, which must exist, and the index of the task in it.
func (d *data) find(task string) (of source, at int) {
	for _, s := range d.sources {
		if at := slices.Index(tasks.Names(s.set.Tasks), task); at >= 0 {
			return s, at
		}
	}
	return source{}, -1
}

// cacheDir is the folder for the teachers' logits: the configured one, or else one in
// the user's cache.
func cacheDir(asked string) (string, error) {
	if asked != "" {
		return asked, nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find a place for the teachers' logits: %w; name one in distill.cache_dir", err)
	}
	return filepath.Join(dir, "trident", "teachers"), nil
}

// newAsking shows the progress of a teacher.
func newAsking(out, lines io.Writer, task string) (progress func(done, total int), finish func()) {
	bar := terminal.NewProgress(out, "Asking the teacher of "+task, 0, terminal.Options{Lines: lines})
	return func(done, total int) { bar.Set(int64(done), int64(total), "") }, bar.Finish
}
