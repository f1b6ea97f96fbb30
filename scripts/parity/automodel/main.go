// Command automodel writes small models of all kinds that Hugging Face's transformers loads by
// AutoModel, with calls and their logits, for scripts/parity to compare:
//
//	automodel FOLDER SEED
//
// FOLDER gets a model's folder for each, and NAME.safetensors with ids (I64, [batch, seq]),
// mask (BOOL, the same shape) and each head's logits as TASK.HEAD (F32).
package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/internal/weights"
	"github.com/trident-nlp/trident/pkg/backbone"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: automodel FOLDER SEED")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "automodel:", err)
		os.Exit(1)
	}
}

func run(folder, seed string) error {
	number, err := strconv.ParseUint(seed, 10, 32)
	if err != nil {
		return fmt.Errorf("read the seed: %w", err)
	}
	vocabulary := []string{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}
	for i := range 300 {
		vocabulary = append(vocabulary, fmt.Sprintf("w%d", i))
	}
	tok, err := tokenize.New(vocabulary, tokenize.Options{ModelMaxLength: 128})
	if err != nil {
		return err
	}
	all := architectures(int64(tok.VocabSize()))
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if err := save(filepath.Join(folder, name), all[name], tok, number); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func architectures(vocabulary int64) map[string]fusion.Architecture {
	distilBERT := backbone.Config{
		VocabSize: vocabulary, MaxPositions: 128, Dim: 48, Layers: 3, Heads: 4, HiddenDim: 96, Activation: "gelu", InitRange: 0.2, ModelType: backbone.DistilBERT,
	}
	bert := distilBERT
	bert.ModelType, bert.TypeVocabSize, bert.LayerNormEps = backbone.BERT, 2, 1e-12
	cases := tasks.CaseLabels{Main: []string{"a", "b"}, Sub: []string{"c", "d", "e"}, Intervention: []string{"f", "g"}, Priority: []string{"1", "2"}}
	three := []tasks.Task{tasks.NER(tasks.NERLabels()), tasks.CLS(cases), tasks.QA()}
	three[1].Heads[0].Follows = nil
	byLabel := slices.Clone(three)
	for i := range byLabel[1:] {
		byLabel[1+i].Pooling = tasks.LabelAttentionPooling
	}
	return map[string]fusion.Architecture{
		"fusion":                      {Config: distilBERT, Tasks: three},
		"fusion over BERT":            {Config: bert, Tasks: three},
		"fusion in windows":           {Config: distilBERT, Tasks: three, Windows: datasets.Windows{Length: 40, Overlap: 15}},
		"fusion over BERT, windows":   {Config: bert, Tasks: three, Windows: datasets.Windows{Length: 128, MaxTokens: 500}},
		"fusion between turns":        {Config: distilBERT, Tasks: three, Windows: datasets.Windows{Length: 40, Overlap: 12, TurnTokens: []int32{10, 20, 30, 40}}},
		"an attention for each label": {Config: distilBERT, Tasks: byLabel, Windows: datasets.Windows{Length: 40, Overlap: 15}},
		"classification of one task":  {Config: distilBERT, EncoderName: "bert", Tasks: []tasks.Task{withoutFollows(tasks.SingleCLS(cases))}},
		"QA of one task":              {Config: distilBERT, EncoderName: "bert", Tasks: []tasks.Task{tasks.SingleQA()}},
	}
}

func withoutFollows(task tasks.Task) tasks.Task {
	task.Heads = slices.Clone(task.Heads)
	task.Heads[0].Follows = nil
	return task
}

// save writes a random model, calls of one to several windows, and their logits.
func save(folder string, a fusion.Architecture, tok *tokenize.Tokenizer, seed uint64) error {
	if err := torchx.Seed(seed); err != nil {
		return err
	}
	m, err := fusion.New(a, gotch.CPU)
	if err != nil {
		return err
	}
	defer m.Drop()
	if err := fusion.Save(folder, m, tok, nil); err != nil {
		return err
	}
	rng := rand.New(rand.NewPCG(seed, 1))
	longest := 128
	if a.Windows.On() {
		longest = 3*a.Windows.Length + 20
	}
	var examples []datasets.Example
	for _, length := range []int{3, 17, longest / 2, longest} {
		ids := []int32{2}
		for range length - 2 {
			ids = append(ids, 5+rng.Int32N(300))
		}
		examples = append(examples, datasets.Example{IDs: append(ids, 3)})
	}
	b := datasets.Collator{}.Collate(nil, examples)
	outputs, err := m.Outputs(b, m.Tasks, fusion.OutputOptions{})
	if err != nil {
		return err
	}
	tensors, err := described(b, outputs)
	if err != nil {
		return err
	}
	var data bytes.Buffer
	if err := weights.WriteSafetensors(&data, tensors, nil); err != nil {
		return err
	}
	return os.WriteFile(folder+".safetensors", data.Bytes(), 0o666)
}

func described(b datasets.Batch, outputs []fusion.Output) (list []weights.Tensor, err error) {
	shape := []int64{int64(b.Size), int64(b.Length)}
	add := func(name string, dtype weights.DType, shape []int64, values any) {
		data, bad := binary.Append(nil, binary.LittleEndian, values)
		if bad != nil {
			err = bad
		}
		list = append(list, weights.Tensor{Name: name, DType: dtype, Shape: shape, Data: data})
	}
	add("ids", weights.I64, shape, b.IDs)
	add("mask", weights.BOOL, shape, b.Mask)
	for _, out := range outputs {
		for h, head := range out.Task.Heads {
			shape := []int64{shape[0], int64(len(head.Labels))}
			if out.Task.PerToken() {
				shape = []int64{shape[0], int64(b.Length), shape[1]}
			}
			add(out.Task.Name+"."+head.Name, weights.F32, shape, slices.Concat(out.Logits[h]...))
		}
	}
	return list, err
}
