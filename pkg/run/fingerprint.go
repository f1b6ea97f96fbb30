package run

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/trident-nlp/trident/pkg/backbone"
	"github.com/trident-nlp/trident/pkg/config"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/pretrain"
)

// errChanged is returned, wrapped, for a run that can't be resumed because its
// configuration or data has changed.
var errChanged = errors.New("not the run that was stopped")

// mutableKeys are prefixes of the settings that may differ when a run is resumed: they
// affect locations, retention and speed, but not training. Data files are compared by
// their contents instead.
var mutableKeys = []string{
	"output.", "mlflow.", "data.generate.", "distill.cache_dir", "distill.train_teachers", "data.ner_path", "data.classification_path", "data.qa_path", "data.reviews", "data.pretrain_path", "distill.unlabelled_path",
	"training.threads", "training.save_steps", "training.save_minutes", "training.max_bad_steps", "training.rank_timeout_minutes",
	"training.rank_backend", "training.gradient_checkpointing",
}

// filePrefix is the prefix of keys for the contents of data files.
const filePrefix = "the file of "

// fingerprint contains what must not change when a run is resumed: each setting that
// affects training, and each data file's contents.
func fingerprint(c config.Config, sources []source) (map[string]string, error) {
	all, err := c.Settings()
	if err != nil {
		return nil, err
	}
	maps.DeleteFunc(all, func(key, _ string) bool {
		return slices.ContainsFunc(mutableKeys, func(prefix string) bool { return strings.HasPrefix(key, prefix) }) ||
			strings.HasPrefix(key, "tasks.") && strings.HasSuffix(key, ".file")
	})
	for _, s := range sources {
		all[filePrefix+s.train.Name()] = fmt.Sprintf("%s, %d records", s.digest, s.set.Filters[0].Before)
	}
	return all, nil
}

// modelTypeKey is the key for the actual model type of backbone.model_name. Runs with
// DistilBERT don't have it, nor do the states of earlier versions.
const modelTypeKey = "the encoder's model type"

// These represent the files of backbone.model_name where no tensor's shape does. States of
// earlier versions don't have them.
const (
	encoderKey    = "the encoder's configuration"
	vocabularyKey = "the tokenizer's vocabulary"
)

// reviewsKey is the key for what the reviews of data.reviews say. Runs without them don't
// have it.
const reviewsKey = "the reviews"

// teacherPrefix is the prefix of keys for the contents of teachers' folders. States of
// earlier versions don't have them.
const teacherPrefix = "the teacher of "

// addTeachers adds the contents of the folders of teachers that the run learns from.
func (r *Run) addTeachers(all map[string]string) error {
	folders := map[string][]string{}
	for task, teacher := range r.config.Distill.Teachers {
		if teacher.Used() {
			folders[task] = teacher.Model
		}
	}
	if r.pretraining != nil && r.pretraining.teacher.dir != "" {
		folders[pretrain.TaskName] = []string{r.pretraining.teacher.dir}
	}
	for task, dirs := range folders {
		var hashes []string
		for _, dir := range dirs {
			hash, err := fusion.HashDir(dir)
			if err != nil {
				return fmt.Errorf("identify the teacher of %s: %w", task, err)
			}
			hashes = append(hashes, hash[:8])
		}
		all[teacherPrefix+task] = strings.Join(hashes, ", ")
	}
	return nil
}

// fingerprint is that of the run's configuration and data, and of its encoder.
func (r *Run) fingerprint() (map[string]string, error) {
	all, err := fingerprint(r.config, r.data.sources)
	if err != nil {
		return nil, err
	}
	if u := r.data.unlabelled; u != nil {
		all[filePrefix+datasets.Unlabelled] = fmt.Sprintf("%s, %d calls", u.digest, len(u.texts))
	}
	if reviews := r.data.reviews; reviews != nil {
		all[reviewsKey] = fmt.Sprintf("%s, %d calls", reviews.digest, len(reviews.Calls))
	}
	c := r.architecture.Config
	if c.ModelType != backbone.DistilBERT {
		all[modelTypeKey] = c.ModelType
	}
	all[encoderKey] = fmt.Sprintf("%d heads, %s, layer_norm_eps %g", c.Heads, c.Activation, c.LayerNormEps)
	vocabulary := sha256.New()
	for id := range r.data.tokenizer.VocabSize() {
		fmt.Fprintln(vocabulary, r.data.tokenizer.Token(int32(id)))
	}
	if err := r.addTeachers(all); err != nil {
		return nil, err
	}
	all[vocabularyKey] = fmt.Sprintf("%d tokens, %x", r.data.tokenizer.VocabSize(), vocabulary.Sum(nil)[:4])
	return all, nil
}

// changes names the settings that differ, with both values.
func changes(was, is map[string]string) []string {
	both := maps.Clone(was)
	maps.Copy(both, is)
	var list []string
	for _, key := range slices.Sorted(maps.Keys(both)) {
		before, had := was[key]
		now, has := is[key]
		switch {
		case before == now && had == has:
		case !had && (key == encoderKey || key == vocabularyKey || strings.HasPrefix(key, teacherPrefix)): // a state of an earlier version
		default:
			list = append(list, fmt.Sprintf("%s was %s, is %s", key, shown(was, key), shown(is, key)))
		}
	}
	return list
}

// completed adds to the settings was of a stopped run those of is that its version didn't
// have yet, with their defaults.
func completed(was, is map[string]string) (map[string]string, error) {
	defaults, err := config.Default(is["task"]).Settings()
	if err != nil {
		return nil, err
	}
	all := maps.Clone(was)
	for key := range is {
		_, had := was[key]
		if value, found := defaults[key]; found && !had {
			all[key] = value
		}
	}
	return all, nil
}

// shown is the value of a key in a message, or what its absence means.
func shown(values map[string]string, key string) string {
	value, found := values[key]
	switch {
	case !found && key == modelTypeKey:
		return strconv.Quote(backbone.DistilBERT)
	case !found:
		return "none"
	case key == reviewsKey || strings.HasPrefix(key, filePrefix) || strings.HasPrefix(key, teacherPrefix):
		return value
	}
	return strconv.Quote(value)
}
