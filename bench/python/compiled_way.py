"""Inference in PyTorch compiled by inductor: a graph of its own for each length of text, weights packed beforehand."""

import os

import torch
import torch._dynamo
import torch._inductor.config

import model
from torch_way import Best

LENGTHS = 64  # graphs that may be made


class Compiled(Best):
    """Single calls in float32. The first call of a length compiles, for half a minute or so."""

    def __init__(self, inputs, work, threads):
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(work / "inductor")  # importing inductor sets another
        super().__init__(inputs, threads)
        torch._dynamo.config.recompile_limit = LENGTHS
        torch._inductor.config.freezing = True
        torch._inductor.config.cpp.threads = threads
        self.compiled = torch.compile(self.read, dynamic=False)

    def read(self, ids):
        mask = torch.ones_like(ids, dtype=torch.bool)
        hidden = self.model.backbone(input_ids=ids).last_hidden_state
        return {task: self.model.logits(task, hidden, mask) for task in model.TASKS}

    def heads(self, ids, mask):
        if not mask.all():
            raise ValueError("only texts of one length are compiled for: no batches here")
        return self.compiled(ids)
