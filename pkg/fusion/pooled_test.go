package fusion

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// newWindowPredictor is [newTestPredictor] whose model learnt windows; it has a task with
// [CLS] pooling, too, and two with an attention for each label.
func newWindowPredictor(t testing.TB, w datasets.Windows) (*Predictor, *Model) {
	t.Helper()
	mood, err := tasks.Custom{Name: "mood", Kind: tasks.MultiClass, Pooling: tasks.CLSPooling, Heads: []tasks.Head{{Name: "caller", Labels: []string{"calm", "upset"}}}}.Task()
	if err != nil {
		t.Fatal(err)
	}
	topics, err := tasks.Custom{Name: "topics", Kind: tasks.MultiLabel, Pooling: tasks.LabelAttentionPooling, PreClassifier: true, Heads: []tasks.Head{
		{Name: "about", Labels: []string{"school", "home", "police"}}, {Name: "after", Labels: []string{"visit"}},
	}}.Task()
	if err != nil {
		t.Fatal(err)
	}
	who, err := tasks.Custom{Name: "who", Kind: tasks.MultiClass, Pooling: tasks.LabelAttentionPooling, Heads: []tasks.Head{
		{Name: "age", Labels: []string{"adult", "child"}}, {Name: "role", Labels: []string{"parent", "teacher", "other"}},
	}}.Task()
	if err != nil {
		t.Fatal(err)
	}
	_, m := newPredictorOf(t, 7, []tasks.Task{
		tasks.NER(tasks.NERLabels()),
		tasks.CLS(tasks.CaseLabels{
			Main: []string{"GBV", "VANE"}, Sub: []string{"a", "b", "c"}, Intervention: []string{"x", "y"}, Priority: []string{"1", "2", "3"},
		}),
		tasks.QA(),
		mood,
		topics,
		who,
	})
	plain, _ := newTestPredictor(t)
	m.Windows = w
	return NewPredictor(m, plain.tok), m
}

// atTurns are windows that are cut before each "hello" and "Hello", where these are near.
var atTurns = datasets.Windows{Length: predictorLimit, Overlap: 5, TurnTokens: []int32{5, 6}}

// TestWindowsAtTurns: the long test call is cut at other places than without turns.
func TestWindowsAtTurns(t *testing.T) {
	p, _ := newWindowPredictor(t, atTurns)
	ids := p.tok.Encode(string(predictorTexts[4])).IDs
	cuts := datasets.CutsOf(atTurns, ids)
	for i := range cuts.Count() - 1 {
		if _, end := cuts.Window(i); !slices.Contains(atTurns.TurnTokens, ids[end]) {
			t.Errorf("window %d ends before token %d", i, ids[end])
		}
	}
	if n := tokenize.CutsOf(len(ids), atTurns.Length, atTurns.Overlap).Count(); cuts.Count() <= n {
		t.Errorf("%d windows, without turns %d", cuts.Count(), n)
	}
}

// put is a model whose hidden states are given, and are not computed from tokens.
type put struct {
	network
	states func(b datasets.Batch) []float32 // [batch, seq, dim]
	dim    int64
}

func (p put) Hidden(s *torchx.Scope, b datasets.Batch) (hidden, mask *ts.Tensor) {
	if b.Mask != nil {
		mask = s.Bools(b.Mask, int64(b.Size), int64(b.Length))
	}
	return s.Float32s(p.states(b), int64(b.Size), int64(b.Length), p.dim), mask
}

// TestPoolingOverWindows: a call in windows is answered as one long sequence of the same
// hidden states is: those of the windows in which each token is most central, for [CLS] the
// mean of the windows', for [SEP] the last window's.
func TestPoolingOverWindows(t *testing.T) {
	for _, w := range []datasets.Windows{{Length: 10, Overlap: 3}, {Length: 9}, {Length: 12, Overlap: 9}, {Length: predictorLimit, Overlap: 6}, {Length: 8, Overlap: 2, MaxTokens: 33}, atTurns} {
		p, m := newWindowPredictor(t, w)
		for _, text := range predictorTexts {
			got := mustPredict(t, p, []datasets.Transcript{text}, PredictOptions{Scores: true, Attention: true, BatchSize: 2})[0]
			enc := p.tok.Encode(string(text))
			if got.Truncated != (w.MaxTokens > 0 && len(enc.IDs) > w.MaxTokens) {
				t.Errorf("%+v: truncated is %v with %d tokens", w, got.Truncated, len(enc.IDs))
			}
			if w.MaxTokens > 0 {
				enc = enc.Truncate(w.MaxTokens)
			}
			states := together(t, m, enc, w)
			// The same states as one sequence, in a model that reads so many tokens at once.
			one := NewPredictor(m, p.tok)
			one.windows, one.limit = datasets.Windows{}, len(enc.IDs)
			one.model = put{m, func(datasets.Batch) []float32 { return states }, m.Config.Dim}
			want := mustPredict(t, one, []datasets.Transcript{text}, PredictOptions{Scores: true, Attention: true})[0]
			comparePredictions(t, fmt.Sprintf("%+v, %d tokens", w, len(enc.IDs)), got, want)
		}
	}
}

// together computes a call's hidden states from those of its windows, each read alone:
// [tokens, dim].
func together(t *testing.T, m *Model, enc tokenize.Encoding, w datasets.Windows) []float32 {
	t.Helper()
	dim := int(m.Config.Dim)
	windows := enc.Cut(datasets.CutsOf(w, enc.IDs))
	all := make([]float32, len(enc.IDs)*dim)
	margins := make([]int, len(enc.IDs))
	for _, window := range windows {
		s := torchx.Inference(gotch.CPU)
		b := datasets.Batch{Size: 1, Length: len(window.IDs)}
		for _, id := range window.IDs {
			b.IDs = append(b.IDs, int64(id))
		}
		hidden, _ := m.Hidden(s, b)
		states := s.ReadFloat32(hidden)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		for d := range dim {
			all[d] += states[d] / float32(len(windows))
		}
		content := len(window.IDs) - 2
		for j := range content {
			i := window.First + j
			if margin := min(j, content-1-j) + 1; margin > margins[i] {
				margins[i] = margin
				copy(all[i*dim:(i+1)*dim], states[(j+1)*dim:(j+2)*dim])
			}
		}
		copy(all[len(all)-dim:], states[len(states)-dim:]) // [SEP] of the last
	}
	return all
}

// comparePredictions: equal labels, and numbers that differ by rounding alone.
func comparePredictions(t *testing.T, what string, got, want Prediction) {
	t.Helper()
	if !reflect.DeepEqual(answersOf(got), answersOf(want)) {
		t.Errorf("%s: other labels than as one sequence", what)
		return
	}
	for j := range want.Scores.NER {
		for l, field := range want.Scores.NER[j] {
			near(t, what+": "+field.Name, got.Scores.NER[j][l].Value, field.Value)
		}
	}
	wholeText := func(p Prediction) Fields[Fields[float32]] {
		all := slices.Clone(p.Scores.Classification)
		for _, task := range p.Scores.Tasks {
			all = append(all, task.Value.Heads...)
		}
		return all
	}
	heads := wholeText(want)
	for h, field := range wholeText(got) {
		for l, label := range field.Value {
			near(t, what+": "+label.Name, label.Value, heads[h].Value[l].Value)
		}
	}
	for h, head := range want.Scores.QA {
		for i, v := range head.Value {
			near(t, what+": "+head.Name, got.Scores.QA[h].Value[i], v)
		}
	}
	for i, field := range want.Attention {
		for n, word := range field.Value {
			near(t, what+": weight of a word for "+field.Name, got.Attention[i].Value[n].Weight, word.Weight)
		}
	}
	rows := labelRows(got)
	for i, row := range labelRows(want) {
		for n, weight := range row {
			near(t, fmt.Sprintf("%s: weight of a word in attention %d", what, i), rows[i][n], weight)
		}
	}
}

// labelRows are the weights of all attentions of labels, one after another.
func labelRows(p Prediction) (rows [][]float32) {
	for _, task := range p.LabelAttention {
		for _, head := range task.Value {
			if head.Value.Labels == nil {
				rows = append(rows, head.Value.Words)
			}
			for _, label := range head.Value.Labels {
				rows = append(rows, label.Value)
			}
		}
	}
	return rows
}

// answersOf is a prediction without numbers, and without what depends on the windows.
func answersOf(p Prediction) Prediction {
	p = labelsOf(p)
	p.Read, p.Truncated = 0, false
	return p
}

// TestShortCallsAreAsBefore: a call of one window has the answers of a model without
// windows, to the bit.
func TestShortCallsAreAsBefore(t *testing.T) {
	windows, m := newWindowPredictor(t, datasets.Windows{Length: predictorLimit, Overlap: 6})
	m.Windows = datasets.Windows{}
	plain := NewPredictor(m, windows.tok)
	var short []datasets.Transcript
	for _, text := range predictorTexts {
		if len(plain.tok.Encode(string(text)).IDs) <= predictorLimit {
			short = append(short, text)
		}
	}
	o := PredictOptions{Scores: true, Attention: true}
	if got, want := mustPredict(t, windows, short, o), mustPredict(t, plain, short, o); len(short) < 5 || !reflect.DeepEqual(got, want) {
		t.Errorf("%d short texts: other answers than without windows", len(short))
	}
	// And beside a long one they are the same up to rounding, as in every other batch.
	all := mustPredict(t, windows, predictorTexts, o)
	for i, text := range predictorTexts {
		if slices.Contains(short, text) {
			comparePredictions(t, "beside a long text", all[i], mustPredict(t, plain, predictorTexts[i:i+1], o)[0])
		}
	}
}

// TestLongWays: what the options make of the way in which a model learnt to read.
func TestLongWays(t *testing.T) {
	w := datasets.Windows{Length: 10, Overlap: 3, MaxTokens: 40}
	learnt, m := newWindowPredictor(t, w)
	m.Windows = datasets.Windows{}
	plain := NewPredictor(m, learnt.tok)
	m.Windows = w
	for _, test := range []struct {
		p    *Predictor
		o    PredictOptions
		want way
		err  string
	}{
		{learnt, PredictOptions{}, way{limit: 10, overlap: 3, most: 40, mean: false}, ""},
		{learnt, PredictOptions{Overlap: new(5)}, way{limit: 10, overlap: 5, most: 40, mean: false}, ""},
		{learnt, PredictOptions{Long: LongWindows}, way{limit: 10, overlap: 3, most: 0, mean: false}, ""},
		{learnt, PredictOptions{Long: LongTruncate}, way{limit: 10, overlap: 0, most: 10, mean: false}, ""},
		{learnt, PredictOptions{Long: LongMean}, way{limit: 10, overlap: 3, most: 0, mean: true}, ""},
		{learnt, PredictOptions{Long: LongMean, Overlap: new(1)}, way{limit: 10, overlap: 1, most: 0, mean: true}, ""},
		{learnt, PredictOptions{Overlap: new(8)}, way{}, "want 0 to 7"},
		{learnt, PredictOptions{Overlap: new(-1)}, way{}, "want 0 to 7"},
		{learnt, PredictOptions{Overlap: new(0)}, way{limit: 10, most: 40}, ""},
		{plain, PredictOptions{Overlap: new(0)}, way{limit: predictorLimit, mean: true}, ""},
		{plain, PredictOptions{Long: LongTruncate, Overlap: new(0)}, way{}, "leave out the overlap"},
		{plain, PredictOptions{}, way{limit: predictorLimit, overlap: 0, most: predictorLimit, mean: false}, ""},
		{plain, PredictOptions{Overlap: new(5)}, way{limit: predictorLimit, overlap: 5, most: 0, mean: true}, ""},
		{plain, PredictOptions{Long: LongWindows}, way{limit: predictorLimit, overlap: predictorLimit / 2, most: 0, mean: false}, ""},
		{plain, PredictOptions{Long: LongWindows, Overlap: new(2)}, way{limit: predictorLimit, overlap: 2, most: 0, mean: false}, ""},
		{plain, PredictOptions{Long: LongTruncate, Overlap: new(2)}, way{}, "leave out the overlap"},
		{plain, PredictOptions{Long: "whole"}, way{}, `no way "whole"`},
	} {
		got, err := test.p.way(test.o)
		if !reflect.DeepEqual(got, test.want) || (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
			t.Errorf("%+v: %+v, error %v; want %+v, %q", test.o, got, err, test.want, test.err)
		}
		if most, err := test.p.MaxTokens(test.o); err == nil && most != test.want.most {
			t.Errorf("%+v: reads %d tokens of a text, want %d", test.o, most, test.want.most)
		}
	}
}

// TestWindowsInAnyBatch: neither the order of calls nor what else is in a batch changes a
// label.
func TestWindowsInAnyBatch(t *testing.T) {
	p, _ := newWindowPredictor(t, datasets.Windows{Length: 12, Overlap: 4})
	var alone []Prediction
	for _, text := range predictorTexts {
		alone = append(alone, mustPredict(t, p, []datasets.Transcript{text}, PredictOptions{Scores: true, Attention: true})...)
	}
	backwards := slices.Clone(predictorTexts)
	slices.Reverse(backwards)
	for _, o := range []PredictOptions{{}, {BatchSize: 1}, {BatchSize: 3}, {BatchTokens: 1}, {BatchTokens: 50}} {
		o.Scores, o.Attention = true, true
		for i, got := range mustPredict(t, p, predictorTexts, o) {
			comparePredictions(t, fmt.Sprintf("%+v, text %d", o, i), got, alone[i])
		}
		for i, got := range mustPredict(t, p, backwards, o) {
			comparePredictions(t, fmt.Sprintf("%+v, backwards, text %d", o, i), got, alone[len(alone)-1-i])
		}
	}
}

// TestReadingsOfWindows: windows of several callers' texts share batches, whatever each
// wants.
func TestReadingsOfWindows(t *testing.T) {
	p, _ := newWindowPredictor(t, datasets.Windows{Length: 12, Overlap: 4})
	wishes := []PredictOptions{
		{Scores: true}, {Tasks: []string{"qa"}, Attention: true, Scores: true}, {Long: LongTruncate}, {Long: LongMean, Overlap: new(2)}, {Tasks: []string{"ner", "mood"}, Scores: true},
	}
	var readings []*Reading
	var pieces []Piece
	for _, o := range wishes {
		r, err := p.Prepare(t.Context(), predictorTexts, o)
		if err != nil {
			t.Fatal(err)
		}
		readings = append(readings, r)
		own := r.Pieces()
		tokens := 0
		for _, piece := range own {
			tokens += piece.Tokens()
		}
		if r.Tokens() != tokens {
			t.Errorf("%+v: %d tokens, but %d of all windows", o, r.Tokens(), tokens)
		}
		pieces = append(pieces, own...)
	}
	for i := range pieces { // mixed, far from the callers' order
		j := i * 7919 % len(pieces)
		pieces[i], pieces[j] = pieces[j], pieces[i]
	}
	for batch := range slices.Chunk(pieces, 3) {
		if err := p.Read(batch, torchx.FP32); err != nil {
			t.Fatal(err)
		}
	}
	for i, o := range wishes {
		got, want := readings[i].Predictions(), mustPredict(t, p, predictorTexts, o)
		for j := range want {
			if !reflect.DeepEqual(labelsOf(got[j]), labelsOf(want[j])) {
				t.Errorf("wish %d, text %d: other labels than Predict's", i, j)
			}
			if o.Attention && len(got[j].Attention.Get("qa")) != len(want[j].Attention.Get("qa")) {
				t.Errorf("wish %d, text %d: %d words' weights", i, j, len(got[j].Attention.Get("qa")))
			}
		}
	}
}

// TestWindowsLogits: the logits are those of which the answers are made.
func TestWindowsLogits(t *testing.T) {
	p, m := newWindowPredictor(t, datasets.Windows{Length: 12, Overlap: 4})
	want := mustPredict(t, p, predictorTexts, PredictOptions{Scores: true})
	cls, err := p.TaskLogits(t.Context(), "cls", predictorTexts, PredictOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ner, err := p.TaskLogits(t.Context(), "ner", predictorTexts, PredictOptions{})
	if err != nil {
		t.Fatal(err)
	}
	labels := len(tasks.NERLabels())
	for i, pr := range want {
		for h, head := range m.Tasks[1].Heads {
			near(t, head.Name, softmax(cls[i].Values[h])[0], pr.Scores.Classification[h].Value[0].Value)
		}
		if len(ner[i].Words) != len(pr.NER) || len(ner[i].Tokens) != len(pr.NER) {
			t.Fatalf("text %d: %d words of %d", i, len(ner[i].Words), len(pr.NER))
		}
		enc := p.tok.Encode(string(predictorTexts[i]))
		for n, word := range pr.NER {
			if ner[i].Words[n].Start != word.Start || enc.Offsets[ner[i].Tokens[n]].Start != word.Start {
				t.Errorf("text %d: word %d stands elsewhere", i, n)
			}
			near(t, "O", softmax(ner[i].Values[0][n*labels : (n+1)*labels])[0], pr.Scores.NER[n][0].Value)
		}
	}
}

// TestPooledAnswersThatAreNotFinite: numbers that overflow in one window are an error of
// that call.
func TestPooledAnswersThatAreNotFinite(t *testing.T) {
	p, m := newWindowPredictor(t, datasets.Windows{Length: 12, Overlap: 4})
	for _, number := range []float64{math.NaN(), math.Inf(1)} {
		p.model = put{m, func(b datasets.Batch) []float32 {
			states := make([]float32, b.Size*b.Length*int(m.Config.Dim))
			if b.Size == 1 && b.Length == 12 { // the first window, read alone
				states[3*int(m.Config.Dim)] = float32(number)
			}
			return states
		}, m.Config.Dim}
		got := mustPredict(t, p, []datasets.Transcript{predictorTexts[4], "Help"}, PredictOptions{BatchSize: 1, Tasks: []string{"qa"}})
		if !errors.Is(got[0].Err, ErrNotFinite) || got[1].Err != nil {
			t.Errorf("%v: errors %v, %v", number, got[0].Err, got[1].Err)
		}
	}
}
