package backbone

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/trident-nlp/trident/internal/checkpoint"
	"github.com/trident-nlp/trident/internal/numbers"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/internal/weights"
	"github.com/trident-nlp/trident/pkg/nn"
)

// LoadPretrained sets the encoder's parameters in p, whose names begin with prefix, to
// those of the model in dir, in one or several files. Hugging Face's names are
// recognised with or without the encoder's prefix in models with heads ("distilbert.",
// "bert.", Trident's "backbone."), with the old gamma and beta, and with prefixes of
// PyTorch's wrappers. Heads and BERT's pooler are ignored. Every parameter must be
// present, in its shape, and finite.
func LoadPretrained(dir, prefix string, p nn.Params) error {
	return loadPretrained(dir, prefix, p, checkpoint.Set)
}

// setter sets a parameter to a tensor.
type setter func(p torchx.Param, tensor weights.Tensor) error

func loadPretrained(dir, prefix string, p nn.Params, set setter) error {
	file, err := OpenPretrained(dir)
	if err != nil {
		return err
	}
	defer file.Close()
	within, err := encoderPrefix(file.Names())
	if err != nil {
		return fmt.Errorf("load pretrained weights %s: %w", file.Path(), err)
	}
	unused, err := loadParams(file, prefix, p, func(name string) string {
		return strings.TrimPrefix(CurrentName(name), within)
	}, set)
	if err == nil {
		_, bert := p.Get(prefix + "embeddings.token_type_embeddings.weight")
		unused = slices.DeleteFunc(unused, func(name string) bool { return isHead(name, within, bert) })
		if len(unused) > 0 {
			err = fmt.Errorf("%s not %s's: %s", tensorsAre(unused), modelName(bert), abbreviate(unused))
		}
	}
	if err != nil {
		return fmt.Errorf("load pretrained weights %s: %w", file.Path(), err)
	}
	return nil
}

// OpenPretrained opens the weights of the model in dir, or the first of several files. The
// caller closes them.
func OpenPretrained(dir string) (*nn.WeightFile, error) {
	names := append(weights.HuggingFaceFiles(), "model.pt") // Trident's and the prototype's models
	wanted := fmt.Sprintf("%s or %s, or the index of one in several files (….index.json)", weights.SafetensorsFile, weights.BinFile)
	switch named, err := NamedWeights(dir); {
	case err != nil:
		return nil, fmt.Errorf("load pretrained weights: %w", err)
	case named != "":
		names, wanted = []string{named}, named+", which its config.json names"
	}
	file, err := weights.OpenFirst(dir, names, func(*weights.File) bool { return true })
	if err != nil {
		return nil, fmt.Errorf("load pretrained weights: %w", err)
	}
	if file == nil {
		return nil, fmt.Errorf("%w: %s holds no weights; want %s", ErrNotFound, dir, wanted)
	}
	return file, nil
}

// encoderPrefix returns the prefix of the encoder's tensors in a file.
func encoderPrefix(names []string) (string, error) {
	var found []string
	for _, name := range names {
		if prefix, ok := strings.CutSuffix(name, "embeddings.word_embeddings.weight"); ok && (prefix == "" || strings.HasSuffix(prefix, ".")) {
			found = append(found, prefix)
		}
	}
	switch len(found) {
	case 0:
		return "", nil // missing tensors are reported later
	case 1:
		return found[0], nil
	}
	slices.Sort(found)
	return "", fmt.Errorf("it holds several encoders: those of %sembeddings.word_embeddings.weight and %sembeddings.word_embeddings.weight; give a folder of one", found[0], found[1])
}

// CurrentName returns a tensor's current name: old checkpoints have gamma and beta for
// the weight and bias of LayerNorm.
func CurrentName(name string) string {
	if rest, ok := strings.CutSuffix(name, ".gamma"); ok {
		return rest + ".weight"
	}
	if rest, ok := strings.CutSuffix(name, ".beta"); ok {
		return rest + ".bias"
	}
	return name
}

// IsBuffer reports whether a tensor isn't a parameter of an encoder, but a buffer stored
// by older versions of transformers: the positions, from 0.
func IsBuffer(name string) bool {
	return name == positionIDs || strings.HasSuffix(name, "."+positionIDs)
}

const positionIDs = "embeddings.position_ids"

// IsPooler reports whether a tensor belongs to BERT's pooler, which transforms the first
// token's hidden state for next sentence prediction. Trident's heads don't use it.
func IsPooler(name string) bool {
	dense := strings.TrimSuffix(strings.TrimSuffix(name, ".weight"), ".bias")
	return dense != name && (dense == "pooler.dense" || strings.HasSuffix(dense, ".pooler.dense"))
}

// isHead reports whether a tensor belongs to a head of a model whose encoder has the
// prefix within. If within is empty, only the heads of published models are recognised.
func isHead(name, within string, bert bool) bool {
	rest, inside := strings.CutPrefix(name, within)
	if !inside || IsBuffer(name) || bert && IsPooler(name) {
		return true
	}
	head, _, _ := strings.Cut(rest, ".")
	return slices.Contains(publishedHeads(bert), head)
}

// LoadParams sets the parameters of p whose names begin with prefix to the tensors of
// file, and returns the names of unused tensors. rename maps a tensor's name in the file
// to the parameter's name without prefix. Missing tensors, wrong shapes and non-finite
// numbers ([checkpoint.ErrNotFinite]) are errors that name the tensor; if a tensor is
// missing, no parameter is changed.
func LoadParams(file *nn.WeightFile, prefix string, p nn.Params, rename func(string) string) (unused []string, err error) {
	return loadParams(file, prefix, p, rename, checkpoint.Set)
}

func loadParams(file *nn.WeightFile, prefix string, p nn.Params, rename func(string) string, set setter) (unused []string, err error) {
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
		return nil, fmt.Errorf("%s missing: %s; %s not expected: %s", tensorsAre(missing), abbreviate(missing), tensorsAre(unused), abbreviate(unused))
	case len(missing) > 0:
		return nil, fmt.Errorf("%s missing: %s", tensorsAre(missing), abbreviate(missing))
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
		if err := set(param, tensor); err != nil {
			if errors.Is(err, checkpoint.ErrNotFinite) {
				err = fmt.Errorf("%s: %w: training has failed there, or the file is damaged; take an earlier checkpoint", filepath.Base(file.Holder(name)), err)
			}
			return nil, err
		}
	}
	return unused, nil
}

func tensorsAre(names []string) string { return numbers.Are(len(names), "tensor") }

func abbreviate(names []string) string {
	const most = 5
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}
