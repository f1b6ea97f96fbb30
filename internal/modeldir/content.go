package modeldir

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/trident-nlp/trident/internal/weights"
)

// CardMark stands at the beginning of each model card of ours, and in no other README.
const CardMark = "---\nlibrary_name: trident\n"

const (
	configFile = "config.json"
	cardFile   = "README.md"
)

// CheckContent refuses files of dir that have the names of a model's but not the
// contents: another's project may have a README.md, a config.json and a model.pt too.
// A model has a description (config.json) of ours, of DistilBERT's or of BERT's; or else weights
// that can be read, with labels or a tokenizer beside them, as the Python prototype left
// its own. isWeights says which of the names are weights'.
func CheckContent(dir string, files []string, isWeights func(name string) bool) error {
	if err := CheckFiles(dir, files, isWeights); err != nil {
		return err
	}
	if slices.Contains(files, configFile) { // which has been found to be a model's
		return nil
	}
	if !slices.ContainsFunc(files, namesOrTokens) {
		return errors.New("there is no config.json, nor labels or a tokenizer")
	}
	for _, name := range files {
		if !isWeights(name) || strings.HasSuffix(name, ".json") {
			continue
		}
		file, err := weights.Open(filepath.Join(dir, name))
		if err != nil {
			return errors.New("there is no config.json, and " + name + " holds no weights that can be read")
		}
		if err := file.Close(); err != nil {
			return err
		}
	}
	return nil
}

// CheckFiles is CheckContent for some of a model's files, each by itself.
func CheckFiles(dir string, files []string, isWeights func(name string) bool) error {
	for _, name := range files {
		if err := checkFile(filepath.Join(dir, name), isWeights(name)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// namesOrTokens reports whether a file is one of labels or of a tokenizer.
func namesOrTokens(name string) bool {
	return strings.HasPrefix(name, "label_") || strings.HasPrefix(name, "tokenizer") || name == "vocab.txt"
}

// checkFile refuses a file that is none of a model's, as far as its kind can tell.
func checkFile(path string, isWeights bool) error {
	name := filepath.Base(path)
	switch {
	case name == configFile:
		return checkDescription(path)
	case name == cardFile:
		return checkStart(path, "a model card of ours", CardMark)
	case strings.HasSuffix(name, ".json"):
		var object map[string]json.RawMessage
		return readJSON(path, &object)
	case isWeights: // which are told with what is beside them
		return nil
	case strings.HasSuffix(name, ".png"):
		return checkStart(path, "a PNG image", "\x89PNG\r\n")
	case strings.HasSuffix(name, ".svg"):
		return checkStart(path, "an SVG image", "<?xml", "<svg")
	case strings.HasSuffix(name, ".csv"):
		return checkStart(path, "a list of held-out records", "record,share")
	}
	return nil
}

// checkDescription wants what transformers write of a DistilBERT or a BERT, or we of a model.
func checkDescription(path string) error {
	var description struct {
		ModelType string `json:"model_type"`
	}
	if err := readJSON(path, &description); err != nil {
		return err
	}
	if !slices.Contains([]string{"distilbert", "bert"}, description.ModelType) {
		return errors.New("it describes no DistilBERT or BERT model")
	}
	return nil
}

func readJSON(path string, into any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("it isn't a model's: %w", err)
	}
	return nil
}

func checkStart(path, what string, starts ...string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	start, err := io.ReadAll(io.LimitReader(f, 64))
	if err != nil {
		return err
	}
	start = bytes.ReplaceAll(start, []byte("\r\n"), []byte("\n")) // as git may write it
	for _, want := range starts {
		if bytes.HasPrefix(start, []byte(strings.ReplaceAll(want, "\r\n", "\n"))) {
			return nil
		}
	}
	return errors.New("it isn't " + what)
}
