package fusion

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/trident-nlp/trident/internal/weights"
	"github.com/trident-nlp/trident/pkg/backbone"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// tokenClassifier is the class of Hugging Face that reads a model of NER alone.
const tokenClassifier = "DistilBertForTokenClassification"

// description is what config.json has beside the encoder's configuration.
type description struct {
	Architectures []string `json:"architectures"`
	backbone.Config
	DType   string            `json:"torch_dtype"`
	ID2     map[string]string `json:"id2label,omitempty"` // of a tokenClassifier
	ToID    map[string]int    `json:"label2id,omitempty"`
	Trident *layout           `json:"trident"` // nil in directories that we didn't write
}

// layout says how the model is put together; label_maps.json has the labels.
type layout struct {
	Encoder string       `json:"encoder"`
	Tasks   []tasks.Task `json:"tasks"`
}

// configJSON is config.json: the encoder's configuration with what Hugging
// Face adds, and the tasks.
func (a Architecture) configJSON() ([]byte, error) {
	d := description{
		Architectures: []string{"AttentionFusionModel"}, Config: a.Config, DType: "float32",
		Trident: &layout{a.EncoderName, a.Tasks},
	}
	if a.isTokenClassifier() {
		d.Architectures = []string{tokenClassifier}
		d.ID2, d.ToID = map[string]string{}, map[string]int{}
		for id, label := range a.Tasks[0].Heads[0].Labels {
			d.ID2[fmt.Sprint(id)], d.ToID[label] = label, id
		}
	}
	data, err := json.MarshalIndent(d, "", "  ")
	return append(data, '\n'), err
}

// isTokenClassifier reports whether Hugging Face's class can read the weights.
func (a Architecture) isTokenClassifier() bool {
	return len(a.Tasks) == 1 && a.EncoderName == "distilbert" && a.Tasks[0].Kind == tasks.Token &&
		a.Tasks[0].Transform == "" && a.Tasks[0].Heads[0].Param == "classifier"
}

// readArchitecture finds out what the model in dir is made of: from
// config.json where there is one, otherwise from the weights.
func readArchitecture(dir string, file *weights.File) (a Architecture, err error) {
	var described []tasks.Task
	a.EncoderName, described = layoutOf(file.Names())
	var d description
	switch d, err = readDescription(dir); {
	case errors.Is(err, fs.ErrNotExist):
		a.Config, err = configOfShapes(file, a.EncoderName)
	case err == nil:
		a.Config, err = backbone.ReadConfig(filepath.Join(dir, ConfigFile))
	}
	if err != nil {
		return a, err
	}
	if d.Trident != nil {
		a.EncoderName, described = d.Trident.Encoder, d.Trident.Tasks
		if len(described) == 0 {
			return a, fmt.Errorf("%s: the model has no tasks", ConfigFile)
		}
	}
	maps, err := os.ReadFile(filepath.Join(dir, LabelMapsFile))
	if errors.Is(err, fs.ErrNotExist) && slices.Contains(d.Architectures, tokenClassifier) {
		return a.ofTokenClassifier(d.ID2)
	}
	if err != nil {
		return a, fmt.Errorf("not a model directory: %w", err)
	}
	if a.Tasks, err = tasks.UnmarshalLabelMaps(maps, described); err != nil {
		return a, fmt.Errorf("%s: %w; %s", LabelMapsFile, err, copyFolder)
	}
	return a, nil
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

// readDescription reads what config.json has beside the encoder's part. Its
// error is fs.ErrNotExist if there is none.
func readDescription(dir string) (d description, err error) {
	data, err := os.ReadFile(filepath.Join(dir, ConfigFile))
	if err != nil {
		return d, err
	}
	if err := json.Unmarshal(data, &d); err != nil {
		return d, fmt.Errorf("%s: %w; %s", ConfigFile, err, copyFile)
	}
	return d, nil
}

// layoutOf tells by the tensors' names which of the Python prototype's trainers
// made a model: the name of its encoder, and its task if it has but one.
func layoutOf(names []string) (encoder string, described []tasks.Task) {
	switch {
	case slices.Contains(names, "classifier_main.weight"):
		return "distilbert", []tasks.Task{tasks.SingleCLS(tasks.CaseLabels{})}
	case slices.Contains(names, "heads.opening.weight"):
		return "bert", []tasks.Task{tasks.SingleQA()}
	case slices.Contains(names, "classifier.weight"):
		return "distilbert", []tasks.Task{tasks.SingleNER(nil)}
	}
	return EncoderName, nil
}

// ofTokenClassifier completes the architecture of a model that Hugging Face's
// Trainer saved.
func (a Architecture) ofTokenClassifier(labelOf map[string]string) (Architecture, error) {
	section, err := json.Marshal(map[string]any{tasks.NERName: map[string]any{"id_to_label": labelOf}})
	if err != nil {
		return a, err
	}
	a.EncoderName = "distilbert"
	a.Tasks, err = tasks.UnmarshalLabelMaps(section, []tasks.Task{tasks.SingleNER(nil)})
	return a, err
}

// configOfShapes derives the encoder's configuration from the weights' shapes,
// with heads of 64 as in all published DistilBERTs.
func configOfShapes(file *weights.File, encoder string) (backbone.Config, error) {
	c := backbone.DistilBERTCased()
	shape := func(name string) ([]int64, error) {
		t, err := file.Tensor(name)
		if err == nil && len(t.Shape) != 2 {
			err = fmt.Errorf("tensor %s has shape %v, want two dimensions", name, t.Shape)
		}
		return t.Shape, err
	}
	words, err := shape(encoder + ".embeddings.word_embeddings.weight")
	if err != nil {
		return c, err
	}
	positions, err := shape(encoder + ".embeddings.position_embeddings.weight")
	if err != nil {
		return c, err
	}
	inner, err := shape(encoder + ".transformer.layer.0.ffn.lin1.weight")
	if err != nil {
		return c, err
	}
	c.VocabSize, c.Dim, c.MaxPositions, c.HiddenDim = words[0], words[1], positions[0], inner[0]
	c.Heads = max(1, c.Dim/64)
	c.Layers = 0
	for _, name := range file.Names() {
		if strings.HasPrefix(name, encoder+".transformer.layer.") && strings.HasSuffix(name, ".ffn.lin1.weight") {
			c.Layers++
		}
	}
	return c, c.Validate()
}

// LabelMaps returns the model's label_maps.json.
func (a Architecture) LabelMaps() ([]byte, error) { return tasks.MarshalLabelMaps(a.Tasks) }
