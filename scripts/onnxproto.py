"""Runs protoc-gen-go on ONNX's schema: onnxproto.py PLUGIN OUTPUT (see onnxproto.sh)."""

import subprocess
import sys

import onnx
from google.protobuf import descriptor_pb2
from google.protobuf.compiler import plugin_pb2

NOTE = """// Generated from onnx-ml.proto of ONNX {version}, Copyright (c) ONNX Project Contributors,
// SPDX-License-Identifier: Apache-2.0, by scripts/onnxproto.sh.

"""


def main(plugin, output):
    schema = descriptor_pb2.FileDescriptorProto()
    onnx.onnx_ml_pb2.DESCRIPTOR.CopyToProto(schema)
    request = plugin_pb2.CodeGeneratorRequest(
        file_to_generate=[schema.name],
        parameter=f"M{schema.name}=github.com/trident-nlp/trident/internal/onnxpb;onnxpb",
        proto_file=[schema],
    )
    done = subprocess.run([plugin], input=request.SerializeToString(), stdout=subprocess.PIPE, check=True)
    response = plugin_pb2.CodeGeneratorResponse.FromString(done.stdout)
    if response.error:
        sys.exit(f"onnxproto: {response.error}")
    (file,) = response.file
    with open(output, "w", encoding="utf-8") as out:
        out.write(NOTE.format(version=onnx.__version__) + file.content)


main(*sys.argv[1:])
