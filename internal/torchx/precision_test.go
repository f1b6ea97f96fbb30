package torchx

import (
	"slices"
	"strings"
	"testing"

	"github.com/sugarme/gotch"
)

func TestPrecisionOfProcessor(t *testing.T) {
	avx2 := portableISA + 1
	old, usual, latest, gpu := processor{}, processor{int8: avx2}, processor{bf16: true, int8: amxISA}, gotch.CudaBuilder(0)
	for _, test := range []struct {
		precision       Precision
		device          gotch.Device
		processor       processor
		infers, trains  Precision
		slowWhileItIsOn string
	}{
		{Auto, gotch.CPU, old, FP32, FP32, ""},
		{Auto, gotch.CPU, usual, INT8, FP32, ""},
		{Auto, gotch.CPU, latest, INT8, BF16, ""},
		{Auto, gpu, old, BF16, BF16, ""},
		{FP32, gotch.CPU, latest, FP32, FP32, ""},
		{INT8, gotch.CPU, old, INT8, INT8, "int8 is slower than fp32 on this processor, which lacks AVX2: take fp32 or auto"},
		{INT8, gotch.CPU, usual, INT8, INT8, ""},
		{BF16, gotch.CPU, usual, BF16, BF16, "bf16 is slower than fp32 on this processor, which lacks AVX512-BF16: take fp32 or auto"},
		{BF16, gotch.CPU, latest, BF16, BF16, ""},
		{BF16, gpu, old, BF16, BF16, ""},
	} {
		p := test.precision
		if infers := p.resolve(test.device, test.processor); infers != test.infers {
			t.Errorf("%+v: predictions are in %s", test, infers)
		}
		if trains := p.resolveForTraining(test.device, test.processor); trains != test.trains {
			t.Errorf("%+v: training is in %s", test, trains)
		}
		if slow := p.slow(test.device, test.processor); slow != test.slowWhileItIsOn {
			t.Errorf("%+v: warning %q", test, slow)
		}
	}
}

func TestMaxISA(t *testing.T) {
	names := []string{"portable", "avx2", "avxvnni", "avx512", "avx512vnni", "amx"}
	has := isas()
	for i, name := range names {
		best, err := bestISAUpTo(name)
		if err != nil || best > isa(i) || !slices.Contains(has, best) {
			t.Errorf("up to %s: %s, %v", name, best, err)
		}
		if slices.Contains(has, isa(i)) && best.String() != name {
			t.Errorf("up to %s, which the processor has: %s", name, best)
		}
	}
	if best, err := bestISAUpTo(""); err != nil || best != has[len(has)-1] {
		t.Errorf("no limit: %s, %v", best, err)
	}
	if _, err := bestISAUpTo("sse"); err == nil || !strings.Contains(err.Error(), `TRIDENT_MAX_ISA is "sse"; want one of `+strings.Join(names, ", ")) {
		t.Errorf("sse: %v", err)
	}
}
