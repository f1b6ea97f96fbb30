package fusion

import (
	"reflect"
	"testing"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/datasets"
)

// TestReadings: texts of several callers, each with wishes of its own, share
// batches, and each gets what Predict gives. Pieces of one text are in
// different batches here, and beside callers who want more and less.
func TestReadings(t *testing.T) {
	p, _ := newTestPredictor(t)
	wishes := []PredictOptions{
		{},
		{Scores: true, Overlap: 4},
		{Tasks: []string{"qa"}, Threshold: 0.2, Attention: true, Overlap: 10},
		{Tasks: []string{"ner", "cls"}, Scores: true},
	}
	var readings []*Reading
	var pieces []Piece
	for _, o := range wishes {
		r, err := p.Prepare(predictorTexts, o)
		if err != nil {
			t.Fatal(err)
		}
		readings = append(readings, r)
		pieces = append(pieces, r.Pieces()...)
	}
	for len(pieces) > 0 {
		n := min(3, len(pieces))
		if err := p.Read(pieces[:n], torchx.FP32); err != nil {
			t.Fatal(err)
		}
		pieces = pieces[n:]
	}
	for i, o := range wishes {
		got, want := readings[i].Predictions(), mustPredict(t, p, predictorTexts, o)
		for j := range want {
			if !reflect.DeepEqual(labelsOf(got[j]), labelsOf(want[j])) {
				t.Errorf("wish %d, text %d: other labels than Predict's", i, j)
			}
			if (got[j].Scores == nil) != (want[j].Scores == nil) || (got[j].Attention == nil) != (want[j].Attention == nil) {
				t.Errorf("wish %d, text %d: scores %t, attention %t", i, j, got[j].Scores != nil, got[j].Attention != nil)
			}
			if want[j].Attention != nil && len(got[j].Attention.Get("qa")) != len(want[j].Attention.Get("qa")) {
				t.Errorf("wish %d, text %d: %d words' weights", i, j, len(got[j].Attention.Get("qa")))
			}
		}
	}
	if _, err := p.Prepare([]datasets.Transcript{"Help"}, PredictOptions{Tasks: []string{"mood"}}); err == nil {
		t.Error("an unknown task: no error")
	}
}

// labelsOf is a prediction without its numbers, which differ in the last digits
// from batch to batch.
func labelsOf(p Prediction) Prediction {
	p.Scores, p.Attention = nil, nil
	return p
}
