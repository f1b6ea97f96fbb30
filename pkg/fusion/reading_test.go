package fusion

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/redact"
)

// TestReadings: texts of several callers, each with wishes of its own, share
// batches, and each gets what Predict gives. Pieces of one text are in
// different batches here, and beside callers who want more and less.
func TestReadings(t *testing.T) {
	p, _ := newTestPredictor(t)
	redactor, err := redact.New(redact.Options{Mode: redact.Label})
	if err != nil {
		t.Fatal(err)
	}
	wishes := []PredictOptions{
		{},
		{Scores: true, Overlap: new(4)},
		{Tasks: []string{"qa"}, Threshold: 0.2, Attention: true, Overlap: new(10)},
		{Tasks: []string{"ner", "cls"}, Scores: true},
		{Tasks: []string{"cls"}, Redact: redactor}, // reads ner too
	}
	var readings []*Reading
	var pieces []Piece
	for _, o := range wishes {
		r, err := p.Prepare(t.Context(), predictorTexts, o)
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
			if got[j].Text != want[j].Text || (got[j].Text == "") != (o.Redact == nil) {
				t.Errorf("wish %d, text %d: redacted to %q, want %q", i, j, got[j].Text, want[j].Text)
			}
			if (got[j].Scores == nil) != (want[j].Scores == nil) || (got[j].Attention == nil) != (want[j].Attention == nil) {
				t.Errorf("wish %d, text %d: scores %t, attention %t", i, j, got[j].Scores != nil, got[j].Attention != nil)
			}
			if want[j].Attention != nil && len(got[j].Attention.Get("qa")) != len(want[j].Attention.Get("qa")) {
				t.Errorf("wish %d, text %d: %d words' weights", i, j, len(got[j].Attention.Get("qa")))
			}
		}
	}
	if _, err := p.Prepare(t.Context(), []datasets.Transcript{"Help"}, PredictOptions{Tasks: []string{"mood"}}); err == nil {
		t.Error("an unknown task: no error")
	}
}

// TestPrepareIsBounded: tokens are counted as the model would read them, and
// nothing is tokenized for somebody who has left.
func TestPrepareIsBounded(t *testing.T) {
	p, _ := newTestPredictor(t)
	long := datasets.Transcript(strings.Repeat("Help ", 100_000))
	for name, test := range map[string]struct {
		texts   []datasets.Transcript
		overlap int
	}{
		"texts":               {predictorTexts, 0},
		"windows":             {predictorTexts, 7},
		"long texts, cut":     {[]datasets.Transcript{long, long}, 0},
		"a stride of 1":       {[]datasets.Transcript{long[:2000]}, predictorLimit - 3},
		"windows and a short": {[]datasets.Transcript{"Help", long[:5000]}, 3},
	} {
		r, err := p.Prepare(t.Context(), test.texts, PredictOptions{Overlap: sharing(test.overlap)})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, piece := range r.Pieces() {
			n += piece.Tokens()
		}
		if again, err := p.Prepare(t.Context(), test.texts, PredictOptions{Overlap: sharing(test.overlap), MaxTokens: n}); err != nil || len(again.Pieces()) != len(r.Pieces()) {
			t.Errorf("%s: %d tokens where so many are allowed: %v", name, n, err)
		}
		if _, err := p.Prepare(t.Context(), test.texts, PredictOptions{Overlap: sharing(test.overlap), MaxTokens: n - 1}); !errors.Is(err, ErrTooManyTokens) {
			t.Errorf("%s: %d tokens where %d are allowed: %v", name, n, n-1, err)
		}
	}
	left, leave := context.WithCancel(t.Context())
	leave()
	if _, err := p.Prepare(left, predictorTexts, PredictOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("after the caller has left: %v", err)
	}
}

// TestTokenizerPanics: a bug is an error of that request, and says nothing of
// its text.
func TestTokenizerPanics(t *testing.T) {
	p, _ := newTestPredictor(t)
	p.tok = nil
	if _, err := p.Prepare(t.Context(), []datasets.Transcript{"SECRET"}, PredictOptions{}); err == nil || !strings.Contains(err.Error(), "a bug") || strings.Contains(err.Error(), "SECRET") {
		t.Errorf("got %v", err)
	}
}

// labelsOf is a prediction without its numbers, which differ in the last digits
// from batch to batch.
func labelsOf(p Prediction) Prediction {
	p.Scores, p.Attention, p.LabelAttention = nil, nil, nil
	p.Entities = unscored(p.Entities)
	p.Tasks = slices.Clone(p.Tasks)
	for i := range p.Tasks {
		p.Tasks[i].Value.Entities = unscored(p.Tasks[i].Value.Entities)
	}
	return p
}

func unscored(list []Entity) []Entity {
	list = slices.Clone(list)
	for i := range list {
		list[i].Score, list[i].Least = 0, 0
	}
	return list
}
