package fusion

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/trident-nlp/trident/internal/pyjson"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// description is the content of config.json other than the encoder's configuration.
type description struct {
	ModelType     string          `json:"model_type"`
	Architectures []string        `json:"architectures"`
	IDToLabel     json.RawMessage `json:"id2label"` // for Hugging Face's classifiers
	LabelToID     json.RawMessage `json:"label2id"`
	Trident       *layout         `json:"trident"` // nil in folders that Trident didn't write
}

// layout describes how the model is composed; label_maps.json says which labels count.
type layout struct {
	Encoder string           `json:"encoder"`
	Tasks   []tasks.Task     `json:"tasks"`
	Windows datasets.Windows `json:"windows,omitzero"`
	Longest int              `json:"longest,omitzero"`
	// Labels are for modeling_trident.py alone: by "TASK.HEAD".
	Labels map[string][]string `json:"labels,omitempty"`
}

// readDescription reads the part of config.json that isn't about the encoder. Its error
// is fs.ErrNotExist if there is no file.
func readDescription(dir string) (d description, err error) {
	data, err := os.ReadFile(filepath.Join(dir, ConfigFile))
	if err != nil {
		return d, err
	}
	if err := pyjson.Unmarshal(data, &d); err != nil {
		return d, fmt.Errorf("%s: %w; %s", ConfigFile, err, copyFile)
	}
	return d, nil
}

// labels returns the labels in config.json: id2label, as used by Hugging Face's classes,
// or else label2id, which they ignore. It is empty if both are missing.
func (d description) labels() (map[string]string, error) {
	labelOf, err := idToLabel(d.IDToLabel)
	if err != nil {
		return nil, fmt.Errorf("%s: id2label: %w", ConfigFile, err)
	}
	if len(labelOf) == 0 {
		if labelOf, err = labelToID(d.LabelToID); err != nil {
			return nil, fmt.Errorf("%s: label2id: %w", ConfigFile, err)
		}
	}
	return labelOf, nil
}
