"""The model of the benchmark in PyTorch: the one that parity is measured with (scripts/golden/reference.py)."""

import json
import pathlib

import torch
from safetensors.torch import load_file
from transformers import DistilBertConfig

import reference

TASKS = ("ner", "cls", "qa")


def load(inputs, attention):
    """The model with the weights that all ways share; attention is "eager" or "sdpa"."""
    directory = pathlib.Path(inputs["model"])
    config = DistilBertConfig.from_pretrained(directory, attn_implementation=attention)
    maps = label_maps(directory)["cls"]
    classes = [len(maps[name]) for name in ("main_cat2id", "sub_cat2id", "interv2id", "priority2id")]
    with torch.device("meta"):  # no weights to draw first
        model = reference.Reference(config, classes, config.dropout)
    missing, unexpected = model.load_state_dict(load_file(directory / "model.safetensors"), strict=False, assign=True)
    if missing or unexpected:
        raise ValueError(f"weights: {missing} are missing, {unexpected} are too many")
    for name, buffer in model.named_buffers():  # not in the file
        if not name.endswith("position_ids"):
            raise ValueError(f"no value for buffer {name}")
        module = model.get_submodule(name.rpartition(".")[0])
        module.register_buffer("position_ids", torch.arange(buffer.shape[-1])[None], persistent=False)
    return model


def label_maps(directory):
    return json.loads((directory / "label_maps.json").read_text())


def decide(task, logits, tokens):
    """Labels of one text, of a list of each head's logits: of the tokens between [CLS] and [SEP], or of the heads."""
    if task == "ner":
        return logits[0][1 : tokens - 1].argmax(-1).tolist()
    if task == "cls":
        return [int(head.argmax()) for head in logits]
    return [int(x > 0) for head in logits for x in head.tolist()]
