"""Compares the logits of models that transformers loads by AutoModel, with the code in their folders."""

import math
import subprocess

import torch
from safetensors.torch import load_file
from transformers import AutoModel

TOLERANCE = 1e-5  # of logits up to about 1


def compare(table, folder, programs, seed):
    folder.mkdir()
    done = subprocess.run([programs / "automodel", folder, str(seed)], capture_output=True, text=True)
    if done.returncode:
        table.add("AutoModel", 0, math.inf, TOLERANCE, done.stderr)
    for path in sorted(folder.glob("*.safetensors")):
        want = load_file(path)
        ids, mask = want.pop("ids"), want.pop("mask")
        worst, problem = math.inf, ""
        try:
            model = AutoModel.from_pretrained(path.with_suffix(""), trust_remote_code=True).eval()
            logits = model(input_ids=ids, attention_mask=mask.long(), token_type_ids=torch.zeros_like(ids)).logits
            if logits.keys() != want.keys():
                problem = f"outputs {sorted(logits)}, want {sorted(want)}"
            worst = max(difference(logits[name], of, mask) for name, of in want.items())
        except Exception as error:  # what the folder's code or transformers says of it
            problem = repr(error)
        table.add(f"AutoModel, {path.stem}", len(want), worst, TOLERANCE, problem)


def difference(got, want, mask):
    """The largest difference, padding left out."""
    if got.dim() == 3:
        got, want = got[mask], want[mask]
    most = (got - want).abs().max().item()
    return most if math.isfinite(most) else math.inf
