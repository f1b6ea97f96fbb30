package serve

import (
	"encoding/json"
	"math"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/tinymodel"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/client"
	"github.com/trident-nlp/trident/pkg/fusion"
)

// A text for which the model's numbers aren't finite is a problem that names it; what is
// read in the same batch for others has its answer.
func TestTextThatIsNotFinite(t *testing.T) {
	for _, precision := range []torchx.Precision{torchx.FP32, torchx.INT8} {
		var batches [][]fusion.Piece
		s := newServer(t, func(c *Config) { c.BatchSize = 3 })
		tinymodel.Overflow(t, s.dir)
		s.Open = func() (*Model, error) { return OpenModel(s.dir, gotch.CPU, precision) }
		if _, err := s.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.current.batcher.wait = time.Minute
		s.read = func(m *Model, pieces []fusion.Piece) error {
			batches = append(batches, pieces)
			return run(m, pieces)
		}
		var group sync.WaitGroup
		var good, bad reply
		group.Go(func() { good = s.predict(`{"texts": ["my name"], "scores": true}`) })
		group.Go(func() {
			bad = s.predict(`{"texts": ["he was beaten", "from ` + tinymodel.OverflowWord + `"], "scores": true}`)
		})
		group.Wait()
		if len(batches) != 1 || len(batches[0]) != 3 {
			t.Errorf("%s: the texts weren't one batch: %d", precision, len(batches))
		}
		var beside, alone struct{ Predictions []client.Prediction }
		if err := json.Unmarshal([]byte(good.body), &beside); err != nil || good.code != http.StatusOK || len(beside.Predictions) != 1 {
			t.Fatalf("%s: the text beside it: %d, %v", precision, good.code, err)
		}
		s.current.batcher.wait = 0
		if err := json.Unmarshal([]byte(s.predict(`{"texts": ["my name"]}`).body), &alone); err != nil {
			t.Fatal(err)
		}
		if a, b := beside.Predictions[0].Review, alone.Predictions[0].Review; a == nil || b == nil || math.Abs(a.Cost-b.Cost) > 1e-5 {
			t.Errorf("%s: the review of the text beside it is %+v, alone %+v", precision, a, b)
		}
		for _, p := range []*client.Prediction{&beside.Predictions[0], &alone.Predictions[0]} {
			p.Scores, p.Review = nil, nil // they are rounded by the batch's shape
		}
		if !reflect.DeepEqual(beside, alone) {
			t.Errorf("%s: the text beside it has %+v, alone %+v", precision, beside, alone)
		}
		status, field, detail := bad.problem(t)
		if status != http.StatusInternalServerError || field != "texts[1]" || !strings.Contains(detail, "aren't finite") {
			t.Errorf("%s: got %d, field %q, %q", precision, status, field, detail)
		}
	}
}

// A model that isn't finite, as it is or in the precision, doesn't get ready, and doesn't
// take the place of one that is.
func TestModelThatIsNotFinite(t *testing.T) {
	const tensor = "cls_main.bias"
	for name, test := range map[string]struct {
		precision torchx.Precision
		spoil     func(t testing.TB, dir string)
		want      string
	}{
		"a weight":             {torchx.FP32, func(t testing.TB, dir string) { tinymodel.Spoil(t, dir, tensor) }, fusion.SafetensorsFile + ": tensor " + tensor + " holds an infinity or a NaN"},
		"a weight in bfloat16": {torchx.BF16, tinymodel.Overflow, "backbone.embeddings.word_embeddings.weight holds a number that is too large for bfloat16; take fp32"},
		"the logits":           {torchx.FP32, tinymodel.OverflowAlways, "warm up: task ner: the model's numbers for this text aren't finite"},
		"the logits in int8":   {torchx.INT8, tinymodel.OverflowAlways, "warm up: task ner: the model's numbers for this text aren't finite"},
	} {
		t.Run(name, func(t *testing.T) {
			open := func(s *testServer) func() (*Model, error) {
				return func() (*Model, error) { return OpenModel(s.dir, gotch.CPU, test.precision) }
			}
			s := newServer(t, nil)
			s.Open = open(s)
			test.spoil(t, s.dir)
			if _, err := s.Reload(t.Context()); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
			if got := s.do(t.Context(), http.MethodGet, "/readyz", ""); got.code != http.StatusServiceUnavailable {
				t.Errorf("/readyz: %d", got.code)
			}
			s = newReadyServer(t, nil)
			s.Open = open(s)
			hash := s.current.Hash
			test.spoil(t, s.dir)
			if _, err := s.Reload(t.Context()); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
			got := s.predict(`{"texts": ["my name"]}`)
			if got.code != http.StatusOK || !strings.Contains(got.body, hash) {
				t.Errorf("the earlier model: %d", got.code)
			}
		})
	}
}
