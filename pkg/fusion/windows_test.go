package fusion

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/goldentest"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/backbone"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

var eights = datasets.Windows{Length: 8, Overlap: 2}

// dropoutModel is [smallModel] with dropout; its windows are of 8 tokens.
func dropoutModel(t *testing.T, dropout float64) *Model {
	t.Helper()
	if err := torchx.Seed(1); err != nil {
		t.Fatal(err)
	}
	c := smallConfig()
	c.Dropout, c.AttentionDropout = dropout, dropout
	list := threeTasks(2, 3, 2)
	list[2].Pooling = tasks.CLSPooling
	m, err := New(Architecture{Config: c, Tasks: list, Windows: eights}, gotch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Drop)
	return m
}

// callsOf is a batch of calls of so many tokens, with labels of all three tasks.
func callsOf(m *Model, lengths ...int) datasets.Batch {
	var examples []datasets.Example
	for i, n := range lengths {
		ex := datasets.Example{Record: i + 1, IDs: []int32{2}, Labels: make([]datasets.Label, 3)}
		for j := range n - 2 {
			ex.IDs = append(ex.IDs, int32(4+(7*i+5*j+j*j)%50))
		}
		ex.IDs = append(ex.IDs, 3)
		for j := range n {
			class := int64(tasks.IgnoreToken)
			if j > 0 && j < n-1 {
				class = int64((i + j) % 4)
			}
			ex.Labels[0].Classes = append(ex.Labels[0].Classes, class)
		}
		ex.Labels[1].Classes = []int64{int64(i % 2), int64(i % 3), 0, int64((n + i) % 3)}
		for _, head := range tasks.QA().Heads {
			flags := make([]float32, len(head.Labels))
			flags[i%len(flags)] = 1
			ex.Labels[2].Flags = append(ex.Labels[2].Flags, flags)
		}
		examples = append(examples, ex)
	}
	return datasets.Collator{}.Collate(m.Tasks, examples)
}

// lossOfAll is the sum of the losses of a batch's parts on its hidden states.
func lossOfAll(s *torchx.Scope, m *Model, b datasets.Batch, hidden, mask *ts.Tensor) *ts.Tensor {
	var total *ts.Tensor
	for _, part := range b.Parts {
		loss := m.Loss(s, b, part, m.Logits(s, part.Task, hidden, mask))
		if total == nil {
			total = loss
		} else {
			total = s.Add(total, loss)
		}
	}
	return total
}

// passed runs a forward and a backward pass: the loss and all gradients.
func passed(t *testing.T, m *Model, bf16 bool, lossOf func(s *torchx.Scope) *ts.Tensor) (loss float64, gradients map[string][]float32) {
	t.Helper()
	optimizer, err := torchx.NewAdamW(gotch.CPU, torchx.ParamGroup{Params: m.params.Trainable()})
	if err == nil {
		err = optimizer.ZeroGrad()
		defer optimizer.Drop()
	}
	if err == nil {
		err = torchx.Seed(5)
	}
	if err != nil {
		t.Fatal(err)
	}
	s := torchx.Training(gotch.CPU)
	defer func() {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}()
	if bf16 {
		s.Autocast()
	}
	total := lossOf(s)
	s.Backward(total)
	gradients = map[string][]float32{}
	for _, p := range m.params.All() {
		g, err := p.Tensor.Grad(false)
		if err != nil {
			t.Fatal(err)
		}
		if g.MustDefined() {
			gradients[p.Name] = s.ReadFloat32(g)
		}
		g.MustDrop()
	}
	return s.Value(total), gradients
}

func (m *Model) pass(t *testing.T, bf16 bool, b datasets.Batch) (loss float64, gradients map[string][]float32) {
	return passed(t, m, bf16, func(s *torchx.Scope) *ts.Tensor {
		hidden, mask := m.Hidden(s, b)
		return lossOfAll(s, m, b, hidden, mask)
	})
}

// sameGradients compares gradients; limit is a part of the largest element of each.
func sameGradients(t *testing.T, got, want map[string][]float32, limit float64) {
	t.Helper()
	if len(got) != len(want) || len(got) == 0 {
		t.Errorf("%d gradients, want %d", len(got), len(want))
	}
	var largest float64
	for _, values := range want {
		largest = max(largest, goldentest.MaxAbs(values))
	}
	for name, values := range want {
		if d := goldentest.Compare(got[name], values); !(d.Max <= limit*(goldentest.MaxAbs(values)+0.01*largest)) {
			t.Errorf("gradient of %s differs by %.1e of %.1e", name, d.Max, goldentest.MaxAbs(values))
		}
	}
}

// Calls that fit one window have the loss and the gradients of a model without windows, bit
// for bit, with dropout.
func TestOneWindowChangesNothing(t *testing.T) {
	m := dropoutModel(t, 0.2)
	b := callsOf(m, 8, 3, 7)
	m.SetBatchTokens(8)
	loss, got := m.pass(t, false, b)
	m.Windows = datasets.Windows{}
	wantLoss, want := m.pass(t, false, b)
	if loss != wantLoss {
		t.Errorf("loss %v, without windows %v", loss, wantLoss)
	}
	sameGradients(t, got, want, 0)
}

// hiddenOf are a batch's hidden states, by example and token, without padding.
func hiddenOf(t *testing.T, m *Model, b datasets.Batch) (all [][][]float32) {
	t.Helper()
	s := torchx.Inference(gotch.CPU)
	hidden, _ := m.Hidden(s, b)
	values := s.ReadFloat32(hidden)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for call := range slices.Chunk(slices.Collect(slices.Chunk(values, int(m.Config.Dim))), b.Length) {
		n := 0
		for n < b.Length && (b.Mask == nil || b.Mask[len(all)*b.Length+n]) {
			n++
		}
		all = append(all, call[:n])
	}
	return all
}

// joined are a call's hidden states from those of its windows, each read by itself.
func joined(t *testing.T, m *Model, ids []int64) [][]float32 {
	t.Helper()
	e := tokenize.Encoding{Words: make([]int, len(ids)), Offsets: make([]tokenize.Span, len(ids))}
	for _, id := range ids {
		e.IDs = append(e.IDs, int32(id))
	}
	windows := e.Cut(datasets.CutsOf(m.Windows, ids))
	states := make([][]float32, len(ids))
	best := slices.Repeat([]int{-1}, len(ids))
	states[0] = make([]float32, m.Config.Dim)
	for _, w := range windows {
		own := hiddenOf(t, m, datasets.Collator{}.Collate(nil, []datasets.Example{{IDs: w.IDs}}))[0]
		for i, v := range own[0] {
			states[0][i] += v / float32(len(windows))
		}
		last := len(w.IDs) - 1
		for j := 1; j < last; j++ {
			if margin := min(j-1, last-1-j); margin > best[w.First+j-1] {
				states[w.First+j-1], best[w.First+j-1] = own[j], margin
			}
		}
		states[len(ids)-1] = own[last]
	}
	return states
}

// A token's hidden state is that of the window in which it is most central, whatever else is
// in the batch, in whatever order and however many passes; heads see one long sequence.
func TestHiddenStatesOfWindows(t *testing.T) {
	m := dropoutModel(t, 0.2)
	for _, lengths := range [][]int{{9}, {20, 3, 50, 8}, {8, 50, 3, 20, 21}} {
		for n, limit := range []int{0, 8, 25, 25} {
			m.SetBatchTokens(limit)
			if m.Windows.TurnTokens = nil; n == 3 {
				m.Windows.TurnTokens = []int32{9, 14, 23, 40}
			}
			b := callsOf(m, lengths...)
			for i, got := range hiddenOf(t, m, b) {
				want := joined(t, m, b.IDs[i*b.Length:i*b.Length+lengths[i]])
				if d := goldentest.Compare(slices.Concat(got...), slices.Concat(want...)); len(got) != len(want) || !(d.Max <= 2e-6*goldentest.MaxAbs(slices.Concat(want...))) {
					t.Errorf("%v, at most %d tokens: call %d differs by %.1e", lengths, limit, i+1, d.Max)
				}
				poolsAs(t, m, b, i, want)
			}
		}
	}
}

// poolsAs checks that the heads' logits of example i of a batch are those of one sequence
// with the same hidden states.
func poolsAs(t *testing.T, m *Model, b datasets.Batch, i int, hidden [][]float32) {
	t.Helper()
	s := torchx.Inference(gotch.CPU)
	defer func() {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}()
	all, mask := m.Hidden(s, b)
	one := s.Float32s(slices.Concat(hidden...), 1, int64(len(hidden)), m.Config.Dim)
	for _, task := range m.Tasks {
		got := m.Logits(s, task.Name, all, mask)
		for h, logits := range m.Logits(s, task.Name, one, nil) {
			want := s.ReadFloat32(logits)
			row := s.ReadFloat32(s.Select(got[h], 0, int64(i)))[:len(want)]
			if d := goldentest.Compare(row, want); !(d.Max <= 1e-5*goldentest.MaxAbs(want)) {
				t.Errorf("%s, head %d: logits of call %d differ by %.1e", task.Name, h, i+1, d.Max)
			}
		}
	}
}

// Windows that are read in several passes, each of which is run again in the backward pass,
// have the loss and the gradients of passes that are stored, with dropout, in both precisions
// and with the layers run again as well.
func TestPassesAreRunAgain(t *testing.T) {
	for _, test := range []struct {
		dropout             float64
		bf16, checkpointing bool
		freeze              backbone.Frozen
	}{
		{}, {dropout: 0.3}, {dropout: 0.3, checkpointing: true}, {dropout: 0.3, bf16: true}, {bf16: true, checkpointing: true},
		{dropout: 0.3, freeze: backbone.Frozen{Embeddings: true, Layers: 1}, checkpointing: true},
		{dropout: 0.3, freeze: backbone.Frozen{Embeddings: true, Layers: 2}, checkpointing: true},
	} {
		t.Run(fmt.Sprintf("%+v", test), func(t *testing.T) {
			m := dropoutModel(t, test.dropout)
			if err := m.Freeze(test.freeze); err != nil {
				t.Fatal(err)
			}
			b := callsOf(m, 40, 7, 21)
			m.SetBatchTokens(20)
			if n := m.Passes(b); n < 4 || m.Passes(callsOf(m, 8, 8, 8)) != 1 {
				t.Fatalf("%d passes", n)
			}
			m.SetCheckpointing(test.checkpointing)
			loss, got := m.pass(t, test.bf16, b)
			m.SetCheckpointing(false)
			wantLoss, want := passed(t, m, test.bf16, func(s *torchx.Scope) *ts.Tensor {
				tokens := tokensOf(b)
				cuts := cutUp(tokens, m.Windows)
				var parts []*ts.Tensor
				for _, pass := range passesOf(cuts.windows, 20) {
					parts = append(parts, m.encoder.Forward(s, pass))
				}
				hidden := s.Unpack(cuts.join(s, s.Cat(0, parts...)), tokens.Lengths, int64(b.Length))
				return lossOfAll(s, m, b, hidden, s.Bools(b.Mask, int64(b.Size), int64(b.Length)))
			})
			limit := 1e-5
			if test.bf16 { // a parameter's gradients of several passes are rounded each, or their sum
				limit = 0.03
			}
			if loss != wantLoss {
				t.Errorf("loss %v, want %v", loss, wantLoss)
			}
			sameGradients(t, got, want, limit)
			if test.dropout > 0 {
				return
			}
			m.SetBatchTokens(0)
			wantLoss, want = m.pass(t, test.bf16, b)
			if !(math.Abs(loss-wantLoss) <= limit*wantLoss) {
				t.Errorf("loss %v, in one pass %v", loss, wantLoss)
			}
			sameGradients(t, got, want, limit)
		})
	}
}

func TestPassesOfWindows(t *testing.T) {
	tokens := backbone.Tokens{IDs: make([]int64, 26), Lengths: []int64{8, 8, 3, 7}}
	for limit, want := range map[int64][]int{0: {4}, 26: {4}, 25: {3, 1}, 16: {2, 2}, 11: {1, 2, 1}, 7: {1, 1, 1, 1}, 1: {1, 1, 1, 1}} {
		var got []int
		ids := 0
		for _, pass := range passesOf(tokens, limit) {
			got = append(got, len(pass.Lengths))
			ids += len(pass.IDs)
		}
		if !slices.Equal(got, want) || ids != 26 {
			t.Errorf("limit %d: %v sequences and %d tokens, want %v", limit, got, ids, want)
		}
	}
}

func TestWindowsThatTheEncoderLacksAreRefused(t *testing.T) {
	for _, w := range []datasets.Windows{{Length: 65}, {Length: 64, TurnTokens: []int32{int32(smallConfig().VocabSize)}}} {
		if m, err := New(Architecture{Config: smallConfig(), Tasks: threeTasks(2, 3, 2), Windows: w}, gotch.CPU); err == nil {
			m.Drop()
			t.Errorf("windows %+v for an encoder of 64 positions are no error", w)
		}
	}
}
