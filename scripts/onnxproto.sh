#!/usr/bin/env bash
# Generates internal/onnxpb/onnx.pb.go, Go's types of an ONNX file, from the schema in
# the onnx package that scripts/requirements.txt pins, by protoc-gen-go of the version
# in go.mod. protoc isn't needed: the package has the schema in compiled form.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

python=$(scripts/pyenv.sh)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
version=$(go list -m -f '{{.Version}}' google.golang.org/protobuf)
GOFLAGS=-mod=mod GOBIN=$tmp go install "google.golang.org/protobuf/cmd/protoc-gen-go@$version"
"$python" scripts/onnxproto.py "$tmp/protoc-gen-go" internal/onnxpb/onnx.pb.go
gofmt -l internal/onnxpb
