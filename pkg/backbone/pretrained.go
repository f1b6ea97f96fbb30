package backbone

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/trident-nlp/trident/internal/checkpoint"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/internal/weights"
)

// ErrNotFound is returned, wrapped, when a pretrained model is nowhere to be found.
var ErrNotFound = errors.New("pretrained model not found")

// weightFiles are the names that Hugging Face gives to weights, best first.
var weightFiles = []string{"model.safetensors", "pytorch_model.bin"}

// Find returns the directory of a pretrained model: name itself if it is a
// directory, else the snapshot of that name in the Hugging Face cache.
func Find(name string) (string, error) {
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		return name, nil
	}
	cache := hubCache()
	for _, repo := range []string{name, "distilbert/" + name} {
		root := filepath.Join(cache, "models--"+strings.ReplaceAll(repo, "/", "--"))
		revision, err := os.ReadFile(filepath.Join(root, "refs", "main"))
		if err != nil {
			continue
		}
		dir := filepath.Join(root, "snapshots", strings.TrimSpace(string(revision)))
		if _, err := os.Stat(filepath.Join(dir, "config.json")); err == nil {
			return dir, nil
		}
	}
	return "", fmt.Errorf("%w: %q is neither a directory nor in the Hugging Face cache (%s); "+
		"get it with `hf download %s`, set backbone.model_name to a directory that holds config.json, vocab.txt and model.safetensors, "+
		"or train from scratch with --set backbone.init=random", ErrNotFound, name, cache, name)
}

// hubCache is where Hugging Face's tools keep what they download.
func hubCache() string {
	if dir := os.Getenv("HF_HUB_CACHE"); dir != "" {
		return dir
	}
	if dir := os.Getenv("HF_HOME"); dir != "" {
		return filepath.Join(dir, "hub")
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return filepath.Join(".cache", "huggingface", "hub")
	}
	return filepath.Join(cache, "huggingface", "hub")
}

// LoadPretrained overwrites the encoder's parameters in p, whose names begin
// with prefix, by those of the model in dir. Hugging Face's names are
// understood with and without "distilbert.", and with the old gamma and beta.
// Every parameter must be there, in its shape.
func LoadPretrained(dir, prefix string, p torchx.Params) error {
	for _, name := range weightFiles {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err != nil {
			continue
		}
		file, err := weights.Open(path)
		if err != nil {
			return fmt.Errorf("load pretrained weights: %w", err)
		}
		defer file.Close()
		unused, err := LoadParams(file, prefix, p, encoderName)
		if err == nil {
			unused = slices.DeleteFunc(unused, isPretrainingHead)
			if len(unused) > 0 {
				err = fmt.Errorf("%d tensors aren't DistilBERT's: %s", len(unused), abbreviate(unused))
			}
		}
		if err != nil {
			return fmt.Errorf("load pretrained weights %s: %w", path, err)
		}
		return nil
	}
	return fmt.Errorf("%w: %s holds no weights; want %s", ErrNotFound, dir, strings.Join(weightFiles, " or "))
}

// encoderName is the name, within the encoder, that a checkpoint's name stands for.
func encoderName(name string) string {
	name = strings.TrimPrefix(name, "distilbert.")
	if rest, ok := strings.CutSuffix(name, ".gamma"); ok {
		return rest + ".weight"
	}
	if rest, ok := strings.CutSuffix(name, ".beta"); ok {
		return rest + ".bias"
	}
	return name
}

// isPretrainingHead reports whether a tensor belongs to what a published
// DistilBERT has on top of its encoder.
func isPretrainingHead(name string) bool {
	head, _, _ := strings.Cut(strings.TrimPrefix(name, "distilbert."), ".")
	return slices.Contains([]string{
		"vocab_transform", "vocab_layer_norm", "vocab_projector", "pre_classifier", "classifier", "qa_outputs",
	}, head) || strings.HasSuffix(name, "embeddings.position_ids")
}

// LoadParams overwrites the parameters of p whose names begin with prefix by
// the tensors of file, and returns the names of those it had no use for.
// rename maps a tensor's name in the file to the parameter's without prefix. A
// missing tensor, and a wrong shape, are errors that name it.
func LoadParams(file *weights.File, prefix string, p torchx.Params, rename func(string) string) (unused []string, err error) {
	source := map[string]string{}
	for _, name := range file.Names() {
		param := prefix + rename(name)
		if other, taken := source[param]; taken {
			return nil, fmt.Errorf("tensors %s and %s are both %s", other, name, param)
		}
		source[param] = name
	}
	var missing []string
	for _, param := range p.All() {
		if !strings.HasPrefix(param.Name, prefix) {
			continue
		}
		name, ok := source[param.Name]
		if !ok {
			missing = append(missing, strings.TrimPrefix(param.Name, prefix))
			continue
		}
		tensor, err := file.Tensor(name)
		if err != nil {
			return nil, err
		}
		if err := checkpoint.Set(param, tensor); err != nil {
			return nil, err
		}
		delete(source, param.Name)
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("%d tensors are missing: %s", len(missing), abbreviate(missing))
	}
	return slices.Sorted(maps.Values(source)), nil
}

func abbreviate(names []string) string {
	const most = 5
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}
