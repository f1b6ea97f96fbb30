// Package libtorch gives the version of libtorch that the program was built with.
package libtorch

// #cgo CFLAGS: -I${SRCDIR}/../../.libtorch/include
// #include <torch/headeronly/version.h>
import "C"

// Version is the headers' version, such as 2.11.0.
const Version = C.TORCH_VERSION
