package distill

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/tinymodel"
	"github.com/trident-nlp/trident/pkg/backbone"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// Two vocabularies that cut words differently: the cased one has "Amina"
// whole, the uncased one in two.
var (
	casedVocab   = strings.Fields(`[PAD] [UNK] [CLS] [SEP] [MASK] Amina lives in Ki ##sumu . , call ##s her un ##cle is 8`)
	uncasedVocab = strings.Fields(`[PAD] [UNK] [CLS] [SEP] [MASK] ami ##na li ##ves in kisumu . , calls her uncle is 8 ##e`)
)

func newTokenizer(t *testing.T, vocab []string, o tokenize.Options) *tokenize.Tokenizer {
	t.Helper()
	tok, err := tokenize.New(vocab, o)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func cased(t *testing.T) *tokenize.Tokenizer {
	return newTokenizer(t, casedVocab, tokenize.Options{})
}

func uncased(t *testing.T) *tokenize.Tokenizer {
	return newTokenizer(t, uncasedVocab, tokenize.Options{LowerCase: true})
}

// testTasks are one of each kind.
func testTasks() []tasks.Task {
	return []tasks.Task{
		tasks.NER([]string{"O", "NAME", "AGE"}),
		tasks.CLS(tasks.CaseLabels{Main: []string{"a", "b", "c"}, Sub: []string{"d", "e"}, Intervention: []string{"f", "g"}, Priority: []string{"1", "2"}}),
		tasks.QA(),
	}
}

// teacherDir saves a tiny model of tasks that reads so many tokens. Its weights
// are large, so that it says different things of different texts.
func teacherDir(t *testing.T, tok *tokenize.Tokenizer, seed uint64, positions int64, list ...tasks.Task) string {
	t.Helper()
	c := backbone.DistilBERTCased()
	c.VocabSize, c.MaxPositions, c.Dim, c.Layers, c.Heads, c.HiddenDim = int64(tok.VocabSize()), positions, 16, 1, 2, 32
	return tinymodel.Save(t, tok, rand.New(rand.NewPCG(seed, 1)), 0.5, fusion.Architecture{Config: c, Tasks: list})
}

func open(t *testing.T, dir string, task tasks.Task) *Teacher {
	t.Helper()
	teacher, err := Open(dir, task, gotch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(teacher.Drop)
	return teacher
}

// record is a record for NER and QA, and for a task with the heads x and y.
type record struct {
	Text     string            `json:"text"`
	Entities []datasets.Entity `json:"entities"`
	Labels   map[string][]int  `json:"labels,omitempty"`
	X        string            `json:"x,omitempty"`
	Y        string            `json:"y,omitempty"`
}

// testRecords have long and short texts, and words that only one vocabulary
// has whole.
func testRecords() []record {
	return []record{
		{
			Text: "Amina lives in Kisumu.", Entities: []datasets.Entity{{Label: "NAME", Start: 0, End: 5}}, X: "a", Y: "d",
			Labels: map[string][]int{"opening": {0}, "listening": {}, "proactiveness": {}, "resolution": {}, "hold": {}, "closing": {}},
		},
		{Text: "Amina is 8, her uncle calls her.", Entities: []datasets.Entity{{Label: "NAME", Start: 0, End: 5}, {Label: "AGE", Start: 9, End: 10}}},
		{Text: "in Kisumu"},
	}
}

// loadRecords writes records to a file and reads it for a task.
func loadRecords(t *testing.T, list []record, task tasks.Task) datasets.Records {
	t.Helper()
	path := filepath.Join(t.TempDir(), "data.json")
	data, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
	records, err := datasets.Load(t.Context(), datasets.Source{Path: path, Tasks: []tasks.Task{task}})
	if err != nil {
		t.Fatal(err)
	}
	return records
}

func mustLogits(t *testing.T, teacher *Teacher, records datasets.Records, dir string) ([]fusion.Logits, bool) {
	t.Helper()
	logits, cached, err := teacher.Logits(t.Context(), records, dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	return logits, cached
}

func encode(t *testing.T, records datasets.Records, tok *tokenize.Tokenizer, limits datasets.Limits) []datasets.Example {
	t.Helper()
	set, err := records.Encode(t.Context(), tok, limits)
	if err != nil {
		t.Fatal(err)
	}
	return set.Examples
}

func equalLogits(a, b []fusion.Logits) bool {
	return slices.EqualFunc(a, b, func(x, y fusion.Logits) bool {
		return slices.Equal(x.Words, y.Words) && slices.EqualFunc(x.Values, y.Values, slices.Equal)
	})
}
