package fusion

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/trident-nlp/trident/internal/weights"
	"github.com/trident-nlp/trident/pkg/backbone"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// maker is the program that wrote a single-task model without label_maps.json. It
// determines the location of the labels.
type maker int

// The makers, recognised by tensor names.
const (
	unknownMaker       maker = iota
	tokenClassifiers         // Hugging Face's token classifiers; the prototype's NER is one
	prototypesClassify       // the prototype's case classification
	prototypesQA             // the prototype's QA scoring
)

// madeBy determines the maker of a model from its tensor names.
func madeBy(names []string) maker {
	switch {
	case slices.Contains(names, "classifier_main.weight"):
		return prototypesClassify
	case slices.Contains(names, "heads.opening.weight"):
		return prototypesQA
	case slices.Contains(names, "classifier.weight") && !slices.Contains(names, "pre_classifier.weight"): // a pre_classifier classifies whole texts
		return tokenClassifiers
	}
	return unknownMaker
}

// encoder is the prefix of the encoder's tensors.
func (m maker) encoder() string {
	switch m {
	case tokenClassifiers, prototypesClassify:
		return "distilbert"
	case prototypesQA:
		return "bert"
	}
	return EncoderName
}

// hasHeads reports whether a weight file contains more than an encoder.
func hasHeads(file *weights.File) bool {
	return slices.ContainsFunc(file.Names(), func(name string) bool {
		for _, encoder := range []string{EncoderName, "distilbert", "bert"} {
			name = strings.TrimPrefix(name, encoder+".")
		}
		return !strings.HasPrefix(name, "embeddings.") && !strings.HasPrefix(name, "transformer.") &&
			!strings.HasPrefix(name, "encoder.layer.") && !backbone.IsPooler(name)
	})
}

// tasks returns the tasks of the maker's models, without labels; nil if unknown.
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

// labelled returns the maker's tasks with their labels in dir, and the name of the file
// with the labels.
func (m maker) labelled(dir string, d description) (list []tasks.Task, from string, err error) {
	list = m.tasks()
	switch m {
	case tokenClassifiers:
		if err := d.checkTokenClassifier(); err != nil {
			return nil, "", err
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
	return list, ConfigFile, nil // the task has the names of the criteria
}

// checkTokenClassifier refuses other Hugging Face classes. A BERT must be declared as a
// token classifier: its text classifiers have the same tensor names.
func (d description) checkTokenClassifier() error {
	want := tokenClassifiersOf[d.ModelType]
	switch classes := d.Architectures; {
	case len(classes) > 0 && !slices.Contains(classes, want):
		return fmt.Errorf("not a model directory: %s says that it holds a %s; of Hugging Face's classes only %s is read", ConfigFile, classes[0], want)
	case len(classes) == 0 && d.ModelType == backbone.BERT:
		return fmt.Errorf(`not a model directory: %s doesn't say of which class the model is; if it is a token classifier, write "architectures": [%q] to it`, ConfigFile, want)
	}
	return nil
}

// labelMappingsFile contains the labels of the prototype's NER trainer, which leaves the
// placeholders LABEL_0, LABEL_1, … in config.json:
//
//	{"label_to_id": {"O": 0, …}, "id_to_label": {"0": "O", …}}
const labelMappingsFile = "label_mappings.json"

// tokenLabels returns the labels of a token classifier: from labelMappingsFile or, as in
// Hugging Face's models, from config.json.
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

// caseLabelFiles contain the labels of the prototype's classification trainer, in the
// order of the heads: lists in the order of their ids, in the model's LabelsFolder.
var caseLabelFiles = []string{"main_categories.json", "sub_categories.json", "interventions.json", "priorities.json"}

// LabelsFolder is a subfolder that [Save] replaces completely, only for case
// classification.
const LabelsFolder = "labels"

// IsLabelList reports whether [Save] writes a file of that name to [LabelsFolder].
func IsLabelList(name string) bool { return slices.Contains(caseLabelFiles, name) }

// listedLabels reads a list of labels, or a map between labels and ids, from
// LabelsFolder or from beside the weights.
func listedLabels(dir, name string) (labels []string, from string, err error) {
	from = path.Join(LabelsFolder, name)
	data, err := os.ReadFile(filepath.Join(dir, from))
	if errors.Is(err, fs.ErrNotExist) {
		if beside, failed := os.ReadFile(filepath.Join(dir, name)); failed == nil {
			data, from, err = beside, name, nil
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, "", fmt.Errorf("the labels are missing: %w; copy the trainer's folder of label files to %s (of a pickled LabelEncoder, list(encoder.classes_) as JSON)", err, filepath.Join(dir, LabelsFolder))
	}
	if err == nil {
		labels, err = parseLabels(data)
	}
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", from, err)
	}
	return labels, from, nil
}
