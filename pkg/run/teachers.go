package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/trident-nlp/trident/internal/terminal"
	"github.com/trident-nlp/trident/pkg/config"
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

// askTeachers computes the teachers' logits for the training records, and for the calls
// without labels that they also teach, or reads them from the cache, and sets the
// trainer's distillation settings. A teacher with alpha and hidden_weight 0 isn't opened.
// Teachers that are still needed during training are stored in the run, also after an
// error.
func (r *Run) askTeachers(ctx context.Context) error {
	r.settings.Distill = map[string]trainer.Distillation{}
	held := newHeldTexts(r.data)
	for _, task := range r.data.tasks() {
		asked, found := r.config.Distill.Teachers[task.Name]
		if !found || !asked.Used() {
			continue
		}
		members, err := distill.OpenAll(asked.Model, task, r.device)
		if err != nil {
			return err
		}
		r.teachers = append(r.teachers, members...)
		for i, member := range members {
			member.Damaged = func(err error) {
				fmt.Fprintf(r.options.Err, "train: warning: %v: the teacher of %s is asked again\n", err, task.Name)
			}
			if warning := member.Warning(); warning != "" {
				fmt.Fprintf(r.options.Err, "train: warning: %s: %s\n", asked.Model[i], warning)
			}
			if r.data.windowed() && !member.Model().Windows.On() {
				fmt.Fprintf(r.options.Err, "train: warning: %s: the teacher of %s truncates long calls: it teaches their beginning alone\n", asked.Model[i], task.Name)
			}
		}
		learning := trainer.Distillation{
			Alpha: asked.Alpha, Temperature: asked.Temperature, HiddenWeight: asked.HiddenWeight,
			AnnealingRatio: asked.AnnealingRatio, SoftWeight: r.config.Distill.SoftWeight,
		}
		if asked.HiddenWeight > 0 { // of a single model
			if err := members[0].SharesTokens(r.data.tokenizer, r.model.Config.Dim, r.config.Tokenizer.MaxLength); err != nil {
				return err
			}
			members[0].Model().SetBatchTokens(r.config.PassTokens())
			learning.Teacher = inWindows{members[0].Model(), r.architecture.Windows}
		}
		if asked.Alpha > 0 {
			if err := r.soften(ctx, members, task.Name); err != nil {
				return err
			}
			if err := r.teachOthers(ctx, members, task, held); err != nil {
				return err
			}
		}
		if asked.HiddenWeight == 0 {
			members.Drop()
			r.teachers = r.teachers[:len(r.teachers)-len(members)]
		}
		r.settings.Distill[task.Name] = learning
	}
	return nil
}

// soften adds a teacher's logits to the training examples with labels.
func (r *Run) soften(ctx context.Context, members distill.Ensemble, task string) error {
	s, at := r.data.find(task)
	dir, err := cacheDir(r.config.Distill.CacheDir)
	if err != nil {
		return err
	}
	started := time.Now()
	progress, done := newAsking(r.options.Err, r.options.Out, task)
	targets, cached, err := members.Targets(ctx, s.records, dir, progress)
	done()
	if err != nil {
		return err
	}
	share, err := targets.Soften(s.records.Texts, r.data.tokenizer, at, s.split.Train)
	if err != nil {
		return err
	}
	from := "asked in " + time.Since(started).Round(100*time.Millisecond).String()
	if cached {
		from = "as asked before, kept in " + dir
	}
	fmt.Fprintf(r.options.Out, "Teacher of %-4s %s: speaks of %.1f%% of the labels (%s)%s\n", task+":", modelsText(r.config.Distill.Teachers[task]), 100*share, from, annealingText(r.config.Distill.Teachers[task]))
	return nil
}

// modelsText names a teacher's models.
func modelsText(teacher config.Teacher) string {
	if len(teacher.Model) == 1 {
		return teacher.Model[0]
	}
	return fmt.Sprintf("the mean of %d models, %s", len(teacher.Model), strings.Join(teacher.Model, ", "))
}

// annealingText says how the weight of an annealed teacher falls; "" of any other.
func annealingText(teacher config.Teacher) string {
	if teacher.Annealing == "" || teacher.Alpha == 0 {
		return ""
	}
	return fmt.Sprintf("; its weight falls from %g to 0 in %g%% of the steps", teacher.Alpha, 100*teacher.AnnealingRatio)
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
// the user's cache. It needn't exist.
func cacheDir(asked string) (string, error) {
	dir := asked
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("find a place for the teachers' logits: %w; name one in distill.cache_dir", err)
		}
		dir = filepath.Join(cache, "trident", "teachers")
	}
	info, err := os.Stat(dir)
	if err == nil && !info.IsDir() || errors.Is(err, syscall.ENOTDIR) {
		return "", fmt.Errorf("keep the teachers' logits in %s: it, or what it is in, is a file: name a folder in distill.cache_dir", dir)
	}
	return dir, nil
}

// newAsking shows the progress of a teacher.
func newAsking(out, lines io.Writer, task string) (progress func(done, total int), finish func()) {
	bar := terminal.NewProgress(out, "Asking the teacher of "+task, 0, terminal.Options{Lines: lines})
	return func(done, total int) { bar.Set(int64(done), int64(total), "") }, bar.Finish
}
