// Package onnx writes a model as an ONNX graph, which ONNX Runtime, OpenVINO and others
// run without Trident: the encoder and the heads of all tasks, from token ids to logits.
//
// [Export] reads a model's folder; pkg/run uses [Write] for a model that it has just
// trained. cmd/export adds the flags. The graph is that of pkg/backbone and pkg/heads in
// inference, operation by operation; internal/onnxpb has the file format.
package onnx
