"""Inference in CTranslate2: its encoder, and the heads in PyTorch."""

import os
import shutil

import ctranslate2
import numpy
import torch
from ctranslate2.converters.transformers import DistilBertLoader

import model
from one_pass import OnePass, is_newer
from torch_way import pad

# int8 quantises the weights of the encoder when it is loaded, and its inputs as they come.
COMPUTE_TYPES = {"fp32": "float32", "int8": "int8_float32"}


class CTranslate(OnePass):
    def __init__(self, inputs, work, threads):
        super().__init__(inputs)
        torch.set_num_threads(threads)
        self.model = model.load(inputs, "sdpa").eval()
        self.directory = converted(inputs, work, self.model.backbone, self.tokenizer)
        self.model.backbone = None  # CTranslate2 has its own
        self.threads = threads
        self.encoders = {}

    def encoder(self, precision):
        if precision not in self.encoders:
            self.encoders[precision] = ctranslate2.Encoder(
                str(self.directory), device="cpu", inter_threads=1, intra_threads=self.threads,
                compute_type=COMPUTE_TYPES[precision],
            )  # fmt: skip
        return self.encoders[precision]

    @torch.inference_mode()
    def run(self, precision, tokens):
        hidden = self.encoder(precision).forward_batch(tokens).last_hidden_state
        hidden = torch.from_numpy(numpy.asarray(hidden))
        _, mask = pad(tokens, self.tokenizer.pad_token_id)
        return {task: self.model.logits(task, hidden, mask) for task in model.TASKS}


def converted(inputs, work, backbone, tokenizer):
    """The directory of the encoder as CTranslate2 reads it, which is made if it is older than the weights."""
    directory = work / "ctranslate2"
    if is_newer(directory / "model.bin", inputs):
        return directory
    loader = DistilBertLoader()
    spec = loader.get_model_spec(backbone)
    vocabulary = tokenizer.get_vocab()
    loader.set_vocabulary(spec, sorted(vocabulary, key=vocabulary.get))
    loader.set_config(spec.config, backbone, tokenizer)
    spec.validate()
    spec.optimize()
    unfinished = work / "ctranslate2.unfinished"
    for leftover in (unfinished, directory):
        shutil.rmtree(leftover, ignore_errors=True)
    unfinished.mkdir()
    spec.save(str(unfinished))
    os.replace(unfinished, directory)
    return directory
