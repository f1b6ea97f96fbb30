package torchx

import (
	"slices"
	"strings"
)

// OutOfMemory reports whether err is libtorch's out-of-memory error, on the CPU, on a GPU,
// or in the C++ library. It is recognised by its text.
func OutOfMemory(err error) bool {
	text := err.Error()
	return slices.ContainsFunc([]string{
		"can't allocate memory", "not enough memory", "CUDA out of memory", "CUDA error: out of memory", "bad_alloc",
	}, func(words string) bool { return strings.Contains(text, words) })
}
