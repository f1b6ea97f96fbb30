package heads_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/goldentest"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/heads"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// temperatures are those of testdata/distill.safetensors.
var temperatures = []float64{1, 2, 4}

// kinds are a task of each kind; the names are those of the golden file.
func kinds() map[string]tasks.Task {
	return map[string]tasks.Task{
		"token":     {Kind: tasks.Token, Heads: headsOf(5)},
		"token_all": {Kind: tasks.Token, Heads: headsOf(5)},
		"class":     {Kind: tasks.MultiClass, Pooling: tasks.CLSPooling, Heads: headsOf(3, 5, 4, 2)},
		"flags":     {Kind: tasks.MultiLabel, Pooling: tasks.CLSPooling, Heads: headsOf(1, 5, 2)},
	}
}

func forEachKind(t *testing.T, test func(t *testing.T, name string, h heads.Head)) {
	for name, task := range kinds() {
		t.Run(name, func(t *testing.T) { test(t, name, newHead(t, task)) })
	}
}

func newHead(t *testing.T, task tasks.Task) heads.Head {
	t.Helper()
	p := torchx.NewParams(gotch.CPU, true)
	t.Cleanup(p.Drop)
	task.Name = "t"
	h, err := heads.New(p, task, dim, 0)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// distilled is one case of testdata/distill.safetensors: a kind of task and a
// temperature.
type distilled struct {
	goldentest.File
	name string
}

func openDistilled(t *testing.T, name string, temperature float64) distilled {
	return distilled{goldentest.Open(t, "testdata/distill.safetensors"), fmt.Sprintf("%s.%g/", name, temperature)}
}

func (d distilled) count() (n int) {
	for d.Has(d.name + fmt.Sprintf("student.%d", n)) {
		n++
	}
	return n
}

func (d distilled) floats(s *torchx.Scope, name string, i int) *ts.Tensor {
	path := d.name + fmt.Sprintf("%s.%d", name, i)
	return s.Float32s(d.Float32s(path), d.Shape(path)...)
}

// students returns each head's logits, of which the gradient is recorded.
func (d distilled) students(t *testing.T, s *torchx.Scope) []*ts.Tensor {
	t.Helper()
	list := make([]*ts.Tensor, d.count())
	for i := range list {
		list[i] = learnable(t, d.floats(s, "student", i))
	}
	return list
}

func (d distilled) teachers(s *torchx.Scope) []heads.Soft {
	list := make([]heads.Soft, d.count())
	for i := range list {
		if d.Has(d.name + fmt.Sprintf("teacher.%d", i)) {
			list[i].Logits = d.floats(s, "teacher", i)
		}
		if name := d.name + fmt.Sprintf("rows.%d", i); d.Has(name) {
			list[i].Rows = s.Int64s(d.Int64s(name), d.Shape(name)...)
		}
	}
	return list
}

// learnable makes autograd record the gradient of x.
func learnable(t *testing.T, x *ts.Tensor) *ts.Tensor {
	t.Helper()
	if err := x.RequiresGrad_(true); err != nil {
		t.Fatal(err)
	}
	return x
}

// gradient returns the gradient of x, zeros if it has none.
func gradient(t *testing.T, s *torchx.Scope, x *ts.Tensor) []float32 {
	t.Helper()
	if g := grad(t, x); g.MustDefined() {
		return s.ReadFloat32(g)
	}
	return make([]float32, x.Numel())
}

func closeScope(t *testing.T, s *torchx.Scope) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestSoftLossEqualsPyTorch(t *testing.T) {
	forEachKind(t, func(t *testing.T, name string, h heads.Head) {
		for _, temperature := range temperatures {
			d := openDistilled(t, name, temperature)
			s := torchx.Training(gotch.CPU)
			students := d.students(t, s)
			loss := h.SoftLoss(s, students, d.teachers(s), temperature)
			s.Backward(loss)

			// The loss is up to 41: its tolerance is relative.
			want := float64(d.Float32s(d.name + "loss")[0])
			worst := math.Abs(s.Value(loss)-want) / want
			if !(worst <= goldentest.Rounding) {
				t.Errorf("T = %g: loss %v, want %v", temperature, s.Value(loss), want)
			}
			for i, student := range students {
				diff := goldentest.Compare(gradient(t, s, student), d.Float32s(d.name+fmt.Sprintf("student.%d.grad", i)))
				if worst = max(worst, diff.Max); diff.Relative > goldentest.Rounding {
					t.Errorf("T = %g, head %d: gradient differs by %.1e", temperature, i, diff.Max)
				}
			}
			t.Logf("T = %g: largest deviation %.1e", temperature, worst)
			closeScope(t, s)
		}
	})
}

// A student that says what its teacher says has nothing to learn from it.
func TestSoftLossOfEqualsIsZero(t *testing.T) {
	forEachKind(t, func(t *testing.T, name string, h heads.Head) {
		for _, temperature := range temperatures {
			d := openDistilled(t, name, temperature)
			s := torchx.Training(gotch.CPU)
			students := d.students(t, s)
			teachers := make([]heads.Soft, len(students))
			for i := range teachers {
				teachers[i].Logits = s.Rows(d.floats(s, "student", i))
			}
			loss := h.SoftLoss(s, students, teachers, temperature)
			s.Backward(loss)
			if v := s.Value(loss); math.Abs(v) > 1e-5 {
				t.Errorf("T = %g: loss %v, want 0", temperature, v)
			}
			for i, student := range students {
				if g := norm(gradient(t, s, student)); g > 1e-6 {
					t.Errorf("T = %g, head %d: the gradient's norm is %v, want 0", temperature, i, g)
				}
			}
			closeScope(t, s)
		}
	})
}

// The gradient of KL falls as 1/T² for logits that are small beside T; the
// factor T² makes up for it. Without it, gradients at T and 2T would differ by
// a factor of 4.
func TestTemperatureKeepsTheGradientsScale(t *testing.T) {
	forEachKind(t, func(t *testing.T, name string, h heads.Head) {
		d := openDistilled(t, name, 1)
		size := func(temperature float64) float64 {
			s := torchx.Training(gotch.CPU)
			defer closeScope(t, s)
			var students []*ts.Tensor
			var teachers []heads.Soft
			for i := range d.count() {
				small := s.Scale(d.floats(s, "student", i), 1e-3)
				students = append(students, learnable(t, small))
				other := s.Scale(s.Rows(d.floats(s, "student", i)), -2e-3)
				teachers = append(teachers, heads.Soft{Logits: other})
			}
			s.Backward(h.SoftLoss(s, students, teachers, temperature))
			var all []float32
			for _, student := range students {
				all = append(all, gradient(t, s, student)...)
			}
			return norm(all)
		}
		for _, temperature := range temperatures {
			one, two := size(temperature), size(2*temperature)
			if ratio := two / one; !(one > 0) || math.Abs(ratio-1) > 0.01 {
				t.Errorf("gradients at T = %g have the norm %v, at 2T %v: ratio %.3f, want 1", temperature, one, two, ratio)
			}
		}
	})
}

func norm(values []float32) float64 {
	sum := 0.0
	for _, v := range values {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum)
}

func TestTeacherGetsNoGradient(t *testing.T) {
	forEachKind(t, func(t *testing.T, name string, h heads.Head) {
		d := openDistilled(t, name, 1)
		s := torchx.Training(gotch.CPU)
		defer closeScope(t, s)
		teachers := d.teachers(s)
		for _, soft := range teachers {
			if soft.Logits != nil {
				learnable(t, soft.Logits)
			}
		}
		s.Backward(h.SoftLoss(s, d.students(t, s), teachers, 1))
		for i, soft := range teachers {
			if soft.Logits != nil && grad(t, soft.Logits).MustDefined() {
				t.Errorf("head %d: the teacher has a gradient", i)
			}
		}
	})
}

// Under autocast logits come in bfloat16, but their divergence is that of the
// same numbers in float32.
func TestSoftLossUnderAutocast(t *testing.T) {
	forEachKind(t, func(t *testing.T, name string, h heads.Head) {
		d := openDistilled(t, name, 2)
		s := torchx.Training(gotch.CPU)
		defer closeScope(t, s)
		s.Autocast()
		hidden := s.Float32s(d.Float32s("hidden/student"), d.Shape("hidden/student")...)
		logits := h.Logits(s, hidden, nil)
		var full []*ts.Tensor
		var teachers []heads.Soft
		for _, x := range logits {
			if x.DType() != gotch.BFloat16 {
				t.Fatalf("logits are %v: the test tests nothing", x.DType())
			}
			full = append(full, s.Float(x))
			teachers = append(teachers, heads.Soft{Logits: s.Scale(s.Rows(s.Float(x)), 1.01)})
		}
		loss := h.SoftLoss(s, logits, teachers, 2)
		want := s.Value(h.SoftLoss(s, full, teachers, 2))
		if got := s.Value(loss); got != want || !(want > 0) || loss.DType() != gotch.Float {
			t.Errorf("loss %v (%v) of bfloat16, %v of float32", got, loss.DType(), want)
		}
		s.Backward(loss)
	})
}

// All rows, named in order, are all rows; and a head whose teacher says
// nothing of any row is left out, as one without a teacher.
func TestSoftLossRows(t *testing.T) {
	forEachKind(t, func(t *testing.T, name string, h heads.Head) {
		d := openDistilled(t, name, 1)
		s := torchx.Inference(gotch.CPU)
		defer closeScope(t, s)
		students := d.students(t, s)
		all, named, none := make([]heads.Soft, len(students)), make([]heads.Soft, len(students)), make([]heads.Soft, len(students))
		for i, student := range students {
			logits := s.Scale(s.Rows(student), 0.5)
			n, labels := s.Shape(logits)[0], s.Shape(logits)[1]
			var rows []int64
			for row := range n {
				rows = append(rows, row)
			}
			all[i].Logits = logits
			named[i] = heads.Soft{Logits: logits, Rows: s.Int64s(rows, n)}
			none[i] = heads.Soft{Logits: s.Float32s(nil, 0, labels), Rows: s.Int64s(nil, 0)}
		}
		if a, b := s.Value(h.SoftLoss(s, students, all, 1)), s.Value(h.SoftLoss(s, students, named, 1)); a != b || !(a > 0) {
			t.Errorf("loss %v of all rows, %v of the same rows by their numbers", a, b)
		}
		for _, silent := range [][]heads.Soft{none, make([]heads.Soft, len(students))} {
			if loss := h.SoftLoss(s, students, silent, 1); loss != nil {
				t.Errorf("loss %v of a teacher that says nothing, want none", s.Value(loss))
			}
		}
	})
}

func TestSoftLossRefuses(t *testing.T) {
	h := newHead(t, tasks.Task{Kind: tasks.MultiClass, Pooling: tasks.CLSPooling, Heads: headsOf(3)})
	zeros := func(s *torchx.Scope, shape ...int64) *ts.Tensor {
		return s.Float32s(make([]float32, ts.ElementCount(shape)), shape...)
	}
	for want, loss := range map[string]func(s *torchx.Scope){
		"soft loss: a teacher of 2 heads for 1 heads": func(s *torchx.Scope) {
			h.SoftLoss(s, []*ts.Tensor{zeros(s, 4, 3)}, make([]heads.Soft, 2), 1)
		},
		"soft loss: temperature 0, want a positive number": func(s *torchx.Scope) {
			h.SoftLoss(s, []*ts.Tensor{zeros(s, 4, 3)}, []heads.Soft{{Logits: zeros(s, 4, 3)}}, 0)
		},
		"soft loss: temperature +Inf, want a positive number": func(s *torchx.Scope) {
			h.SoftLoss(s, []*ts.Tensor{zeros(s, 4, 3)}, []heads.Soft{{Logits: zeros(s, 4, 3)}}, math.Inf(1))
		},
		"soft loss: temperature NaN, want a positive number": func(s *torchx.Scope) {
			h.SoftLoss(s, []*ts.Tensor{zeros(s, 4, 3)}, []heads.Soft{{Logits: zeros(s, 4, 3)}}, math.NaN())
		},
		// What libtorch would broadcast.
		"kl divergence of [4, 3], [1, 3]: the shapes differ": func(s *torchx.Scope) {
			h.SoftLoss(s, []*ts.Tensor{zeros(s, 4, 3)}, []heads.Soft{{Logits: zeros(s, 1, 3)}}, 1)
		},
		"kl divergence of [1, 3], [4, 3]: the shapes differ": func(s *torchx.Scope) {
			h.SoftLoss(s, []*ts.Tensor{zeros(s, 4, 3)}, []heads.Soft{{Logits: zeros(s, 4, 3), Rows: s.Int64s([]int64{2}, 1)}}, 1)
		},
	} {
		s := torchx.Training(gotch.CPU)
		loss(s)
		if err := s.Close(); err == nil || err.Error() != want {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
