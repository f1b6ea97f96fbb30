package fusion

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/goldentest"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// goldenCalls are the batch of testdata/windows.safetensors (scripts/golden/windows.py): a
// call of three windows, and one of less than one.
func goldenCalls(golden goldentest.File, list []tasks.Task) datasets.Batch {
	shape := golden.Shape("ids")
	b := datasets.Batch{Size: int(shape[0]), Length: int(shape[1]), IDs: golden.Int64s("ids"), Mask: golden.Bools("mask")}
	for _, task := range list {
		part := datasets.Part{Task: task.Name}
		for h, head := range task.Heads {
			name := fmt.Sprintf("%s/target.%d", task.Name, h)
			target := datasets.Target{Valid: b.Size}
			if task.YesNo() {
				target.Flags, target.Width = golden.Float32s(name), len(head.Labels)
			} else {
				target.Classes = golden.Int64s(name)
			}
			part.Targets = append(part.Targets, target)
		}
		b.Parts = append(b.Parts, part)
	}
	return b
}

// A call of three windows has the hidden states, losses and gradients of plain PyTorch with
// transformers' DistilBERT, in one pass of the encoder or several.
func TestWindowsEqualPyTorch(t *testing.T) {
	golden := goldentest.Open(t, "testdata/windows.safetensors")
	list, c := threeTasks(2, 3, 2), smallConfig()
	c.Dropout, c.AttentionDropout = 0, 0
	m, err := New(Architecture{Config: c, Tasks: list, Windows: datasets.Windows{Length: 10, Overlap: 3}}, gotch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Drop)
	for _, p := range m.params.All() {
		name := "param/" + p.Name
		data, err := torchx.Bytes(p.Tensor)
		if err == nil {
			_, err = binary.Encode(data, binary.LittleEndian, golden.Float32s(name))
		}
		if err == nil {
			err = torchx.SetBytes(p.Tensor, data, gotch.Float, golden.Shape(name))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	want := map[string][]float32{}
	for _, name := range golden.Names() {
		if param, found := strings.CutPrefix(name, "grad/"); found {
			want[param] = golden.Float32s(name)
		}
	}
	b := goldenCalls(golden, list)
	for _, limit := range []int{0, 10} {
		m.SetBatchTokens(limit)
		losses := map[string]float64{}
		_, got := passed(t, m, false, func(s *torchx.Scope) *ts.Tensor {
			hidden, mask := m.Hidden(s, b)
			expectNear(t, "states differ", s.ReadFloat32(hidden), golden.Float32s("hidden"))
			for _, part := range b.Parts {
				losses[part.Task] = s.Value(m.Loss(s, b, part, m.Logits(s, part.Task, hidden, mask)))
			}
			return lossOfAll(s, m, b, hidden, mask)
		})
		for task, loss := range losses {
			expectNear(t, task+" loss differs", []float32{float32(loss)}, golden.Float32s("loss/"+task))
		}
		expectNear(t, "gradients differ", joinedGradients(got, want), joinedGradients(want, want))
	}
}

// expectNear compares numbers; the limit is a part of their largest.
func expectNear(t *testing.T, what string, got, want []float32) {
	t.Helper()
	d := goldentest.Compare(got, want).Max / goldentest.MaxAbs(want)
	t.Logf("%s by %.1e", what, d)
	if len(got) != len(want) || !(d <= 1e-5) {
		t.Errorf("%s by %.1e of their largest; %d numbers, want %d", what, d, len(got), len(want))
	}
}

// joinedGradients are the gradients of all parameters in others, each relative to the
// largest of others' for it. A gradient of which rounding leaves nothing is left out, such as
// that of a key's bias.
func joinedGradients(gradients, others map[string][]float32) (all []float32) {
	var largest float64
	for _, values := range others {
		largest = max(largest, goldentest.MaxAbs(values))
	}
	for _, name := range slices.Sorted(maps.Keys(others)) {
		own := goldentest.MaxAbs(others[name])
		if own < 1e-6*largest {
			continue
		}
		for _, v := range gradients[name] {
			all = append(all, v/float32(own))
		}
	}
	return all
}
