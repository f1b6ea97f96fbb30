"""Checks graphs and runs them in ONNX Runtime and OpenVINO: run.py FOLDER.

FOLDER has the graphs, NAME.onnx, and inputs.safetensors with N.input_ids and
N.attention_mask, N from 0. It gets outputs.safetensors with the logits as
NAME/RUNTIME/N/OUTPUT. Standard output gets what the graphs say of themselves, in JSON.
"""

import json
import pathlib
import sys

import numpy
import onnx
import onnxruntime
import openvino
from safetensors.numpy import load_file, save_file


def in_onnxruntime(graph, batches):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    for n, batch in enumerate(batches):
        for name, logits in zip(names, session.run(None, batch)):
            yield f"onnxruntime/{n}/{name}", logits


def in_openvino(graph, batches):
    exact = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}
    compiled = openvino.compile_model(graph, "CPU", exact)
    for n, batch in enumerate(batches):
        for output, logits in compiled(batch).items():
            yield f"openvino/{n}/{output.get_any_name()}", numpy.ascontiguousarray(logits)


def described(graph):
    model = onnx.load(graph, load_external_data=False)

    def values(of):
        return {v.name: [d.dim_param or d.dim_value for d in v.type.tensor_type.shape.dim] for v in of}

    return {
        "opset": model.opset_import[0].version,
        "inputs": values(model.graph.input),
        "outputs": values(model.graph.output),
        "metadata": {p.key: p.value for p in model.metadata_props},
        "initializers": {i.name: list(i.dims) for i in model.graph.initializer},
    }


def main(folder):
    read = load_file(folder / "inputs.safetensors")
    names = ("input_ids", "attention_mask")
    batches = [{name: read[f"{n}.{name}"] for name in names} for n in range(len(read) // 2)]
    results, said = {}, {}
    for path in folder.glob("*.onnx"):
        if path.stem.endswith("_heads"):  # they need hidden states: pkg/mlmodel runs them
            onnx.checker.check_model(str(path), full_check=True)
            continue
        graph = str(path)
        onnx.checker.check_model(graph, full_check=True)
        for run in (in_onnxruntime, in_openvino):
            results.update({f"{path.stem}/{name}": logits for name, logits in run(graph, batches)})
        said[path.stem] = described(graph)
    save_file(results, folder / "outputs.safetensors")
    json.dump(said, sys.stdout)


main(pathlib.Path(sys.argv[1]))
