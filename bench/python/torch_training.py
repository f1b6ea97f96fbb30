"""Training in PyTorch: a forward and backward pass, clipping and AdamW, as a user of the prototype does it today, and
the best that a Python user could reach."""

import os

import torch

import model
import reference
import tokenizing
from torch_way import autocast, pad


class Training:
    def __init__(self, inputs, threads, best):
        torch.set_num_threads(threads)
        torch.manual_seed(1)
        self.best = best
        tokenizer = tokenizing.load(inputs)
        self.pad_id, self.longest = tokenizer.pad_token_id, tokenizer.model_max_length
        # On the CPU SDPA with dropout is no faster than eager attention: the better one takes part.
        attention = os.environ.get("BEST_ATTENTION", "eager") if best else "eager"
        self.model = model.load(inputs, attention).train()
        options = {"fused": True} if best else {}
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=2e-5, weight_decay=0.01, **options)
        size = inputs["batch_size"]
        self.batches = [
            (task["name"], task["examples"][start : start + size])
            for start in range(0, len(inputs["train"][0]["examples"]), size)
            for task in inputs["train"]
        ]

    def run(self, precision):
        """A step from each batch: the numbers of examples and tokens, and the mean loss."""
        if precision != "fp32" and not self.best:
            raise ValueError(f"no precision {precision} here")
        losses = [self.step(task, examples, precision) for task, examples in self.batches]
        tokens = sum(len(example["ids"]) for _, examples in self.batches for example in examples)
        return sum(len(examples) for _, examples in self.batches), tokens, sum(losses) / len(losses)

    def step(self, task, examples, precision):
        ids, mask = pad([example["ids"] for example in examples], self.pad_id, None if self.best else self.longest)
        targets = collate(task, examples, ids.shape[1])
        self.optimizer.zero_grad()
        with autocast(precision):
            logits = self.model(task, ids, mask)
            loss = reference.loss(task, logits, targets)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        return loss.item()


def collate(task, examples, length):
    """One tensor of targets for each head."""
    if task == "ner":
        return [torch.tensor([e["classes"] + [-100] * (length - len(e["classes"])) for e in examples])]
    if task == "cls":
        return list(torch.tensor([e["classes"] for e in examples]).T)
    return [torch.tensor(values, dtype=torch.float32) for values in zip(*(e["flags"] for e in examples))]
