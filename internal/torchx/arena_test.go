package torchx

import (
	"math/rand/v2"
	"testing"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"
)

// Tensors of many sizes come and go in no order: none may touch another's
// memory, and when all are gone the next ones find room in what there is.
func TestArena(t *testing.T) {
	Configure(0)
	before, _ := tensorBytes()
	rng := rand.New(rand.NewPCG(1, 2))
	type held struct {
		tensor *ts.Tensor
		value  float32
		size   int
	}
	var list []held
	var reserved int64
	s := Inference(gotch.CPU)
	defer s.Close()
	check := func(h held) {
		t.Helper()
		values := s.ReadFloat32(h.tensor)
		if s.Err() != nil {
			t.Fatal(s.Err())
		}
		for i, v := range values {
			if v != h.value || len(values) != h.size {
				t.Fatalf("element %d of %d is %v, want %v", i, len(values), v, h.value)
			}
		}
		if err := h.tensor.Drop(); err != nil {
			t.Fatal(err)
		}
	}
	for round := range 3 {
		for i := range 400 {
			size := 1 << rng.IntN(20)
			size += rng.IntN(size)
			values := make([]float32, size)
			for j := range values {
				values[j] = float32(1000*round + i)
			}
			list = append(list, held{s.Keep(s.Float32s(values, int64(size))), values[0], size})
			if rng.IntN(3) > 0 {
				at := rng.IntN(len(list))
				check(list[at])
				list = append(list[:at], list[at+1:]...)
			}
		}
		for _, h := range list {
			check(h)
		}
		list = nil
		used, now := tensorBytes()
		if used != before {
			t.Errorf("round %d: tensors hold %d bytes when all are gone, before %d", round, used, before)
		}
		if round > 0 && now != reserved {
			t.Errorf("round %d: %d bytes are reserved, %d in the round before", round, now, reserved)
		}
		reserved = now
	}
	if reserved == 0 {
		t.Error("nothing was taken of the arena")
	}
}
