package report

import (
	"slices"
	"testing"
)

func TestInstructions(t *testing.T) {
	for _, test := range []struct {
		flags, limit string
		want         []string
		words, name  string
	}{
		{"fpu avx avx2 fma", "", []string{"AVX2"}, "AVX2 only", "a-cpu-r-avx2"},
		{"avx2 avx_vnni", "", []string{"AVX2", "AVX-VNNI"}, "AVX2, AVX-VNNI", "a-cpu-r-avx-vnni"},
		{"avx512_vnni avx512f avx2", "", []string{"AVX2", "AVX512", "AVX512-VNNI"}, "AVX2, AVX512, AVX512-VNNI", "a-cpu-r-avx512-vnni"},
		{"avx512_vnni avx512f avx2", "AVX2", []string{"AVX2", "AVX512", "AVX512-VNNI"}, "limited to AVX2", "a-cpu-r-limited-to-avx2"},
		{"avx2x", "", nil, "instruction set unknown", "a-cpu-r"},
	} {
		m := Machine{CPU: "A CPU(R)", Instructions: instructions(test.flags), Limit: test.limit}
		if !slices.Equal(m.Instructions, test.want) || m.InstructionSet() != test.words || m.Name() != test.name {
			t.Errorf("%q, %q: %q, %q, %q", test.flags, test.limit, m.Instructions, m.InstructionSet(), m.Name())
		}
	}
}

func TestHasBF16(t *testing.T) {
	for _, test := range []struct {
		machine Machine
		want    bool
	}{
		{Machine{}, false},
		{Machine{Instructions: []string{"AVX2"}}, false},
		{Machine{Instructions: []string{"AVX2", "AVX512", "AVX512-BF16"}}, true},
		{Machine{Instructions: []string{"AVX512", "AMX-BF16"}}, true},
		{Machine{Instructions: []string{"AVX512-BF16"}, Limit: "AVX2"}, false},
	} {
		if got := test.machine.HasBF16(); got != test.want {
			t.Errorf("%+v: %v", test.machine, got)
		}
	}
}
