package fusion

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/trident-nlp/trident/internal/pyjson"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// description is what config.json says beside the encoder's configuration.
type description struct {
	ModelType     string          `json:"model_type"`
	Architectures []string        `json:"architectures"`
	IDToLabel     json.RawMessage `json:"id2label"` // of Hugging Face's classifiers
	LabelToID     json.RawMessage `json:"label2id"`
	Trident       *layout         `json:"trident"` // nil in directories that we didn't write
}

// layout says how the model is put together; label_maps.json has the labels.
type layout struct {
	Encoder string       `json:"encoder"`
	Tasks   []tasks.Task `json:"tasks"`
}

// readDescription reads what config.json has beside the encoder's part. Its
// error is fs.ErrNotExist if there is none.
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

// labels are those that Hugging Face's classes take from config.json: id2label
// and, which they leave aside, label2id where there is nothing else. There are none
// where it has neither.
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
