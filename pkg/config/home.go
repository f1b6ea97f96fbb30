package config

import (
	"fmt"
	"maps"
	"slices"

	"github.com/trident-nlp/trident/internal/home"
)

// expandHome replaces ~ by the home folder in every path, except MLflow's URI, which is
// expanded where it is opened.
func (c *Config) expandHome() error {
	paths := []struct {
		key  string
		path *string
	}{
		{"backbone.model_name", &c.Backbone.ModelName},
		{"data.ner_path", &c.Data.NERPath},
		{"data.classification_path", &c.Data.ClassificationPath},
		{"data.qa_path", &c.Data.QAPath},
		{"data.reviews", &c.Data.Reviews},
		{"distill.cache_dir", &c.Distill.CacheDir},
		{"output.model_dir", &c.Output.ModelDir},
	}
	add := func(key string, path *string) {
		paths = append(paths, struct {
			key  string
			path *string
		}{key, path})
	}
	for i := range c.Tasks {
		add(fmt.Sprintf("tasks[%d].file", i+1), &c.Tasks[i].File)
	}
	for i := range c.Data.PretrainPath {
		add(fmt.Sprintf("data.pretrain_path[%d]", i+1), &c.Data.PretrainPath[i])
	}
	for i := range c.Distill.UnlabelledPath {
		add(fmt.Sprintf("distill.unlabelled_path[%d]", i+1), &c.Distill.UnlabelledPath[i])
	}
	for _, name := range slices.Sorted(maps.Keys(c.Distill.Teachers)) {
		teacher := c.Distill.Teachers[name]
		for i := range teacher.Model {
			add(teacher.ModelKey("distill.teachers."+name, i), &teacher.Model[i])
		}
	}
	if e := c.Distill.Encoder; e != nil {
		add("distill.encoder.model", &e.Model)
	}
	for _, p := range paths {
		var err error
		if *p.path, err = home.Expand(*p.path); err != nil {
			return fmt.Errorf("configuration: %s: %w", p.key, err)
		}
	}
	return nil
}
