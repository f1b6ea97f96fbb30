package fusion

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/trident-nlp/trident/internal/weights"
	"github.com/trident-nlp/trident/pkg/backbone"
)

// peftPrefix is PEFT's prefix of a model's tensors.
const peftPrefix = "base_model.model."

// mergeAdapter is the advice about a PEFT model.
const mergeAdapter = "merge it with merge_and_unload() and save the result with save_pretrained()"

// strange describes a folder without [LabelMapsFile] whose weights have no known maker.
func strange(d description, file *weights.File) error {
	name, names := filepath.Base(file.Path()), file.Names()
	is := fmt.Sprintf("there is no %s", LabelMapsFile)
	wrapper := commonPrefix(names)
	switch {
	case len(d.Architectures) > 0 && strings.HasSuffix(d.Architectures[0], "ForMaskedLM"):
		return fmt.Errorf("not a model directory: %s says that it holds a %s, which has no task yet; train a model from it, by backbone.model_name", ConfigFile, d.Architectures[0])
	case strings.HasPrefix(wrapper, peftPrefix):
		is = fmt.Sprintf("%s holds a model with PEFT's adapter (%s…): %s", name, peftPrefix, mergeAdapter)
	case len(d.Architectures) > 0 && !slices.ContainsFunc(d.Architectures, isTokenClassifierClass) && d.Trident == nil:
		is = fmt.Sprintf("%s says that it holds a %s", ConfigFile, d.Architectures[0])
	case slices.Contains(names, "pre_classifier.weight"):
		is = fmt.Sprintf("%s holds a classifier of whole texts, as DistilBertForSequenceClassification is", name)
	case wrapper != "":
		is = fmt.Sprintf("all tensors' names in %s begin with %q, as those of a model inside another one: save the state dict of the model itself", name, wrapper)
	}
	return fmt.Errorf("not a model directory: %s; without %s only a %s, a %s and the prototype's models of one task are read",
		is, LabelMapsFile, tokenClassifiersOf[backbone.DistilBERT], tokenClassifiersOf[backbone.BERT])
}

// commonPrefix is the common prefix of names, up to a dot; "" for a single name.
func commonPrefix(names []string) string {
	if len(names) < 2 {
		return ""
	}
	prefix := slices.Min(names)
	for _, name := range names {
		for !strings.HasPrefix(name, prefix) {
			prefix = prefix[:len(prefix)-1]
		}
	}
	return prefix[:strings.LastIndex(prefix, ".")+1]
}

// noWeights returns the error that dir has none of the wanted weight files.
func noWeights(dir, wanted string) error {
	const adapter = "adapter_model.safetensors"
	if _, err := os.Stat(filepath.Join(dir, adapter)); err == nil {
		return fmt.Errorf("not a model directory: it holds PEFT's adapter alone (%s): %s", adapter, mergeAdapter)
	}
	return fmt.Errorf("not a model directory: no weights: want %s", wanted)
}
