package fusion

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/numbers"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// callOf is a call of that many tokens in windows that share overlap, each for itself.
func callOf(tokens, limit, overlap int) *call {
	c := &call{way: way{limit: limit, overlap: overlap, mean: true}, enc: tokenize.Encoding{
		IDs: make([]int32, tokens), Words: make([]int, tokens), Offsets: make([]tokenize.Span, tokens),
	}}
	c.cuts = c.way.cuts(c.enc.IDs)
	c.cut()
	return c
}

func TestCentral(t *testing.T) {
	// Three windows of 8 tokens that share 4, the last one shorter.
	c := callOf(16, 10, 4)
	want := map[int]int{
		1: 0, 4: 0,
		5: 0, 6: 0, // 3 and 2 from the first window's end, 0 and 1 from the second's start
		7: 1, 8: 1,
		9: 1, 10: 1, 11: 2, 12: 2, 14: 2,
		0: -1, 15: -1,
	}
	for token, piece := range want {
		if got := slices.Index(c.pieces, c.central(token)); got != piece {
			t.Errorf("token %d is taken from window %d, want %d", token, got, piece)
		}
	}
}

// TestMergeWindows reads "a b c d" in two windows, a b c and b c d, with
// logits that say where a label came from.
func TestMergeWindows(t *testing.T) {
	c := callOf(6, 5, 2)
	c.text, c.enc.Words = "a b c d", []int{-1, 0, 1, 2, 3, -1}
	c.enc.Offsets = []tokenize.Span{{}, {Start: 0, End: 1}, {Start: 2, End: 3}, {Start: 4, End: 5}, {Start: 6, End: 7}, {}}
	ner := tasks.NER([]string{"O", "NAME", "AGE"})
	mood := tasks.Task{Name: "mood", Kind: tasks.MultiClass, Heads: []tasks.Head{{Name: "main", Field: "main_category", Labels: []string{"x", "y"}}}}
	signs := tasks.Task{Name: "signs", Kind: tasks.MultiLabel, Heads: []tasks.Head{{Name: "hold", Field: "hold", Labels: []string{"p", "q"}}}}
	name, age, outside := []float32{0, 5, 0}, []float32{0, 0, 5}, []float32{5, 0, 0}
	c.pieces[0].logits = map[string][][]float32{
		//                       [CLS]    a        b     c    [SEP]
		"ner":   {slices.Concat(outside, outside, name, name, age)},
		"mood":  {{3, 0}},
		"signs": {{4, -1}},
	}
	c.pieces[1].logits = map[string][][]float32{
		//                      [CLS]  b    c    d     [SEP]
		"ner":   {slices.Concat(name, age, age, name, outside)},
		"mood":  {{-2, 2}},
		"signs": {{-5, 2}},
	}
	got := c.prediction([]tasks.Task{ner, mood, signs}, PredictOptions{Threshold: 0.5, Scores: true})
	// b is 1 from the first window's nearer edge and 0 from the second's; c the other way round.
	wantTokens := []Token{{"a", "O", 0, 1}, {"b", "NAME", 2, 3}, {"c", "AGE", 4, 5}, {"d", "NAME", 6, 7}}
	if !slices.Equal(got.NER, wantTokens) {
		t.Errorf("tokens %v, want %v", got.NER, wantTokens)
	}
	// main: the mean of (3, 0) and (-2, 2) is (0.5, 1).
	if classes := got.Tasks.Get("mood").Classes; classes.Get("main_category") != "y" {
		t.Errorf("main category %v", classes)
	}
	near(t, "y", got.Scores.Tasks.Get("mood").Heads.Get("main_category").Get("y"), float32(1/(1+math.Exp(-0.5))))
	// hold: the mean of (4, -1) and (-5, 2) is (-0.5, 0.5); that of the probabilities would be (0.49, 0.57).
	if hold := got.Tasks.Get("signs").Flags.Get("hold"); hold.Get("p") != 0 || hold.Get("q") != 1 {
		t.Errorf("hold %v", hold)
	}
	scores := got.Scores.Tasks.Get("signs").Heads.Get("hold")
	near(t, "p", scores.Get("p"), float32(1/(1+math.Exp(0.5))))
	near(t, "q", scores.Get("q"), float32(1/(1+math.Exp(-0.5))))
}

func TestBatches(t *testing.T) {
	var pieces []*piece
	for _, content := range []int{3, 8, 1, 5, 8} {
		pieces = append(pieces, callOf(2+content, 10, 0).pieces...)
	}
	for _, test := range []struct {
		size, tokens int
		want         [][]int
	}{
		{2, 999, [][]int{{1, 4}, {3, 0}, {2}}},
		{16, 999, [][]int{{1, 4, 3, 0, 2}}},
		{16, 21, [][]int{{1, 4}, {3, 0, 2}}},
		{2, 21, [][]int{{1, 4}, {3, 0}, {2}}},
		{16, 1, [][]int{{1}, {4}, {3}, {0}, {2}}},
	} {
		var got [][]int
		for _, batch := range batches(pieces, test.size, test.tokens) {
			var indices []int
			for _, p := range batch {
				indices = append(indices, slices.Index(pieces, p))
			}
			got = append(got, indices)
		}
		if !slices.EqualFunc(got, test.want, slices.Equal) {
			t.Errorf("size %d, tokens %d: %v, want %v", test.size, test.tokens, got, test.want)
		}
	}
}

func TestTruncationKeepsWords(t *testing.T) {
	p, _ := newTestPredictor(t)
	// A sentence has 6 tokens, the last 3 of which are the name; 22 fit in.
	text := datasets.Transcript(strings.Repeat("my name is Mwakamba ", 5))
	got := mustPredict(t, p, []datasets.Transcript{text}, PredictOptions{Tasks: []string{"ner"}})[0]
	words := strings.Fields(string(text))[:15]
	if !got.Truncated || len(got.NER) != 16 {
		t.Fatalf("%d words, truncated %v", len(got.NER), got.Truncated)
	}
	for i, word := range words {
		if got.NER[i].Text != word {
			t.Errorf("word %d is %q, want %q", i, got.NER[i].Text, word)
		}
	}
	if last := got.NER[15]; last.Text != "Mwakamba" || last.End-last.Start != 8 {
		t.Errorf("the word that the limit cuts is %+v", last)
	}
}

func TestOverlapReadsAll(t *testing.T) {
	p, m := newTestPredictor(t)
	const overlap = 7
	text := predictorTexts[4]
	got := mustPredict(t, p, []datasets.Transcript{text}, PredictOptions{Overlap: sharing(overlap), Scores: true})[0]
	if want := strings.Fields(strings.ReplaceAll(string(text), ".", " .")); got.Truncated || len(got.NER) != len(want) {
		t.Fatalf("%d words of %d, truncated %v", len(got.NER), len(want), got.Truncated)
	}
	enc := p.tok.Encode(string(text))
	windows := enc.Windows(predictorLimit, overlap)
	if len(windows) < 3 {
		t.Fatalf("only %d windows", len(windows))
	}
	labels := tasks.NERLabels()
	mean := make([]float64, 2)
	differ := 0
	best := make([]int, len(enc.IDs))         // margin of each token so far
	rows := make([][]float32, len(enc.IDs))   // its logits there
	firstRows := make([][]float32, len(rows)) // and in the first window that holds it
	for _, w := range windows {
		logits := direct(t, m, w.Encoding)
		for l := range mean {
			mean[l] += float64(logits["cls"][0][l]) / float64(len(windows))
		}
		content := len(w.IDs) - 2
		for j := range content {
			row := logits["ner"][0][(j+1)*len(labels) : (j+2)*len(labels)]
			i := w.First + j
			if firstRows[i] == nil {
				firstRows[i] = row
			}
			if margin := min(j, content-1-j) + 1; margin > best[i] {
				best[i], rows[i] = margin, row
			}
		}
	}
	n := 0
	for i, word := range enc.Words {
		if word < 0 || word == enc.Words[i-1] {
			continue
		}
		if want := labels[numbers.Argmax(rows[i])]; got.NER[n].Label != want {
			t.Errorf("word %d is %s, want %s", n, got.NER[n].Label, want)
		}
		near(t, "O", got.Scores.NER[n].Get("O"), softmax(rows[i])[0])
		if !slices.Equal(rows[i], firstRows[i]) {
			differ++
		}
		n++
	}
	if differ == 0 {
		t.Error("the first window always wins: nothing was merged")
	}
	p0 := 1 / (1 + math.Exp(mean[1]-mean[0]))
	near(t, "main category", got.Scores.Classification.Get("main_category").Get("GBV"), float32(p0))
}
