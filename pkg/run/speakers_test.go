package run

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/config"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// embeddings are the rows of a model's token embeddings, as bytes.
func embeddings(t *testing.T, m *fusion.Model) [][]byte {
	t.Helper()
	tensor, found := m.Params().Get(m.EncoderName + ".embeddings.word_embeddings.weight")
	if !found {
		t.Fatal("there are no embeddings")
	}
	data, err := torchx.Bytes(tensor)
	if err != nil {
		t.Fatal(err)
	}
	return slices.Collect(slices.Chunk(data, 4*int(m.Config.Dim)))
}

// Speaker tokens are added to a pretrained model's vocabulary, learnt, saved, and kept by a
// model that continues it.
func TestSpeakerTokens(t *testing.T) {
	c, _ := lastMonth(t)
	plain, err := tokenize.Load(c.Backbone.ModelName)
	if err != nil {
		t.Fatal(err)
	}
	size := plain.VocabSize()
	c.Tokenizer.SpeakerTokens = config.Speakers{"Caller:", "Operatrix:"}
	c.Output.ModelDir, c.Training.NumEpochs = "models/speakers", 1
	var out bytes.Buffer
	r, err := Open(t.Context(), c, Options{Device: "cpu", Out: &out})
	if err != nil {
		t.Fatal(err)
	}
	before := embeddings(t, r.model)
	if len(before) != size+2 || !strings.Contains(out.String(), `No call has the speaker token "Operatrix:"`) || strings.Contains(out.String(), `token "Caller:"`) {
		t.Errorf("%d tokens, want %d; told %q", len(before), size+2, out.String())
	}
	if err := r.Fit(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.Close()
	model, tok, err := fusion.Load(c.Output.ModelDir, gotch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	defer model.Drop()
	after := embeddings(t, model)
	if tok.VocabSize() != size+2 || len(after) != size+2 || int(tok.Encode("Caller: hello").IDs[1]) != size {
		t.Errorf("saved: %d tokens, %d rows, and Caller: is %v", tok.VocabSize(), len(after), tok.Encode("Caller: hello").IDs)
	}
	if bytes.Equal(before[size], after[size]) {
		t.Error("the speaker's row hasn't changed")
	}

	c.Backbone.ModelName, c.Output.ModelDir, c.Tokenizer.SpeakerTokens = c.Output.ModelDir, "models/next", config.Speakers{"Caller:"}
	next, err := Open(t.Context(), c, Options{Device: "cpu"})
	if err != nil {
		t.Fatal(err)
	}
	defer next.Close()
	if rows := embeddings(t, next.model); len(rows) != size+2 || !bytes.Equal(rows[size], after[size]) {
		t.Errorf("the model that continues it has %d tokens, or other rows", len(rows))
	}
}

// The case in which a label is written counts only where the tokenizer tells cases apart.
func TestCaseOfSpeakers(t *testing.T) {
	calls := []string{"CALLER: hello", "Counselor: hello"}
	vocabulary := strings.Fields("[PAD] [UNK] [CLS] [SEP] [MASK] caller hello :")
	for _, lower := range []bool{false, true} {
		tok, err := tokenize.New(vocabulary, tokenize.Options{LowerCase: lower})
		if err != nil {
			t.Fatal(err)
		}
		if tok, err = tok.WithSpeakers([]string{"Caller:", "Counselor:", "Agent:"}); err != nil {
			t.Fatal(err)
		}
		for label, want := range map[string]bool{"Caller:": lower, "Counselor:": true, "Agent:": false} {
			if got := anyHas(slices.Values(calls), label, anyCase(tok, label)); got != want {
				t.Errorf("lower case %v: a call has %s: %v, want %v", lower, label, got, want)
			}
		}
	}
}

// A model from scratch has them as well.
func TestSpeakerTokensFromScratch(t *testing.T) {
	c := small(t)
	c.Tokenizer.SpeakerTokens = config.Speakers{"Caller:"}
	r, err := Open(t.Context(), c, Options{Device: "cpu"})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if n := r.data.tokenizer.VocabSize(); r.data.tokenizer.Token(int32(n-1)) != "Caller:" || len(embeddings(t, r.model)) != n {
		t.Errorf("the last of %d tokens is %q; %d rows", n, r.data.tokenizer.Token(int32(n-1)), len(embeddings(t, r.model)))
	}
}

// Files that don't belong together are still refused.
func TestSpeakerTokensDoNotHideAWrongVocabulary(t *testing.T) {
	c, _ := lastMonth(t)
	dir := c.Backbone.ModelName
	path := filepath.Join(dir, "config.json")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	tok, err := tokenize.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	more, err := tok.WithSpeakers([]string{"A:"})
	if err != nil {
		t.Fatal(err)
	}
	if err := more.Save(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	c.Tokenizer.SpeakerTokens, c.Output.ModelDir = config.Speakers{"Caller:"}, "models/other"
	if r, err := Open(t.Context(), c, Options{Device: "cpu"}); err == nil || !strings.Contains(err.Error(), "don't belong together") {
		t.Errorf("the error is %v", err)
		if err == nil {
			r.Close()
		}
	}
}
