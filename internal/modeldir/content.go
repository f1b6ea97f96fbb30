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

// CardMark is at the beginning of each of Trident's model cards, and in no other README.
const CardMark = "---\nlibrary_name: trident\n"

const (
	configFile = "config.json"
	cardFile   = "README.md"
)

// CheckContent refuses files of dir that have a model's names but other contents: an
// unrelated project may have a README.md, a config.json and a model.pt too. A model has a
// description (config.json) of Trident, DistilBERT or BERT; or else readable weights, with
// labels or a tokenizer beside them, as written by the Python prototype. isWeights
// reports whether a name is that of weights.
func CheckContent(dir string, files []string, isWeights func(name string) bool) error {
	if err := CheckFiles(dir, files, isWeights); err != nil {
		return err
	}
	if slices.Contains(files, configFile) { // already checked to be a model's
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

// CheckFiles is CheckContent for a part of a model's files, each on its own.
func CheckFiles(dir string, files []string, isWeights func(name string) bool) error {
	for _, name := range files {
		if err := checkFile(filepath.Join(dir, name), isWeights(name)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// namesOrTokens reports whether a file has labels or belongs to a tokenizer.
func namesOrTokens(name string) bool {
	return strings.HasPrefix(name, "label_") || strings.HasPrefix(name, "tokenizer") || name == "vocab.txt"
}

// checkFile refuses a file that isn't a model's, as far as its kind can tell.
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
	case isWeights: // recognised by the files beside them
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

// checkDescription requires a config.json of a DistilBERT or a BERT by transformers, or of
// a Trident model.
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
	start = bytes.ReplaceAll(start, []byte("\r\n"), []byte("\n")) // git may convert line ends
	for _, want := range starts {
		if bytes.HasPrefix(start, []byte(strings.ReplaceAll(want, "\r\n", "\n"))) {
			return nil
		}
	}
	return errors.New("it isn't " + what)
}
