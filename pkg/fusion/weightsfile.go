package fusion

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/trident-nlp/trident/internal/weights"
	"github.com/trident-nlp/trident/pkg/backbone"
)

// WeightFiles returns the names of the files in which a folder's model can have its
// weights, in the order in which they are tried.
func WeightFiles() []string {
	return []string{SafetensorsFile, weights.SafetensorsIndex, PTFile, weights.BinFile, weights.BinIndex}
}

// openWeights opens the weight file of the model in dir. If there are several, it is the
// first in transformers' order, with [PTFile] before PyTorch's other files, which must
// then contain the same model. A file with only an encoder is skipped if another one has
// the heads too: the prototype's QA trainer leaves such a [SafetensorsFile].
func openWeights(dir string) (*weights.File, error) {
	if _, err := os.Stat(dir); err != nil {
		return nil, fmt.Errorf("not a model directory: %w", err)
	}
	names := WeightFiles()
	named, err := backbone.NamedWeights(dir)
	if err != nil {
		return nil, fmt.Errorf("%w; %s", err, copyFile)
	}
	wanted := fmt.Sprintf("%s, %s or %s, or the index of one in several files (….index.json)", SafetensorsFile, PTFile, weights.BinFile)
	if named != "" {
		names, wanted = []string{named}, named+", which "+ConfigFile+" names"
	}
	file, err := weights.OpenFirst(dir, names, isWhole)
	if err == nil && file == nil {
		err = noWeights(dir, wanted)
	}
	if err == nil && named == "" && filepath.Base(file.Path()) == PTFile {
		if err = checkOnlyModel(dir, file); err != nil {
			return nil, errors.Join(err, file.Close())
		}
	}
	return file, err
}

// checkOnlyModel requires PyTorch's other file, if it exists and is complete, to contain
// the same model as file. transformers writes and reads that file and ignores [PTFile]:
// after training with transformers, [PTFile] is outdated.
func checkOnlyModel(dir string, file *weights.File) error {
	if weights.SameFile(file.Path(), filepath.Join(dir, weights.BinFile)) {
		return nil
	}
	other, err := weights.OpenFirst(dir, []string{weights.BinFile, weights.BinIndex}, isWhole)
	if other == nil || err != nil {
		return err
	}
	defer other.Close()
	if !isWhole(file) || !isWhole(other) {
		return nil
	}
	tensor, err := weights.Difference(file, other, func(name string) string {
		if backbone.IsBuffer(name) {
			return ""
		}
		return backbone.CurrentName(name)
	})
	if err == nil && tensor != "" {
		err = fmt.Errorf("%s and %s are different models (tensor %s): remove the one that isn't meant", PTFile, filepath.Base(other.Path()), tensor)
	}
	return err
}

// isWhole reports whether a weight file contains an encoder and heads.
func isWhole(file *weights.File) bool {
	return hasHeads(file) && slices.ContainsFunc(file.Names(), func(name string) bool {
		return strings.HasSuffix(name, "embeddings.word_embeddings.weight")
	})
}
