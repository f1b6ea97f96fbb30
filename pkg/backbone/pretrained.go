package backbone

import (
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

// weightFiles are the names that Hugging Face gives to weights, best first.
var weightFiles = []string{"model.safetensors", "pytorch_model.bin"}

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
// missing tensor, and a wrong shape, are errors that name it; nothing is
// overwritten if one is missing.
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
	from := map[string]string{}
	for _, param := range p.All() {
		if !strings.HasPrefix(param.Name, prefix) {
			continue
		}
		name, ok := source[param.Name]
		if !ok {
			missing = append(missing, strings.TrimPrefix(param.Name, prefix))
			continue
		}
		from[param.Name] = name
		delete(source, param.Name)
	}
	unused = slices.Sorted(maps.Values(source))
	switch {
	case len(missing) > 0 && len(unused) > 0:
		return nil, fmt.Errorf("%d tensors are missing: %s; there are %d others: %s", len(missing), abbreviate(missing), len(unused), abbreviate(unused))
	case len(missing) > 0:
		return nil, fmt.Errorf("%d tensors are missing: %s", len(missing), abbreviate(missing))
	}
	for _, param := range p.All() {
		name, ok := from[param.Name]
		if !ok {
			continue
		}
		tensor, err := file.Tensor(name)
		if err != nil {
			return nil, err
		}
		if err := checkpoint.Set(param, tensor); err != nil {
			return nil, err
		}
	}
	return unused, nil
}

func abbreviate(names []string) string {
	const most = 5
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}
