package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/bench/inputs"
	"github.com/trident-nlp/trident/bench/protocol"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/backbone"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// The case load starts this program anew, as it would the worker.
func TestMain(m *testing.M) {
	if slices.Contains(os.Args, "--first") {
		main()
	}
	os.Exit(m.Run())
}

// newWork is a folder as prepare makes it, with a very small model.
func newWork(t *testing.T) string {
	t.Helper()
	work := t.TempDir()
	vocab := []string{"[PAD]", "[UNK]", "[CLS]", "[SEP]"}
	for i := range 30 {
		vocab = append(vocab, fmt.Sprintf("w%d", i))
	}
	tok, err := tokenize.New(vocab, tokenize.Options{})
	if err != nil {
		t.Fatal(err)
	}
	config := backbone.DistilBERTCased()
	config.VocabSize, config.MaxPositions, config.Dim, config.Layers, config.Heads, config.HiddenDim = 34, 128, 8, 1, 2, 16
	names := []string{"p", "q"}
	list := []tasks.Task{tasks.NER(tasks.NERLabels()), tasks.CLS(tasks.CaseLabels{Main: names, Sub: names, Intervention: names, Priority: names}), tasks.QA()}
	if err := torchx.Seed(1); err != nil {
		t.Fatal(err)
	}
	m, err := fusion.New(fusion.Architecture{Config: config, Tasks: list}, gotch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Drop()
	model := filepath.Join(work, "model")
	if err := fusion.Save(model, m, tok, nil); err != nil {
		t.Fatal(err)
	}
	var texts []string
	for i := range 5 {
		texts = append(texts, strings.Join(vocab[4+i:30], " "))
	}
	in, err := inputs.Make(texts, tok, list, inputs.Sizes{BatchSize: 2, Batches: 2, Calls: 6, Lengths: []int{checkedTokens}, Repeats: 3, MaxLength: 100})
	if err != nil {
		t.Fatal(err)
	}
	in.Model = model
	if err := in.Write(work); err != nil {
		t.Fatal(err)
	}
	return work
}

func newWorker(t *testing.T) *worker {
	t.Helper()
	work := newWork(t)
	in, err := inputs.Read(work)
	if err != nil {
		t.Fatal(err)
	}
	w := &worker{in: in, work: work, threads: 2}
	t.Cleanup(w.drop)
	return w
}

func TestCases(t *testing.T) {
	w := newWorker(t)
	tokens := 0
	for _, text := range w.in.Batch {
		tokens += len(strings.Fields(text)) + 2
	}
	for _, test := range []struct {
		request         protocol.Request
		samples, tokens int
	}{
		{protocol.Request{Case: protocol.TokenizeOne}, 25, 5 * (28 + 27 + 26 + 25 + 24)},
		{protocol.Request{Case: protocol.TokenizeAll}, 25, 5 * (28 + 27 + 26 + 25 + 24)},
		{protocol.Request{Case: protocol.Latency, Precision: protocol.FP32, Arg: 64}, 3, 192},
		{protocol.Request{Case: protocol.Latency, Precision: protocol.BF16, Arg: 64}, 3, 192},
		{protocol.Request{Case: protocol.Batch, Precision: protocol.FP32}, 6, tokens},
		{protocol.Request{Case: protocol.Batch, Precision: protocol.BF16}, 6, tokens},
		{protocol.Request{Case: protocol.Train, Precision: protocol.FP32}, 12, 0},
		{protocol.Request{Case: protocol.Train, Precision: protocol.BF16}, 12, 0},
		{protocol.Request{Case: protocol.Load}, 1, 0},
	} {
		r, err := w.run(context.Background(), test.request)
		if err != nil {
			t.Fatalf("%+v: %v", test.request, err)
		}
		if r.Seconds <= 0 || r.Samples != test.samples || test.tokens != 0 && r.Tokens != test.tokens {
			t.Errorf("%+v: %+v, want %d samples, %d tokens", test.request, r, test.samples, test.tokens)
		}
		if want := map[bool]int{true: test.samples}[test.request.Case == protocol.Latency]; len(r.Each) != want {
			t.Errorf("%+v: the times of %d calls, want %d", test.request, len(r.Each), want)
		}
		if test.request.Case == protocol.Load && !(r.Inside > 0 && r.Inside < r.Seconds && r.PeakMB > 10) {
			t.Errorf("loading: %+v", r)
		}
	}
	for _, request := range []protocol.Request{{Case: "dance"}, {Case: protocol.Batch, Precision: "fp8"}} {
		if _, err := w.run(context.Background(), request); err == nil {
			t.Errorf("%+v ran", request)
		}
	}
}

func TestTrainingLearns(t *testing.T) {
	w := newWorker(t)
	first, last := 0.0, 0.0
	for i := range 120 { // the learning rate is small
		r, err := w.run(context.Background(), protocol.Request{Case: protocol.Train, Precision: protocol.FP32})
		if err != nil {
			t.Fatal(err)
		}
		if i < 20 {
			first += r.Loss
		}
		if i >= 100 {
			last += r.Loss
		}
	}
	if !(last < first) {
		t.Errorf("the loss went from %g to %g", first/20, last/20)
	}
}

// There is a label of each thing, and bfloat16 is near float32 but not the same.
func TestLabels(t *testing.T) {
	w := newWorker(t)
	ask := func(name, precision string) protocol.Response {
		r, err := w.run(context.Background(), protocol.Request{Case: name, Precision: precision})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	labels := ask(protocol.Labels, protocol.FP32).Labels
	few, err := w.run(context.Background(), protocol.Request{Case: protocol.Labels, Precision: protocol.FP32, Arg: 2})
	if err != nil || few.Samples != 2 || !slices.Equal(few.Labels["qa"], labels["qa"][:17*2]) {
		t.Errorf("labels of 2 calls: %+v, %v; want the first of all", few, err)
	}
	want := map[string]int{"ner": 0, "cls": 4 * 6, "qa": 17 * 6}
	for _, text := range w.in.Batch {
		want["ner"] += len(strings.Fields(text))
	}
	for task, n := range want {
		if len(labels[task]) != n {
			t.Errorf("%d labels of %s, want %d", len(labels[task]), task, n)
		}
	}
	if logits := ask(protocol.Check, "").Values; len(logits) != checked*(checkedTokens*10+4*2+17) {
		t.Errorf("%d logits", len(logits))
	}
	full, err := w.reader.read(w.in.Batch, protocol.FP32)
	if err != nil {
		t.Fatal(err)
	}
	for _, precision := range []string{protocol.BF16, protocol.INT8} {
		reduced, err := w.reader.read(w.in.Batch, precision)
		if err != nil {
			t.Fatal(err)
		}
		largest := 0.0
		for i, out := range full {
			for h, head := range out.logits["cls"] {
				for j, x := range head {
					largest = max(largest, math.Abs(float64(x-reduced[i].logits["cls"][h][j])))
				}
			}
		}
		if largest == 0 || largest > 0.05 {
			t.Errorf("%s is off by %g", precision, largest)
		}
	}
}

func TestDecideHead(t *testing.T) {
	for _, test := range []struct {
		kind   tasks.Kind
		logits []float32
		labels int
		want   []int
	}{
		{tasks.Token, []float32{9, 0 /* [CLS] */, 0, 1, 2, 1, 0, 9 /* [SEP] */}, 2, []int{1, 0}},
		{tasks.MultiClass, []float32{-3, -1, -2}, 3, []int{1}},
		{tasks.MultiLabel, []float32{-3, 0.1, 0}, 3, []int{0, 1, 0}},
	} {
		if got := decideHead(test.kind, test.logits, test.labels); !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v", test.kind, got, test.want)
		}
	}
}
