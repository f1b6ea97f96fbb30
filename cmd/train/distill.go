package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/cli"
	"github.com/trident-nlp/trident/internal/terminal"
	"github.com/trident-nlp/trident/pkg/config"
	"github.com/trident-nlp/trident/pkg/distill"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/trainer"
)

// teachers are the models that the run learns from, as far as their hidden
// states are needed.
type teachers []*distill.Teacher

func (t teachers) drop() {
	for _, teacher := range t {
		teacher.Drop()
	}
}

// learnFrom asks the teachers about the training records, or reads what they
// said of them before, and tells the trainer how to learn from it. A teacher
// with alpha and hidden_weight 0 isn't even opened.
func learnFrom(ctx context.Context, c config.Config, d *data, dim int64, device gotch.Device, t *trainer.Trainer, io cli.Streams) (kept teachers, err error) {
	defer func() {
		if err != nil {
			kept.drop()
			kept = nil
		}
	}()
	t.Distil = map[string]trainer.Distillation{}
	for _, task := range d.tasks() {
		asked, found := c.Distill.Teachers[task.Name]
		if !found || asked.Alpha == 0 && asked.HiddenWeight == 0 {
			continue
		}
		teacher, err := distill.Open(asked.Model, task, device)
		if err != nil {
			return kept, err
		}
		kept = append(kept, teacher)
		if warning := teacher.Warning(); warning != "" {
			fmt.Fprintf(io.Err, "train: warning: %s: %s\n", asked.Model, warning)
		}
		learning := trainer.Distillation{Alpha: asked.Alpha, Temperature: asked.Temperature, HiddenWeight: asked.HiddenWeight}
		if asked.HiddenWeight > 0 {
			if err := teacher.SharesTokens(d.tokenizer, dim, c.Tokenizer.MaxLength); err != nil {
				return kept, err
			}
			learning.Teacher = teacher.Model()
		}
		if asked.Alpha > 0 {
			if err := soften(ctx, c, d, teacher, task, io); err != nil {
				return kept, err
			}
		}
		if asked.HiddenWeight == 0 {
			teacher.Drop()
			kept = kept[:len(kept)-1]
		}
		t.Distil[task.Name] = learning
	}
	return kept, nil
}

// soften puts a teacher's logits beside the training examples.
func soften(ctx context.Context, c config.Config, d *data, teacher *distill.Teacher, task tasks.Task, io cli.Streams) error {
	set, at := d.find(task.Name)
	dir, err := cacheDir(c)
	if err != nil {
		return err
	}
	started := time.Now()
	progress, done := newAsking(io.Err, io.Out, task.Name)
	logits, cached, err := teacher.Logits(ctx, d.records[set], dir, progress)
	done()
	if err != nil {
		return err
	}
	share, err := teacher.Soften(logits, d.records[set].Texts, d.tokenizer, at, d.splits[set].Train)
	if err != nil {
		return err
	}
	from := "asked in " + time.Since(started).Round(100*time.Millisecond).String()
	if cached {
		from = "as asked before, kept in " + dir
	}
	fmt.Fprintf(io.Out, "Teacher of %-4s %s: speaks of %.1f%% of the labels (%s)\n", task.Name+":", c.Distill.Teachers[task.Name].Model, 100*share, from)
	return nil
}

// find returns the indices of a task's set, and of the task in it.
func (d *data) find(task string) (set, at int) {
	for i, s := range d.sets {
		if at := slices.Index(tasks.Names(s.Tasks), task); at >= 0 {
			return i, at
		}
	}
	return -1, -1
}

// cacheDir is where teachers' logits are kept.
func cacheDir(c config.Config) (string, error) {
	if c.Distill.CacheDir != "" {
		return c.Distill.CacheDir, nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find a place for the teachers' logits: %w; name one in distill.cache_dir", err)
	}
	return filepath.Join(dir, "trident", "teachers"), nil
}

// newAsking shows how far a teacher has read.
func newAsking(out, lines io.Writer, task string) (progress func(done, total int), finish func()) {
	bar := terminal.NewProgress(out, "Asking the teacher of "+task, 0, terminal.Options{Lines: lines})
	return func(done, total int) { bar.Set(int64(done), int64(total), "") }, bar.Finish
}
