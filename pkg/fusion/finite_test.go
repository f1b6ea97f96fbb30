package fusion

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/internal/weights"
	"github.com/trident-nlp/trident/pkg/datasets"
)

// damage puts a number into a tensor.
func damage(number float32) func(*weights.Tensor) {
	return func(tensor *weights.Tensor) {
		if tensor.Name == "distilbert.transformer.layer.0.ffn.lin2.weight" {
			bits := math.Float32bits(number)
			copy(tensor.Data[len(tensor.Data)-4:], []byte{byte(bits), byte(bits >> 8), byte(bits >> 16), byte(bits >> 24)})
		}
	}
}

// Weights that aren't finite are refused, with the file and the tensor that hold them.
func TestLoadRefusesWhatIsNotFinite(t *testing.T) {
	const tensor = "distilbert.transformer.layer.0.ffn.lin2.weight"
	for name, number := range map[string]float32{
		"NaN": float32(math.NaN()), "infinity": float32(math.Inf(1)), "minus infinity": float32(math.Inf(-1)),
	} {
		for file, folder := range map[string]string{SafetensorsFile: "safetensors", PTFile: "bin", weights.BinFile: "bin"} {
			dir := copyDir(t, filepath.Join(folders, folder))
			reweigh(t, dir, file, damage(number))
			if file == PTFile {
				remove(t, dir, weights.BinFile)
			}
			_, _, err := Load(dir, gotch.CPU)
			if err == nil || !strings.Contains(err.Error(), file+": tensor "+tensor+" holds an infinity or a NaN") || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s in %s: error %v", name, file, err)
			}
			m, _ := mustLoad(t, filepath.Join(folders, folder))
			if err := m.LoadWeights(dir); err == nil || !strings.Contains(err.Error(), tensor) {
				t.Errorf("%s in %s: LoadWeights: error %v", name, file, err)
			}
		}
	}
	// Of a sharded model it is the shard that is named.
	dir := copyDir(t, filepath.Join(folders, "sharded-safetensors"))
	path := filepath.Join(dir, "model-00002-of-00003.safetensors")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copy(data[len(data)-4:], []byte{0, 0, 0xc0, 0x7f})
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Load(dir, gotch.CPU); err == nil || !strings.Contains(err.Error(), "model-00002-of-00003.safetensors: tensor ") {
		t.Errorf("in a shard: error %v", err)
	}
}

// Weights that are finite as float32 alone are refused in bfloat16.
func TestWeightsThatOverflowInBFloat16(t *testing.T) {
	dir := copyDir(t, filepath.Join(folders, "safetensors"))
	reweigh(t, dir, SafetensorsFile, damage(math.MaxFloat32))
	m, _ := mustLoad(t, dir)
	for range 2 {
		_, err := m.Inference(torchx.BF16)
		if err == nil || !strings.Contains(err.Error(), "precision bf16: distilbert.transformer.layer.0.ffn.lin2.weight holds a number that is too large for bfloat16; take fp32") {
			t.Errorf("error %v", err)
		}
	}
	if err := m.LoadWeights(filepath.Join(folders, "safetensors")); err != nil {
		t.Fatal(err)
	}
	s, err := m.Inference(torchx.BF16)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// overflowing is a model whose numbers aren't finite for texts that hold a token.
type overflowing struct {
	network
	token int64
	value float64
	texts []float32 // of the batch: the value for those that hold the token, otherwise 0
}

func (o *overflowing) Hidden(s *torchx.Scope, b datasets.Batch) (hidden, mask *ts.Tensor) {
	o.texts = make([]float32, b.Size)
	for row := range b.Size {
		if slices.Contains(b.IDs[row*b.Length:(row+1)*b.Length], o.token) {
			o.texts[row] = float32(o.value)
		}
	}
	return o.network.Hidden(s, b)
}

func (o *overflowing) Logits(s *torchx.Scope, task string, hidden, mask *ts.Tensor) []*ts.Tensor {
	logits := o.network.Logits(s, task, hidden, mask)
	for i, x := range logits {
		more := s.Float32s(o.texts, int64(len(o.texts)), 1)
		if task == "ner" {
			more = s.Unsqueeze(more, -1)
		}
		logits[i] = s.Add(x, more)
	}
	return logits
}

// A text whose numbers aren't finite has an error, whatever the task and the precision, and
// the texts beside it have their answers.
func TestPredictionsThatAreNotFinite(t *testing.T) {
	p, _ := newTestPredictor(t)
	bad := func(i int) bool { return strings.Contains(string(predictorTexts[i]), "uncle") }
	var token int64 = -1
	for id := range p.tok.VocabSize() {
		if p.tok.Token(int32(id)) == "uncle" {
			token = int64(id)
		}
	}
	want := mustPredict(t, p, predictorTexts, PredictOptions{Scores: true})
	for name, value := range map[string]float64{"NaN": math.NaN(), "infinity": math.Inf(1), "minus infinity": math.Inf(-1)} {
		p.model = &overflowing{network: p.model, token: token, value: value}
		for _, o := range []PredictOptions{{Scores: true}, {Scores: true, Overlap: new(6)}, {Scores: true, Tasks: []string{"qa"}}, {Scores: true, BatchSize: 1}} {
			got := mustPredict(t, p, predictorTexts, o)
			for i := range got {
				switch {
				case bad(i) && !errors.Is(got[i].Err, ErrNotFinite):
					t.Errorf("%s, %+v: text %d: error %v", name, o, i+1, got[i].Err)
				case bad(i) && (got[i].NER != nil || got[i].Entities != nil || got[i].Classification != nil || got[i].QA != nil || got[i].Scores != nil):
					t.Errorf("%s, %+v: text %d has an answer: %+v", name, o, i+1, got[i])
				case !bad(i) && got[i].Err != nil:
					t.Errorf("%s, %+v: text %d: error %v", name, o, i+1, got[i].Err)
				case !bad(i) && o.BatchSize == 0 && o.Overlap == nil && o.Tasks == nil && !reflect.DeepEqual(got[i], want[i]):
					t.Errorf("%s: text %d has another answer beside those", name, i+1)
				}
			}
		}
		for task, predict := range map[string]func() error{
			"classification": func() error {
				_, err := p.PredictClassification(t.Context(), predictorTexts, PredictOptions{})
				return err
			},
			"qa":     func() error { _, err := p.PredictQA(t.Context(), predictorTexts, PredictOptions{}); return err },
			"logits": func() error { _, err := p.TaskLogits(t.Context(), "ner", predictorTexts, PredictOptions{}); return err },
		} {
			err := predict()
			if !errors.Is(err, ErrNotFinite) || !strings.Contains(err.Error(), fmt.Sprintf("text 3 of %d", len(predictorTexts))) || strings.Contains(err.Error(), "uncle") {
				t.Errorf("%s: %s: error %v", name, task, err)
			}
		}
		p.model = p.model.(*overflowing).network
	}
}

// A text of which the tokenizer leaves nothing has no answer; its neighbours have theirs.
func TestTextsWithoutWords(t *testing.T) {
	p, _ := newTestPredictor(t)
	for _, overlap := range []int{0, 4} {
		texts := []datasets.Transcript{"Help", "", "\u200b", "\x00\x1f\u00ad", "\ue000 \ufeff", datasets.Transcript(strings.Repeat("\u2060 ", 100_000)), "\u2060.", "Help"}
		list := mustPredict(t, p, texts, PredictOptions{Overlap: sharing(overlap)})
		for i, got := range list {
			empty := i > 0 && i < 6
			if errors.Is(got.Err, ErrNoWords) != empty || (got.Classification == nil) != empty {
				t.Errorf("overlap %d, text %d: %v, classification %v", overlap, i, got.Err, got.Classification)
			}
		}
		r, err := p.Prepare(t.Context(), texts, PredictOptions{Overlap: sharing(overlap)})
		if err != nil || r.Empty() != 1 {
			t.Errorf("overlap %d: the first empty text is %d, %v", overlap, r.Empty(), err)
		}
		if r, err = p.Prepare(t.Context(), texts[6:], PredictOptions{Overlap: sharing(overlap)}); err != nil || r.Empty() != -1 {
			t.Errorf("overlap %d: among others %d, %v", overlap, r.Empty(), err)
		}
	}
}
