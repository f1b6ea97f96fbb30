// Package tinymodel creates models for tests: small enough to be fast, with weights large
// enough that their predictions differ from word to word.
package tinymodel

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/backbone"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// MaxLength is the model's maximum number of tokens.
const MaxLength = 48

// Words are the words in its vocabulary.
const Words = "Hello my name is Mwakamba from Kisumu son he was beaten a . , ?"

// special are the tokens that precede the words.
var special = strings.Fields("[PAD] [UNK] [CLS] [SEP] [MASK]")

// BuiltIn are the three built-in tasks with few labels, each sub-category with its own
// main category.
func BuiltIn() []tasks.Task {
	cls := tasks.CLS(tasks.CaseLabels{
		Main:         []string{"Child Maintenance & Custody", "GBV"},
		Sub:          []string{"Custody", "Physical Violence"},
		Intervention: []string{"Counselling", "Referral"},
		Priority:     []string{"1", "2", "3"},
	})
	cls.Heads[0].Follows = &tasks.Follows{Head: "sub", IDs: []int{0, 1}}
	return []tasks.Task{tasks.NER(tasks.NERLabels()), cls, tasks.QA()}
}

// Tasks are [BuiltIn] and one custom task.
func Tasks(t testing.TB) []tasks.Task {
	t.Helper()
	own, err := tasks.Custom{Name: "mood", Kind: tasks.MultiClass, Heads: []tasks.Head{{Name: "caller", Labels: []string{"calm", "upset"}}}}.Task()
	if err != nil {
		t.Fatal(err)
	}
	return append(BuiltIn(), own)
}

// ByLabel are [BuiltIn] with an attention for each label.
func ByLabel(t testing.TB) []tasks.Task {
	t.Helper()
	list := BuiltIn()
	for i := range list[1:] {
		var err error
		if list[i+1], err = list[i+1].Pooled(tasks.LabelAttentionPooling); err != nil {
			t.Fatal(err)
		}
	}
	return list
}

// Dir saves a model of [Tasks], the same for each seed, in a folder removed after the
// test.
func Dir(t testing.TB, seed uint64) string {
	t.Helper()
	return DirOf(t, seed, Tasks(t))
}

// DirOf is [Dir] with other tasks.
func DirOf(t testing.TB, seed uint64, list []tasks.Task) string {
	t.Helper()
	vocab := append(slices.Clone(special), strings.Fields(Words)...)
	tok, err := tokenize.New(vocab, tokenize.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return Save(t, tok, rand.New(rand.NewPCG(seed, 3)), 0.3, fusion.Architecture{Tasks: list, Config: backbone.Config{
		VocabSize: int64(len(vocab)), MaxPositions: MaxLength, Dim: 32, Layers: 2, Heads: 2, HiddenDim: 64,
		Activation: "gelu", InitRange: 0.02, ModelType: "distilbert",
	}})
}

// Save saves a model with weights drawn by rng from a normal distribution with that
// standard deviation, in a folder removed after the test.
func Save(t testing.TB, tok *tokenize.Tokenizer, rng *rand.Rand, deviation float64, a fusion.Architecture) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "model")
	SaveIn(t, dir, tok, rng, deviation, a)
	return dir
}

// SaveIn is [Save] in the folder dir.
func SaveIn(t testing.TB, dir string, tok *tokenize.Tokenizer, rng *rand.Rand, deviation float64, a fusion.Architecture) {
	t.Helper()
	m, err := fusion.New(a, gotch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Drop()
	for _, p := range m.Params().All() {
		shape, err := p.Tensor.Size()
		if err != nil {
			t.Fatal(err)
		}
		var data []byte
		for range ts.ElementCount(shape) {
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(float32(rng.NormFloat64()*deviation)))
		}
		if err := torchx.SetBytes(p.Tensor, data, gotch.Float, shape); err != nil {
			t.Fatal(err)
		}
	}
	if err := fusion.Save(dir, m, tok, nil); err != nil {
		t.Fatal(err)
	}
}
