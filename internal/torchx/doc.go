// Package torchx is the thin layer between Trident's formulas and libtorch: a
// [Scope] that runs gotch's operations, carries the first error and frees
// intermediates; named parameters and layers; and, in C++, the few things that
// gotch lacks (fused AdamW, gradient clipping, attention over packed sequences,
// linear layers in 8 bits, autocast, loading CUDA at run time).
package torchx

// #cgo CXXFLAGS: -std=c++17 -O2 -g0 -Wall -fopenmp -I${SRCDIR}/../../.libtorch/include -I${SRCDIR}/../../.libtorch/include/torch/csrc/api/include -I${SRCDIR}/gloo
// #cgo LDFLAGS: -L${SRCDIR}/../../.libtorch/lib -Wl,-rpath,${SRCDIR}/../../.libtorch/lib -ltorch_cpu -lc10 -lgomp -lstdc++ -ldl
import "C"
