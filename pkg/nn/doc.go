// Package nn has the parts of libtorch's API that programs need to use the other
// packages: the device and precision for computation, a [Scope] for tensor operations,
// and named parameters, with layers made of them and the files that they are loaded
// from. Encoders (pkg/backbone), heads (pkg/heads), models (pkg/fusion) and the training
// loop (pkg/trainer) use these types.
//
// To train or to label calls, only [Device] and [Precision] are needed. Custom heads,
// encoders and models use the rest:
//
//	s := nn.Inference(device)
//	x := s.LayerNorm(s.Add(attended, x), norm)
//	values := s.ReadFloat32(x)
//	if err := s.Close(); err != nil { // the error of the first operation that failed
//
// All types are aliases of those in internal/torchx and internal/weights, so their
// methods are documented there. Tensors and devices are gotch's.
package nn
