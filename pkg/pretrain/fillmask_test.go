package pretrain

import (
	"cmp"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/backbone"
)

// make parity reads what is saved there with transformers' own fill-mask pipeline.
var saveDir = flag.String("save", "", "keep the saved models in this directory")

const maskedText = "Hello my [MASK] is"

type filled struct {
	Token string  `json:"token"`
	Score float64 `json:"score"`
}

// fill is what a model says of the masked token of maskedText, the likeliest first.
func fill(t *testing.T, dir string) []filled {
	t.Helper()
	m, tok := load(t, dir), wordsTokenizer(t)
	var q backbone.Tokens
	at := int64(-1)
	for i, id := range tok.Encode(maskedText).IDs {
		q.IDs = append(q.IDs, int64(id))
		if tok.Token(id) == "[MASK]" {
			at = int64(i)
		}
	}
	q.Lengths = []int64{int64(len(q.IDs))}
	s := torchx.Inference(gotch.CPU)
	defer closeScope(t, s)
	var list []filled
	for id, p := range s.ReadFloat32(s.Softmax(m.Logits(s, m.Hidden(s, q), []int64{at}), 1)) {
		list = append(list, filled{tok.Token(int32(id)), float64(p)})
	}
	slices.SortFunc(list, func(a, b filled) int { return cmp.Compare(b.Score, a.Score) })
	return list
}

// A saved model says what the one that was saved says; scripts/golden/pretrain.py verify
// compares it with transformers' fill-mask.
func TestFillMask(t *testing.T) {
	forEachType(t, func(t *testing.T, modelType string) {
		source := filepath.Join("testdata", modelType)
		dir := filepath.Join(cmp.Or(*saveDir, t.TempDir()), modelType)
		if err := Save(dir, load(t, source), wordsTokenizer(t), nil); err != nil {
			t.Fatal(err)
		}
		want := fill(t, source)
		if got := fill(t, dir); !slices.Equal(got, want) {
			t.Errorf("says %v, want %v", got[:3], want[:3])
		}
		if want[0].Score < 2/float64(len(want)) {
			t.Errorf("all tokens are about as likely: %v", want[:3])
		}
		data, err := json.Marshal(want[:3])
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, "expected.json"), data, 0o666)
		}
		if err != nil {
			t.Fatal(err)
		}
	})
}
