package modeldir

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/weights"
)

func TestCheckContent(t *testing.T) {
	var safetensors, pt bytes.Buffer
	tensors := []weights.Tensor{{Name: "a", DType: weights.F32, Shape: []int64{1}, Data: make([]byte, 4)}}
	if err := weights.WriteSafetensors(&safetensors, tensors, nil); err != nil {
		t.Fatal(err)
	}
	if err := weights.WritePT(&pt, tensors); err != nil {
		t.Fatal(err)
	}
	const description = `{"model_type": "distilbert", "dim": 8}`
	for name, test := range map[string]struct {
		files map[string]string
		want  string // "" if it is a model
	}{
		"ours": {map[string]string{"model.safetensors": safetensors.String(), "model.pt": pt.String(), "config.json": description, "README.md": CardMark + "tags: []\n",
			"metrics.json": "{}", "losses.png": "\x89PNG\r\n\x1a\n", "losses.svg": "<?xml version", "held_out_ner.csv": "record,share,x\n", "vocab.txt": "[PAD]"}, ""},
		"a card with Windows' lines":             {map[string]string{"model.pt": "", "config.json": description, "README.md": strings.ReplaceAll(CardMark, "\n", "\r\n")}, ""},
		"damaged weights":                        {map[string]string{"model.pt": "torn", "config.json": description}, ""},
		"the prototype's, labels":                {map[string]string{"model.pt": pt.String(), "label_maps.json": "{}"}, ""},
		"the prototype's, tokenizer":             {map[string]string{"pytorch_model.bin": pt.String(), "tokenizer_config.json": "{}"}, ""},
		"another's project":                      {map[string]string{"model.pt": "yolo", "config.json": "{}", "README.md": "notes"}, "README.md: it isn't a model card of ours"},
		"another's configuration":                {map[string]string{"model.pt": pt.String(), "config.json": `{"port": 80}`}, "config.json: it describes no DistilBERT or BERT model"},
		"another kind of model":                  {map[string]string{"model.safetensors": safetensors.String(), "config.json": `{"model_type": "roberta"}`, "vocab.txt": ""}, "config.json: it describes no DistilBERT"},
		"no JSON":                                {map[string]string{"model.pt": pt.String(), "config.json": "port = 80"}, "config.json: it isn't a model's"},
		"another's notes beside":                 {map[string]string{"model.pt": "", "config.json": description, "README.md": "notes"}, "README.md: it isn't"},
		"another's front matter":                 {map[string]string{"model.pt": "", "config.json": description, "README.md": "---\ntitle: notes\n"}, "README.md: it isn't"},
		"another's metrics":                      {map[string]string{"model.pt": "", "config.json": description, "metrics.json": "[1]"}, "metrics.json: it isn't"},
		"another's figure":                       {map[string]string{"model.pt": "", "config.json": description, "scores.png": "GIF"}, "scores.png: it isn't a PNG image"},
		"another's drawing":                      {map[string]string{"model.pt": "", "config.json": description, "scores.svg": ""}, "scores.svg: it isn't an SVG image"},
		"another's table":                        {map[string]string{"model.pt": "", "config.json": description, "held_out_x.csv": "a,b"}, "held_out_x.csv: it isn't a list"},
		"another's weights alone":                {map[string]string{"model.pt": pt.String()}, "there is no config.json, nor labels or a tokenizer"},
		"what holds no weights, beside a table":  {map[string]string{"model.pt": "yolo", "vocab.txt": "a"}, "model.pt holds no weights that can be read"},
		"what holds no weights, beside its maps": {map[string]string{"model.pt": "yolo", "label_maps.json": "{}"}, "model.pt holds no weights that can be read"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			lay(t, dir, test.files)
			isWeights := func(name string) bool {
				return strings.HasPrefix(name, "model.") || strings.HasPrefix(name, "pytorch_model.")
			}
			err := CheckContent(dir, slices.Sorted(maps.Keys(test.files)), isWeights)
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}
