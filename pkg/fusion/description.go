package fusion

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/trident-nlp/trident/internal/weights"
	"github.com/trident-nlp/trident/pkg/backbone"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// description is what config.json says beside the encoder's configuration.
type description struct {
	Architectures []string        `json:"architectures"`
	IDToLabel     json.RawMessage `json:"id2label"` // of Hugging Face's classifiers
	LabelToID     json.RawMessage `json:"label2id"`
	Weights       string          `json:"transformers_weights"` // their file's name, if it isn't a usual one
	Trident       *layout         `json:"trident"`              // nil in directories that we didn't write
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
	if err := json.Unmarshal(data, &d); err != nil {
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

// idToLabel reads {"0": LABEL, …}, with labels that are texts, numbers or true and false,
// which are taken as they stand. Keys are numbers as Python's int reads them.
func idToLabel(raw json.RawMessage) (map[string]string, error) {
	values, err := objectOf(raw)
	if err != nil {
		return nil, err
	}
	labelOf := map[string]string{}
	for key, value := range values {
		label, ok := plainText(value)
		if !ok {
			return nil, fmt.Errorf("label %s is neither a text nor a number", key)
		}
		if err := add(labelOf, key, label); err != nil {
			return nil, err
		}
	}
	return labelOf, nil
}

// labelToID reads {LABEL: 0, …}, whose ids may be texts, the other way round.
func labelToID(raw json.RawMessage) (map[string]string, error) {
	values, err := objectOf(raw)
	if err != nil {
		return nil, err
	}
	labelOf := map[string]string{}
	for label, value := range values {
		key, ok := plainText(value)
		if !ok {
			return nil, fmt.Errorf("id of %q is no number", label)
		}
		if err := add(labelOf, key, label); err != nil {
			return nil, err
		}
	}
	return labelOf, nil
}

func add(labelOf map[string]string, key, label string) error {
	id, err := strconv.Atoi(strings.TrimSpace(key))
	if err != nil || id < 0 {
		return fmt.Errorf("id %q is no number from 0", key)
	}
	key = strconv.Itoa(id)
	if other, taken := labelOf[key]; taken {
		return fmt.Errorf("id %s is both %q and %q", key, min(other, label), max(other, label))
	}
	labelOf[key] = label
	return nil
}

// objectOf reads a JSON object, null, or nothing.
func objectOf(raw json.RawMessage) (values map[string]any, err error) {
	if len(raw) == 0 {
		return nil, nil
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	err = d.Decode(&values)
	return values, err
}

func plainText(value any) (string, bool) {
	switch value := value.(type) {
	case string:
		return value, true
	case json.Number:
		return value.String(), true
	case bool:
		return strconv.FormatBool(value), true
	}
	return "", false
}

// labelIDs are labels by id, and ids by label.
func labelIDs(labels []string) (labelOf map[string]string, idOf map[string]int) {
	labelOf, idOf = map[string]string{}, map[string]int{}
	for id, label := range labels {
		labelOf[strconv.Itoa(id)], idOf[label] = label, id
	}
	return labelOf, idOf
}

// unnamed reports whether labels are what transformers calls them if nobody does:
// LABEL_0, LABEL_1, …
func unnamed(labelOf map[string]string) bool {
	for id, label := range labelOf {
		if label != "LABEL_"+id {
			return false
		}
	}
	return len(labelOf) > 0
}

// differs names the first id, in the order of ids, that two descriptions give other labels.
func differs(a, b map[string]string) (id string, found bool) {
	all := maps.Clone(a)
	maps.Copy(all, b)
	shorter := func(x, y string) int { return cmp.Or(cmp.Compare(len(x), len(y)), strings.Compare(x, y)) }
	for _, id := range slices.SortedFunc(maps.Keys(all), shorter) {
		if a[id] != b[id] {
			return id, true
		}
	}
	return "", false
}

// baseHeads are the attention heads of DistilBERT's base models, and of all others
// that are baseDim wide.
const baseHeads, baseDim = 12, 768

// configOfShapes derives the encoder's configuration from the weights' shapes, which
// don't show how many attention heads there are. Only baseDim is known to have baseHeads.
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
	c.Layers = 0
	for _, name := range file.Names() {
		if strings.HasPrefix(name, encoder+".transformer.layer.") && strings.HasSuffix(name, ".ffn.lin1.weight") {
			c.Layers++
		}
	}
	if c.Dim != baseDim {
		return c, fmt.Errorf(`there is no %s, and the weights don't show how many attention heads the encoder has: write one with {"model_type": "distilbert", "vocab_size": %d, "max_position_embeddings": %d, "dim": %d, "n_layers": %d, "hidden_dim": %d, "n_heads": HEADS}`,
			ConfigFile, c.VocabSize, c.MaxPositions, c.Dim, c.Layers, c.HiddenDim)
	}
	c.Heads = baseHeads
	return c, c.Validate()
}
