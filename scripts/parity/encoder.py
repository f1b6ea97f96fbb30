"""Compares hidden states with transformers': small encoders in every kind of checkpoint, the full-size architecture, and MiniLM."""

import copy
import math
import os
import pathlib
import subprocess

import torch
from safetensors.torch import load_file
from transformers import BertForPreTraining, BertModel, DistilBertForMaskedLM, DistilBertModel

import bert
import reference
from model import old_names, store

LENGTHS, BATCHES = (1, 2, 17, 128, 512), (1, 16)
TOLERANCE = 1e-5  # of the mean absolute difference, for states of size 1
SMALL = dict(vocab_size=500, max_position_embeddings=512, dim=48, n_layers=3, n_heads=4, hidden_dim=100)
BERT = dict(vocab_size=500, max_position_embeddings=512, num_hidden_layers=3, intermediate_size=100)
WIDTHS = {26: dict(hidden_size=104, num_attention_heads=4), 32: dict(hidden_size=96, num_attention_heads=3)}  # of a head
FULL = dict(vocab_size=28996, max_position_embeddings=512, dim=768, n_layers=6, n_heads=12, hidden_dim=3072)


def compare(table, folder, programs, seed):
    folder.mkdir()
    for name, encoder in checkpoints(folder, seed):
        cases = inputs(seed, encoder.config.vocab_size)
        store(folder / "inputs.safetensors", {f"{case}/{part}": t for case, parts in cases.items() for part, t in parts.items()})
        command = [programs / "hidden", folder / name, folder / "inputs.safetensors", folder / "states.safetensors"]
        done = subprocess.run(command, capture_output=True, text=True)
        problem = done.stderr if done.returncode else ""
        states = load_file(folder / "states.safetensors") if done.returncode == 0 else {}
        if len(states) < len(cases):
            problem += f"{len(states)} cases of {len(cases)}"
        worst = max((difference(encoder, states[case], **parts) for case, parts in cases.items() if case in states), default=math.inf)
        table.add(f"encoder, {name}", len(states), worst, TOLERANCE, problem)


def checkpoints(folder, seed):
    """Writes checkpoints as transformers does, or did; yields each name with its encoder in fp32."""
    masked_lm = reference.randomize(DistilBertForMaskedLM(reference.config(**SMALL)), seed, scale=0.2)
    small = masked_lm.distilbert
    small.save_pretrained(folder / "small, safetensors")
    yield "small, safetensors", small
    masked_lm.save_pretrained(folder / "small, language model's safetensors")
    yield "small, language model's safetensors", small
    for name, state in (
        ("small, pytorch_model.bin", small.state_dict()),
        ("small, language model's pytorch_model.bin", masked_lm.state_dict()),
        ("small, language model's with gamma and beta", old_names(masked_lm.state_dict())),
    ):
        small.config.save_pretrained(folder / name)
        torch.save(state, folder / name / "pytorch_model.bin")
        yield name, small
    for name, dtype in (("fp16", torch.float16), ("bf16", torch.bfloat16)):
        half = copy.deepcopy(small).to(dtype)
        half.save_pretrained(folder / f"small, {name}")
        yield f"small, {name}", half.float()
    for width, sizes in WIDTHS.items():
        pretraining = reference.randomize(BertForPreTraining(bert.config(**BERT, **sizes)), seed, scale=0.12)
        pretraining.bert.save_pretrained(folder / f"BERT, heads of {width}")
        yield f"BERT, heads of {width}", pretraining.bert
    pretraining.save_pretrained(folder / "BERT for pretraining")
    yield "BERT for pretraining", pretraining.bert
    pretraining.config.save_pretrained(folder / "BERT with gamma and beta")
    torch.save(old_names(pretraining.state_dict()), folder / "BERT with gamma and beta" / "pytorch_model.bin")
    yield "BERT with gamma and beta", pretraining.bert
    (folder / "MiniLM").symlink_to(pathlib.Path(os.environ["TRIDENT_MINILM"]).resolve())
    yield "MiniLM", BertModel.from_pretrained(folder / "MiniLM").eval()
    # Weights of 0.04 keep attention far from uniform at this width.
    full = reference.randomize(DistilBertModel(reference.config(**FULL)), seed, scale=0.04)
    full.save_pretrained(folder / "full size")
    yield "full size", full


def inputs(seed, vocab):
    """Every length and batch size, without a mask, and where there can be padding with it."""
    generator = torch.Generator().manual_seed(seed)
    cases = {}
    for length in LENGTHS:
        for batch in BATCHES:
            cases[f"{batch} by {length}"] = {"ids": torch.randint(1, vocab, (batch, length), generator=generator)}
            if length > 1:
                lengths = torch.randint(1, length, (batch,), generator=generator)
                mask = torch.arange(length) < lengths[:, None]
                if batch > 1:
                    mask[0] = True
                ids = torch.randint(1, vocab, (batch, length), generator=generator) * mask
                cases[f"{batch} by {length}, padded"] = {"ids": ids, "mask": mask}
    return cases


def difference(encoder, states, ids, mask=None):
    """The mean absolute difference, padding left out."""
    mask = torch.ones_like(ids, dtype=torch.bool) if mask is None else mask
    want = encoder(input_ids=ids, attention_mask=mask.long()).last_hidden_state
    mean = (states[mask].double() - want[mask].double()).abs().mean().item()
    return mean if math.isfinite(mean) else math.inf
