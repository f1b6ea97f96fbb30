package fusion

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/trident-nlp/trident/internal/weights"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// maker is who made a model of a single task that label_maps.json doesn't describe,
// and so where its labels are.
type maker int

// The makers that are known by the tensors' names.
const (
	unknownMaker       maker = iota
	tokenClassifiers         // Hugging Face's token classifiers; the prototype's NER is one
	prototypesClassify       // the prototype's case classification
	prototypesQA             // the prototype's QA scoring
)

// madeBy tells by the tensors' names who made a model.
func madeBy(names []string) maker {
	switch {
	case slices.Contains(names, "classifier_main.weight"):
		return prototypesClassify
	case slices.Contains(names, "heads.opening.weight"):
		return prototypesQA
	case slices.Contains(names, "classifier.weight"):
		return tokenClassifiers
	}
	return unknownMaker
}

// encoder is what the names of the encoder's tensors begin with.
func (m maker) encoder() string {
	switch m {
	case tokenClassifiers, prototypesClassify:
		return "distilbert"
	case prototypesQA:
		return "bert"
	}
	return EncoderName
}

// hasHeads reports whether a file of weights holds more than an encoder.
func hasHeads(file *weights.File) bool {
	return slices.ContainsFunc(file.Names(), func(name string) bool {
		for _, encoder := range []string{EncoderName, "distilbert", "bert"} {
			name = strings.TrimPrefix(name, encoder+".")
		}
		return !strings.HasPrefix(name, "embeddings.") && !strings.HasPrefix(name, "transformer.")
	})
}

// tasks are those that the maker's models have, without labels; nil if they aren't known.
func (m maker) tasks() []tasks.Task {
	switch m {
	case tokenClassifiers:
		return []tasks.Task{tasks.SingleNER(nil)}
	case prototypesClassify:
		return []tasks.Task{tasks.SingleCLS(tasks.CaseLabels{})}
	case prototypesQA:
		return []tasks.Task{tasks.SingleQA()}
	}
	return nil
}

// labelled are the maker's tasks with the labels that it left in dir, and the name of
// the file that they are from.
func (m maker) labelled(dir string, d description) (list []tasks.Task, from string, err error) {
	list = m.tasks()
	switch m {
	case tokenClassifiers:
		if i := slices.IndexFunc(d.Architectures, func(class string) bool { return class != tokenClassifier }); i >= 0 && !slices.Contains(d.Architectures, tokenClassifier) {
			return nil, "", fmt.Errorf("not a model directory: %s says that it holds a %s; of Hugging Face's classes only %s is read", ConfigFile, d.Architectures[i], tokenClassifier)
		}
		return tokenLabels(dir, d)
	case prototypesClassify:
		for h, file := range caseLabelFiles {
			if list[0].Heads[h].Labels, from, err = listedLabels(dir, file); err != nil {
				return nil, "", err
			}
		}
		return list, path.Dir(from) + "/*.json", nil
	}
	return list, ConfigFile, nil // criteria have their names from the task
}

// labelMappingsFile is where the prototype's NER trainer keeps its labels, for which
// it leaves Hugging Face's LABEL_0, LABEL_1, … in config.json:
//
//	{"label_to_id": {"O": 0, …}, "id_to_label": {"0": "O", …}}
const labelMappingsFile = "label_mappings.json"

// tokenLabels are those of a token classifier: in labelMappingsFile or, as Hugging Face
// has them, in config.json.
func tokenLabels(dir string, d description) (list []tasks.Task, from string, err error) {
	labelOf, err := d.labels()
	if err != nil {
		return nil, "", err
	}
	from = ConfigFile
	mapped, err := readLabelMappings(dir)
	switch {
	case err == nil:
		if id, differ := differs(labelOf, mapped); differ && len(labelOf) > 0 && !unnamed(labelOf) {
			return nil, "", fmt.Errorf("label %s is %q in %s, but %q in %s; %s", id, labelOf[id], ConfigFile, mapped[id], labelMappingsFile, copyFolder)
		}
		labelOf, from = mapped, labelMappingsFile
	case !errors.Is(err, fs.ErrNotExist):
		return nil, "", err
	case len(labelOf) == 0:
		return nil, "", fmt.Errorf("%s has no id2label: the model's labels have no names; %s", ConfigFile, nameLabels)
	case unnamed(labelOf):
		return nil, "", fmt.Errorf("%s calls the labels LABEL_0 to LABEL_%d, as transformers does where it isn't told their names; %s", ConfigFile, len(labelOf)-1, nameLabels)
	}
	section, err := json.Marshal(map[string]any{tasks.NERName: map[string]any{"id_to_label": labelOf}})
	if err != nil {
		return nil, "", err
	}
	list, err = tasks.UnmarshalLabelMaps(section, tokenClassifiers.tasks())
	if err != nil {
		err = fmt.Errorf("%s: %w", from, err)
	}
	return list, from, err
}

const nameLabels = `put ` + labelMappingsFile + ` beside it, which the trainer wrote, or write the names to id2label, {"0": "O", "1": "NAME", …}, in the order of training`

// readLabelMappings reads labelMappingsFile, whose error is fs.ErrNotExist if there is none.
func readLabelMappings(dir string) (map[string]string, error) {
	data, err := os.ReadFile(filepath.Join(dir, labelMappingsFile))
	if err != nil {
		return nil, err
	}
	var file struct {
		IDToLabel json.RawMessage `json:"id_to_label"`
		LabelToID json.RawMessage `json:"label_to_id"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("%s: %w; %s", labelMappingsFile, err, copyFile)
	}
	labelOf, err := idToLabel(file.IDToLabel)
	if err != nil {
		return nil, fmt.Errorf("%s: id_to_label: %w", labelMappingsFile, err)
	}
	other, err := labelToID(file.LabelToID)
	if err != nil {
		return nil, fmt.Errorf("%s: label_to_id: %w", labelMappingsFile, err)
	}
	id, differ := differs(labelOf, other)
	switch {
	case len(labelOf) == 0 && len(other) == 0:
		return nil, fmt.Errorf(`%s names no labels; want {"id_to_label": {"0": "O", …}}`, labelMappingsFile)
	case len(labelOf) == 0:
		return other, nil
	case differ && len(other) > 0:
		return nil, fmt.Errorf("%s: label %s is %q in id_to_label, but %q in label_to_id; %s", labelMappingsFile, id, labelOf[id], other[id], copyFile)
	}
	return labelOf, nil
}

// caseLabelFiles are where the prototype's classification trainer keeps each head's
// labels, in the order of the heads: lists in the order of their ids, in the folder
// labelsFolder of the model's.
var caseLabelFiles = []string{"main_categories.json", "sub_categories.json", "interventions.json", "priorities.json"}

const labelsFolder = "labels"

// listedLabels reads a list of labels, or a map between labels and ids, in labelsFolder or
// beside the weights.
func listedLabels(dir, name string) (labels []string, from string, err error) {
	from = path.Join(labelsFolder, name)
	data, err := os.ReadFile(filepath.Join(dir, from))
	if errors.Is(err, fs.ErrNotExist) {
		if beside, failed := os.ReadFile(filepath.Join(dir, name)); failed == nil {
			data, from, err = beside, name, nil
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, "", fmt.Errorf("the labels are missing: %w; copy the trainer's folder of label files to %s (of a pickled LabelEncoder, list(encoder.classes_) as JSON)", err, filepath.Join(dir, labelsFolder))
	}
	if err == nil {
		labels, err = parseLabels(data)
	}
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", from, err)
	}
	return labels, from, nil
}

// parseLabels reads a list of labels in the order of their ids, or {LABEL: ID, …}, or
// {"ID": LABEL, …}. Labels may be numbers.
func parseLabels(data []byte) ([]string, error) {
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("[")) {
		d := json.NewDecoder(bytes.NewReader(data))
		d.UseNumber()
		var values []any
		if err := d.Decode(&values); err != nil {
			return nil, fmt.Errorf("%w; %s", err, copyFile)
		}
		labelOf := map[string]string{}
		for i, value := range values {
			label, ok := plainText(value)
			if !ok {
				return nil, fmt.Errorf("label %d is neither a text nor a number", i)
			}
			labelOf[fmt.Sprint(i)] = label
		}
		return inOrder(labelOf)
	}
	values, err := objectOf(data)
	if err != nil {
		return nil, fmt.Errorf("%w; want a list of labels", err)
	}
	read := labelToID
	for _, value := range values {
		if _, isText := value.(string); isText {
			read = idToLabel
		}
	}
	labelOf, err := read(data)
	if err != nil {
		return nil, err
	}
	return inOrder(labelOf)
}

// inOrder are labels in the order of their ids, which must be 0, 1, …
func inOrder(labelOf map[string]string) ([]string, error) {
	labels := make([]string, len(labelOf))
	for i := range labels {
		label, found := labelOf[fmt.Sprint(i)]
		if !found {
			return nil, fmt.Errorf("ids must be 0 to %d, each once", len(labelOf)-1)
		}
		labels[i] = label
	}
	distinct := slices.Compact(slices.Sorted(maps.Values(labelOf)))
	switch {
	case len(labels) == 0:
		return nil, errors.New("no labels")
	case len(distinct) != len(labels):
		return nil, errors.New("two ids share a label")
	}
	return labels, nil
}
