// Package libtorch says which libtorch the program was built with.
package libtorch

// #cgo CFLAGS: -I${SRCDIR}/../../.libtorch/include
// #include <torch/headeronly/version.h>
import "C"

// Version is that of the headers, such as 2.11.0.
const Version = C.TORCH_VERSION
