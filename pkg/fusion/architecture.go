package fusion

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/trident-nlp/trident/internal/weights"
	"github.com/trident-nlp/trident/pkg/backbone"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// tokenClassifier is the class of Hugging Face that reads a model of NER alone.
const tokenClassifier = "DistilBertForTokenClassification"

// configJSON is config.json: the encoder's configuration with what Hugging
// Face adds, and the tasks.
func (a Architecture) configJSON() ([]byte, error) {
	d := struct {
		Architectures []string `json:"architectures"`
		backbone.Config
		DType   string            `json:"torch_dtype"`
		ID2     map[string]string `json:"id2label,omitempty"` // of a tokenClassifier
		ToID    map[string]int    `json:"label2id,omitempty"`
		Trident *layout           `json:"trident"`
	}{
		Architectures: []string{"AttentionFusionModel"}, Config: a.Config, DType: "float32",
		Trident: &layout{a.EncoderName, a.Tasks},
	}
	if a.isTokenClassifier() {
		d.Architectures = []string{tokenClassifier}
		d.ID2, d.ToID = labelIDs(a.Tasks[0].Heads[0].Labels)
	}
	data, err := json.MarshalIndent(d, "", "  ")
	return append(data, '\n'), err
}

// isTokenClassifier reports whether Hugging Face's class can read the weights.
func (a Architecture) isTokenClassifier() bool {
	return len(a.Tasks) == 1 && a.EncoderName == "distilbert" && a.Tasks[0].Kind == tasks.Token &&
		a.Tasks[0].Transform == "" && a.Tasks[0].Heads[0].Param == "classifier"
}

// readArchitecture finds out what the model in dir is made of: from config.json
// where there is one, otherwise from the weights. labels names the file that its
// labels are from.
func readArchitecture(dir string, file *weights.File) (a Architecture, labels string, err error) {
	made := madeBy(file.Names())
	a.EncoderName = made.encoder()
	described := made.tasks()
	d, err := readDescription(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		a.Config, err = configOfShapes(file, a.EncoderName)
	case err == nil:
		a.Config, err = backbone.ReadConfig(filepath.Join(dir, ConfigFile))
	}
	if err != nil {
		return a, "", err
	}
	if d.Trident != nil {
		a.EncoderName, described = d.Trident.Encoder, d.Trident.Tasks
		if len(described) == 0 {
			return a, "", fmt.Errorf("%s: the model has no tasks", ConfigFile)
		}
	}
	maps, err := os.ReadFile(filepath.Join(dir, LabelMapsFile))
	switch {
	case errors.Is(err, fs.ErrNotExist) && made != unknownMaker:
		a.Tasks, labels, err = made.labelled(dir, d)
		return a, labels, err
	case errors.Is(err, fs.ErrNotExist) && !hasHeads(file):
		return a, "", fmt.Errorf("not a model directory: %s holds an encoder alone; train a model from it, by backbone.model_name", filepath.Base(file.Path()))
	case errors.Is(err, fs.ErrNotExist):
		return a, "", strange(d, file)
	case err != nil:
		return a, "", fmt.Errorf("not a model directory: %w", err)
	}
	if a.Tasks, err = tasks.UnmarshalLabelMaps(maps, described); err != nil {
		return a, "", fmt.Errorf("%s: %w; %s", LabelMapsFile, err, copyFolder)
	}
	return a, LabelMapsFile, a.checkLabels(dir, d)
}

// checkFollows wants what the heads say of each other to fit the labels.
func (a Architecture) checkFollows() error {
	for _, task := range a.Tasks {
		if err := task.CheckFollows(); err != nil {
			return fmt.Errorf("task %s: %w", task.Name, err)
		}
	}
	return nil
}

// LabelMaps returns the model's label_maps.json.
func (a Architecture) LabelMaps() ([]byte, error) { return tasks.MarshalLabelMaps(a.Tasks) }
