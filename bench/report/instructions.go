package report

import (
	"slices"
	"strings"
)

// instructionSets are those that decide how fast a model is, as people write
// them and as Linux does, the oldest first.
var instructionSets = []struct{ name, flag string }{
	{"AVX2", "avx2"},
	{"AVX-VNNI", "avx_vnni"},
	{"AVX512", "avx512f"},
	{"AVX512-VNNI", "avx512_vnni"},
	{"AVX512-BF16", "avx512_bf16"},
	{"AVX512-FP16", "avx512_fp16"},
	{"AMX-INT8", "amx_int8"},
	{"AMX-BF16", "amx_bf16"},
	{"AMX-FP16", "amx_fp16"},
}

// instructions picks the sets among the processor's flags.
func instructions(flags string) []string {
	has := strings.Fields(flags)
	var sets []string
	for _, set := range instructionSets {
		if slices.Contains(has, set.flag) {
			sets = append(sets, set.name)
		}
	}
	return sets
}

// InstructionSet says in words what the processor's arithmetic is: its sets, or
// what the programs were limited to.
func (m Machine) InstructionSet() string {
	switch {
	case m.Limit != "":
		return "limited to " + m.Limit
	case len(m.Instructions) == 0:
		return "instruction set unknown"
	case len(m.Instructions) == 1:
		return m.Instructions[0] + " only"
	}
	return strings.Join(m.Instructions, ", ")
}

// Name tells this processor and instruction set from others, in letters that
// suit a file's name.
func (m Machine) Name() string {
	set := ""
	if n := len(m.Instructions); n > 0 {
		set = m.Instructions[n-1] // the newest
	}
	if m.Limit != "" {
		set = "limited to " + m.Limit
	}
	words := strings.FieldsFunc(strings.ToLower(m.CPU+" "+set), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	})
	return strings.Join(words, "-")
}

// HasBF16 reports whether the programs may use instructions for bfloat16. Without them
// it takes several times as long as float32.
func (m Machine) HasBF16() bool {
	return m.Limit == "" && slices.ContainsFunc(m.Instructions, func(set string) bool { return strings.HasSuffix(set, "BF16") })
}
