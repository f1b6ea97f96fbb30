package fusion

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/trident-nlp/trident/internal/atomicdir"
	"github.com/trident-nlp/trident/internal/weights"
	"github.com/trident-nlp/trident/pkg/backbone"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// writeForPrototype writes to dir the additional files required by the Python
// prototype's single-task scripts: the labels of its NER and of its case classification,
// and for its QA scoring the weights under PyTorch's usual name.
func (a Architecture) writeForPrototype(dir string) error {
	switch {
	case a.IsTokenClassifier():
		labelOf, idOf := labelIDs(a.Tasks[0].Heads[0].Labels)
		return writeJSONFile(filepath.Join(dir, labelMappingsFile), map[string]any{"label_to_id": idOf, "id_to_label": labelOf})
	case a.isSingle(tasks.SingleCLS(tasks.CaseLabels{}), prototypesClassify):
		if err := os.MkdirAll(filepath.Join(dir, LabelsFolder), 0o777); err != nil {
			return err
		}
		for h, name := range caseLabelFiles {
			if err := writeJSONFile(filepath.Join(dir, path.Join(LabelsFolder, name)), numbersOr(a.Tasks[0].Heads[h].Labels)); err != nil {
				return err
			}
		}
	case a.isSingle(tasks.SingleQA(), prototypesQA):
		return atomicdir.LinkOrCopy(filepath.Join(dir, PTFile), filepath.Join(dir, weights.BinFile))
	}
	return nil
}

// isSingle reports whether the model has only that task, with the parameter names of
// made, for its encoder's model type.
func (a Architecture) isSingle(task tasks.Task, made maker) bool {
	if len(a.Tasks) != 1 {
		return false
	}
	has := a.Tasks[0]
	sameHead := func(a, b tasks.Head) bool { return a.Name == b.Name && a.Param == b.Param }
	return has.Name == task.Name && has.Kind == task.Kind && has.Pooling == task.Pooling && has.PreParam == task.PreParam &&
		slices.EqualFunc(has.Heads, task.Heads, sameHead) && a.EncoderName == made.encoder() && a.modelType() == backbone.DistilBERT
}

// numbersOr returns labels as in the prototype's lists: as numbers if all of them are
// integers, such as priorities, otherwise as strings.
func numbersOr(labels []string) any {
	numbers := make([]int, len(labels))
	for i, label := range labels {
		n, err := strconv.Atoi(label)
		if err != nil || strconv.Itoa(n) != label {
			return labels
		}
		numbers[i] = n
	}
	return numbers
}

func writeJSONFile(path string, value any) error {
	var data bytes.Buffer
	e := json.NewEncoder(&data)
	e.SetEscapeHTML(false) // labels contain "&"
	e.SetIndent("", "  ")
	if err := e.Encode(value); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return os.WriteFile(path, data.Bytes(), 0o666)
}
