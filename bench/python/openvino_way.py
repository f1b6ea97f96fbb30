"""Inference in OpenVINO: the encoder and all heads in one graph, in 8-bit integers after NNCF's calibration."""

import logging
import os

import openvino
import torch

import model
from one_pass import OnePass, by_task, is_newer
from onnx_way import AllHeads
from torch_way import pad

# OpenVINO's names of the precisions of inference. A graph in int8 computes the rest in float32.
HINTS = {"fp32": "f32", "bf16": "bf16", "int8": "f32"}


class OpenVino(OnePass):
    def __init__(self, inputs, work, threads):
        super().__init__(inputs)
        torch.set_num_threads(threads)
        self.inputs, self.work, self.threads = inputs, work, threads
        self.requests = {}

    @staticmethod
    def lacks():
        """The precisions that this machine computes in software or not at all."""
        return [] if "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES") else ["bf16"]

    def request(self, precision):
        if precision not in self.requests:
            path = quantized(self, self.work) if precision == "int8" else exported(self.inputs, self.work)
            options = {
                "ENABLE_CPU_PINNING": False,  # as everywhere else: other programs may run on the same core
                "INFERENCE_NUM_THREADS": self.threads,
                "INFERENCE_PRECISION_HINT": HINTS[precision],
                "PERFORMANCE_HINT": "LATENCY",
            }
            self.requests[precision] = openvino.Core().compile_model(path, "CPU", options).create_infer_request()
        return self.requests[precision]

    def feed(self, tokens):
        ids, mask = pad(tokens, self.tokenizer.pad_token_id)
        return {"ids": ids.numpy(), "mask": mask.numpy()}

    def run(self, precision, tokens):
        outputs = self.request(precision).infer(self.feed(tokens), share_inputs=True, share_outputs=True)
        return by_task(outputs.to_tuple())


def exported(inputs, work):
    """The path of the graph in float32, which is made if it is older than the weights."""
    path = work / "openvino-fp32.xml"
    if not is_newer(path, inputs):
        example = dict(zip(("ids", "mask"), pad([[5] * 20, [6] * 13], 0)))
        wrapped = AllHeads(model.load(inputs, "sdpa")).eval()
        graph = openvino.convert_model(wrapped, example_input=example)
        save(graph, path)
    return path


# Calls to calibrate with: of the benchmark's texts those that batch inference reads last.
CALIBRATION = 60


def quantized(way, work):
    """The path of the graph in int8: post-training quantisation of weights and activations, with NNCF's settings for
    transformers."""
    path = work / "openvino-int8.xml"
    if not is_newer(path, way.inputs):
        import nncf

        nncf.set_log_level(logging.ERROR)
        graph = openvino.Core().read_model(exported(way.inputs, work))
        calls = way.encode(way.inputs["tokenize"][-CALIBRATION:])["input_ids"]
        data = nncf.Dataset([way.feed([tokens]) for tokens in calls])
        graph = nncf.quantize(graph, data, model_type=nncf.ModelType.TRANSFORMER, subset_size=len(calls))
        save(graph, path)
    return path


def save(graph, path):
    """Saves whole or not at all: the weights stand before the graph does."""
    unfinished = path.with_stem(path.stem + ".unfinished")
    openvino.save_model(graph, unfinished, compress_to_fp16=False)
    for suffix in (".bin", ".xml"):
        os.replace(unfinished.with_suffix(suffix), path.with_suffix(suffix))
