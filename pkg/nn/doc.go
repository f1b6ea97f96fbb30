// Package nn is what a program needs of libtorch to use the other packages: the device
// and precision to compute with, a [Scope] in which tensor operations run, and named
// parameters with the layers made of them and the files that they are read from.
// Encoders (pkg/backbone), heads (pkg/heads), models (pkg/fusion) and the training loop
// (pkg/trainer) take and return these types.
//
// To train or label calls only [Device] and [Precision] are needed. A head, an encoder
// or a model of one's own is written with the rest:
//
//	s := nn.Inference(device)
//	x := s.LayerNorm(s.Add(attended, x), norm)
//	values := s.ReadFloat32(x)
//	if err := s.Close(); err != nil { // of whichever operation failed first
//
// All are other names of what internal/torchx and internal/weights have, so their methods
// are documented there. Tensors and devices are gotch's.
package nn
