package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// A patch replaces the second of pattern's three groups by text. The pattern must match the file once, or with all set
// at least once, and its second group must hold expect.
type patch struct {
	file    string // relative to the module's root
	pattern string
	expect  string
	text    string
	all     bool
}

// The calls in the C++ wrappers are those of libtorch 2.1, for which gotch 0.9.1 was made; these three operators have
// other parameters in 2.11.
//
// The build flags link torch_cpu and c10 alone, so that one binary serves CPU and GPU: libtorch_cuda is opened at run
// time, when a GPU is wanted. -O1 -g0 halves a cold build and costs no speed, as the wrappers only pass arguments on.
var patches = []patch{
	{
		file:    "libtch/lib.go",
		pattern: `(?s)^(package libtch\n)(.*)(import "C"\n)`,
		expect:  "// #cgo CXXFLAGS: -I${SRCDIR}/libtorch/lib",
		text: `
// #cgo CFLAGS: "-I${SRCDIR}" -O1 -g0
// #cgo CXXFLAGS: "-I${SRCDIR}" -std=c++17 -O1 -g0 -D_GLIBCXX_USE_CXX11_ABI=1 -Wno-deprecated-declarations
// #cgo CXXFLAGS: "-I${SRCDIR}/../../include" "-I${SRCDIR}/../../include/torch/csrc/api/include"
// #cgo LDFLAGS: "-L${SRCDIR}/../../lib" "-Wl,-rpath,${SRCDIR}/../../lib" -ltorch_cpu -lc10 -lstdc++
`,
	},
	wrapper("_cslt_sparse_mm", `
    auto outputs__ = torch::_cslt_sparse_mm(*compressed_A, *dense_B, bias ? *bias : torch::Tensor(),
                                            /*alpha=*/{}, /*out_dtype=*/{}, (bool)transpose_result);
    out__[0] = new torch::Tensor(outputs__);`),
	wrapper("_scaled_mm", `
    throw std::runtime_error("_scaled_mm: this libtorch does not have it in gotch's form");`),
	wrapper("_scaled_mm_out", `
    throw std::runtime_error("_scaled_mm_out: this libtorch does not have it in gotch's form");`),

	// A handle of 100 kB for each tensor keeps Go's allocator and collector busy: 20 µs an operation instead of 3.
	{
		file:    "ts/tensor.go",
		pattern: `(type bigStruct struct \{\n\tlots \[)(.*)(\]byte)`,
		expect:  "1e5",
		text:    "1",
	},
	// The place for an operation's result was taken from C, and never given back.
	{
		file:    "ts/tensor-generated.go",
		pattern: `(\n\s+ptr := )(.*)(\n)`,
		expect:  "(*lib.Ctensor)(unsafe.Pointer(C.malloc(0)))",
		text:    "new(lib.Ctensor)",
		all:     true,
	},

	// Importing gotch must not make a folder in the user's home, nor end the process where it can't.
	{
		file:    "init.go",
		pattern: `(import \(\n\t"fmt"\n)(.*\n)(\t"os"\n)`,
		expect:  `"log"`,
	},
	{
		file:    "init.go",
		pattern: `(?s)(CachedDir = val\n\t\}\n)(.*)(\}\n)$`,
		expect:  "os.MkdirAll(CachedDir, 0755)",
	},
}

// wrapper replaces the body of gotch's C++ wrapper of a torch operator. PROTECT around it hands an exception to Go.
func wrapper(operator, body string) patch {
	return patch{
		file:    "libtch/torch_api_generated.cpp.h",
		pattern: `(?s)(void atg_` + operator + `\([^\n]*\) \{\n  PROTECT\()(.*?)(\n  \)\n\}\n)`,
		expect:  "torch::" + operator + "(",
		text:    body,
	}
}

// apply rewrites the file of p in the module at root.
func (p patch) apply(root string) error {
	path := filepath.Join(root, filepath.FromSlash(p.file))
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	text, err := p.rewrite(string(data))
	if err != nil {
		return fmt.Errorf("%s: %w; is this another version of gotch?", p.file, err)
	}
	return os.WriteFile(path, []byte(text), 0o644)
}

func (p patch) rewrite(text string) (string, error) {
	matches := regexp.MustCompile(p.pattern).FindAllStringSubmatchIndex(text, -1)
	if len(matches) != 1 && (len(matches) == 0 || !p.all) {
		return "", fmt.Errorf("%d places match %s, not one", len(matches), p.pattern)
	}
	for _, match := range slices.Backward(matches) {
		from, to := match[4], match[5]
		if !strings.Contains(text[from:to], p.expect) {
			return "", fmt.Errorf("%q is not in a place that matches %s", p.expect, p.pattern)
		}
		text = text[:from] + p.text + text[to:]
	}
	return text, nil
}
