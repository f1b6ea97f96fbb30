package torchx_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"testing"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/torchx"
)

// grad returns the gradient of a parameter, nil if it has none.
func grad(t *testing.T, param *ts.Tensor) []float32 {
	t.Helper()
	g, err := param.Grad(false)
	if err != nil {
		t.Fatal(err)
	}
	defer g.MustDrop()
	if !g.MustDefined() {
		return nil
	}
	return values(t, g)
}

func values(t *testing.T, tensor *ts.Tensor) []float32 {
	t.Helper()
	s := torchx.Inference(gotch.CPU)
	out := s.ReadFloat32(tensor)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return out
}

// residentMB returns how much memory the process holds.
func residentMB(t *testing.T) int {
	t.Helper()
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	var total, resident int
	if _, err := fmt.Sscan(string(data), &total, &resident); err != nil {
		t.Fatal(err)
	}
	return resident * os.Getpagesize() >> 20
}

func appendFloat32(raw []byte, v float32) []byte {
	return binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
}
