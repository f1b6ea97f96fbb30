"""Inference in ONNX Runtime: the encoder and all heads in one graph."""

import logging
import os

import onnxruntime
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic

import model
from one_pass import OnePass, by_task, is_newer
from torch_way import pad


class Onnx(OnePass):
    def __init__(self, inputs, work, threads):
        super().__init__(inputs)
        torch.set_num_threads(threads)
        self.graphs = export(inputs, work)
        self.threads = threads
        self.sessions = {}

    def session(self, precision):
        if precision not in self.sessions:
            if precision not in self.graphs:
                raise ValueError(f"no precision {precision} here")
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = self.threads
            options.log_severity_level = 3
            self.sessions[precision] = onnxruntime.InferenceSession(
                self.graphs[precision], options, providers=["CPUExecutionProvider"]
            )
        return self.sessions[precision]

    def run(self, precision, tokens):
        ids, mask = pad(tokens, self.tokenizer.pad_token_id)
        return by_task(self.session(precision).run(None, {"ids": ids.numpy(), "mask": mask.numpy()}))


class AllHeads(torch.nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, ids, mask):
        hidden = self.inner.backbone(input_ids=ids, attention_mask=mask.long()).last_hidden_state
        return tuple(x for task in model.TASKS for x in self.inner.logits(task, hidden, mask))


def export(inputs, work):
    """Paths of the graphs by precision, which are made if they are older than the weights."""
    paths = {precision: work / f"{precision}.onnx" for precision in ("fp32", "int8")}
    if all(is_newer(path, inputs) for path in paths.values()):
        return paths
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    logging.getLogger("onnxscript").setLevel(logging.ERROR)
    wrapped = AllHeads(model.load(inputs, "sdpa")).eval()
    ids, mask = pad([[5] * 20, [6] * 13], 0)
    sizes = {0: torch.export.Dim("batch"), 1: torch.export.Dim("tokens", max=512)}
    unfinished = {precision: work / f"{precision}.unfinished.onnx" for precision in paths}
    torch.onnx.export(
        wrapped, (ids, mask), unfinished["fp32"], input_names=["ids", "mask"], dynamo=True,
        dynamic_shapes=(sizes, sizes), external_data=False, verbose=False,
    )  # fmt: skip
    quantize_dynamic(unfinished["fp32"], unfinished["int8"], weight_type=QuantType.QInt8)
    for precision, path in paths.items():
        os.replace(unfinished[precision], path)
    return paths
