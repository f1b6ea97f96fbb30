package run

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/trident-nlp/trident/internal/heldout"
	"github.com/trident-nlp/trident/internal/modeldir"
	"github.com/trident-nlp/trident/internal/pymodel"
	"github.com/trident-nlp/trident/internal/weights"
	"github.com/trident-nlp/trident/pkg/calibrate"
	"github.com/trident-nlp/trident/pkg/config"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// cardFile is the model card.
const cardFile = "README.md"

// figureFiles are the plots of the run.
var figureFiles = []string{"losses.png", "losses.svg", "scores.png", "scores.svg"}

// stateName matches the names of a trainer's states, finished or being written.
var stateName = regexp.MustCompile(`^(state-[0-9]{6,}|\.state-[0-9]{6,}\.(tmp|old)-.*)$`)

// unfinishedFile matches renameio's temporary names for figureFiles and teachersFile; they
// remain after a kill.
var unfinishedFile = regexp.MustCompile(`^\.((losses|scores)\.(png|svg)|teachers\.json)[0-9]+$`)

// modelNames are the names of a model's files: Trident's, the Python prototype's and
// Hugging Face's.
func modelNames(output config.Output) modeldir.Names {
	own := []string{
		fusion.ConfigFile, fusion.LabelMapsFile, calibrate.FileName, "label_mappings.json", output.LabelMapsFile, output.MetricsFile, cardFile,
		tokenize.VocabFile, tokenize.TokenizerFile, tokenize.ConfigFile, tokenize.SpecialTokensFile, tokenize.AddedTokensFile,
		heldout.Name("*"), pymodel.ConfigurationFile, pymodel.ModelingFile, pymodel.WindowsFile,
	}
	own = append(own, figureFiles...)
	weightNames := append([]string{
		fusion.PTFile, "model-*-of-*.safetensors", "pytorch_model-*-of-*.bin",
	}, weights.HuggingFaceFiles()...)
	isWeights := func(name string) bool { return matches(name, weightNames) }
	return modeldir.Names{
		IsModelFile: func(name string) bool { return matches(name, own) || isWeights(name) },
		Weights:     isWeights,
		State: func(name string) bool {
			return matches(name, []string{lockFile, movedFile, teachersFile}) || stateName.MatchString(name) || matches(name, figureFiles) || unfinishedFile.MatchString(name)
		},
		Content: func(dir string, files []string) error { return modeldir.CheckContent(dir, files, isWeights) },
		Files:   func(dir string, files []string) error { return modeldir.CheckFiles(dir, files, isWeights) },
	}
}

func matches(name string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		found, err := path.Match(pattern, name)
		return err == nil && found || name == pattern // a configured name may not be a valid pattern
	})
}

// checkLabelLists refuses to write the label lists of case classification into a folder
// with unrelated files of the same names: they would be lost.
func checkLabelLists(dir string) error {
	folder := filepath.Join(dir, fusion.LabelsFolder)
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("output.model_dir %s: the model's labels go to %s: %w", dir, folder, err)
	}
	for _, e := range entries {
		if !fusion.IsLabelList(e.Name()) {
			return fmt.Errorf("output.model_dir %s: the model's labels go to %s, which holds %s: move it away, or name another folder", dir, folder, e.Name())
		}
		if err := checkLabelList(filepath.Join(folder, e.Name())); err != nil {
			return fmt.Errorf("output.model_dir %s: the model's labels go to %s, whose %s is no list of labels (%w): move it away, or name another folder", dir, folder, e.Name(), err)
		}
	}
	return nil
}

// checkLabelList requires a list, or a map between labels and ids.
func checkLabelList(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var labels any
	if err := json.Unmarshal(data, &labels); err != nil {
		return err
	}
	switch labels := labels.(type) {
	case []any:
		return nil
	case map[string]any:
		for _, value := range labels {
			switch value.(type) {
			case string, float64:
			default:
				return errors.New("want labels and ids")
			}
		}
		return nil
	}
	return errors.New("want a list or a map")
}
