package fusion

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/trident-nlp/trident/internal/pymodel"
	"github.com/trident-nlp/trident/internal/weights"
	"github.com/trident-nlp/trident/pkg/backbone"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// tokenClassifiersOf are the Hugging Face classes that read an NER-only model, by model
// type.
var tokenClassifiersOf = map[string]string{
	backbone.DistilBERT: "DistilBertForTokenClassification",
	backbone.BERT:       "BertForTokenClassification",
}

// isTokenClassifierClass reports whether a Hugging Face class is one of
// tokenClassifiersOf.
func isTokenClassifierClass(class string) bool {
	return slices.Contains(slices.Collect(maps.Values(tokenClassifiersOf)), class)
}

// modelType returns the encoder's model type.
func (a Architecture) modelType() string { return cmp.Or(a.Config.ModelType, backbone.DistilBERT) }

// defaultEncoderName is the prefix of the encoder's parameters in multi-task models. For
// BERT it is Hugging Face's, so that AutoModel reads the folder; for DistilBERT it is
// the prototype's.
func (a Architecture) defaultEncoderName() string {
	if a.modelType() == backbone.BERT {
		return "bert"
	}
	return EncoderName
}

// configJSON returns config.json: the encoder's configuration with Hugging Face's
// additional keys, and the tasks.
func (a Architecture) configJSON() ([]byte, error) {
	class := struct {
		Architectures []string `json:"architectures"`
	}{[]string{"AttentionFusionModel"}}
	more := struct {
		DType   string            `json:"torch_dtype"`
		ID2     map[string]string `json:"id2label,omitempty"` // for token classifiers
		ToID    map[string]int    `json:"label2id,omitempty"`
		AutoMap map[string]string `json:"auto_map,omitempty"` // for all others
		Trident *layout           `json:"trident"`
	}{DType: "float32", Trident: &layout{Encoder: a.EncoderName, Tasks: a.Tasks, Windows: a.Windows, Longest: a.Longest}}
	if a.IsTokenClassifier() {
		class.Architectures[0] = tokenClassifiersOf[a.modelType()]
		more.ID2, more.ToID = labelIDs(a.Tasks[0].Heads[0].Labels)
	} else {
		more.AutoMap, more.Trident.Labels = pymodel.AutoMap(a.modelType()), a.labelsByHead()
	}
	joined, err := joinObjects(class, a.Config, more)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = json.Indent(&out, joined, "", "  ")
	out.WriteByte('\n')
	return out.Bytes(), err
}

// labelsByHead are the labels of each head, by "TASK.HEAD".
func (a Architecture) labelsByHead() map[string][]string {
	labels := map[string][]string{}
	for _, task := range a.Tasks {
		for _, head := range task.Heads {
			labels[task.Name+"."+head.Name] = head.Labels
		}
	}
	return labels
}

// joinObjects returns one JSON object with the members of several non-empty ones, in
// order.
func joinObjects(parts ...any) ([]byte, error) {
	var members [][]byte
	for _, part := range parts {
		object, err := json.Marshal(part)
		if err != nil {
			return nil, err
		}
		members = append(members, object[1:len(object)-1])
	}
	return slices.Concat([]byte("{"), bytes.Join(members, []byte(",")), []byte("}")), nil
}

// IsTokenClassifier reports whether Hugging Face's class can read the weights.
func (a Architecture) IsTokenClassifier() bool {
	return len(a.Tasks) == 1 && a.EncoderName == a.modelType() && a.Tasks[0].Kind == tasks.Token &&
		a.Tasks[0].Transform == "" && a.Tasks[0].Heads[0].Param == "classifier"
}

// readArchitecture determines the architecture of the model in dir: from config.json, or
// from the weights if there is none. labels is the name of the file with the labels.
func readArchitecture(dir string, file *weights.File) (a Architecture, labels string, err error) {
	made := madeBy(file.Names())
	a.EncoderName = made.encoder()
	described := made.tasks()
	d, err := readDescription(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		a.Config, err = backbone.ConfigOfShapes(file, a.EncoderName+".")
	case err == nil:
		a.Config, err = backbone.ReadConfig(filepath.Join(dir, ConfigFile))
	}
	if err != nil {
		return a, "", err
	}
	d.ModelType = a.modelType() // missing in old files
	if d.ModelType == backbone.BERT {
		a.EncoderName = a.defaultEncoderName()
	}
	if d.Trident != nil {
		a.EncoderName, described = d.Trident.Encoder, d.Trident.Tasks
		if len(described) == 0 {
			return a, "", fmt.Errorf("%s: the model has no tasks", ConfigFile)
		}
		a.Windows, a.Longest = d.Trident.Windows, d.Trident.Longest
		if err := a.checkWindows(); err != nil {
			return a, "", fmt.Errorf("%s: %w; %s", ConfigFile, err, copyFile)
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

// checkFollows returns an error if the dependencies between heads don't match the
// labels.
func (a Architecture) checkFollows() error {
	for _, task := range a.Tasks {
		if err := task.CheckFollows(); err != nil {
			return fmt.Errorf("task %s: %w", task.Name, err)
		}
	}
	return nil
}

// checkWindows returns an error for windows that the encoder can't read.
func (a Architecture) checkWindows() error {
	if positions := int(a.Config.MaxPositions); a.Windows.Length > positions {
		return fmt.Errorf("windows of %d tokens, but the encoder has %d positions", a.Windows.Length, positions)
	}
	if err := a.Windows.Check(); err != nil {
		return err
	}
	for _, id := range a.Windows.TurnTokens {
		if int64(id) >= a.Config.VocabSize {
			return fmt.Errorf("windows at turns that begin with token %d, but the encoder has %d tokens", id, a.Config.VocabSize)
		}
	}
	return nil
}

// LabelMaps returns the contents of label_maps.json.
func (a Architecture) LabelMaps() ([]byte, error) { return tasks.MarshalLabelMaps(a.Tasks) }
