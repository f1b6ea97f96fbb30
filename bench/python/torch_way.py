"""Inference in PyTorch: as a user of the prototype does it today, and the best that a Python user could reach."""

import contextlib

import torch

import model
import tokenizing


class Today:
    """Three models with an encoder each, asked one after the other, in batches of 16 in the texts' order."""

    batch_size = 16

    def __init__(self, inputs, threads):
        torch.set_num_threads(threads)
        self.tokenizer = tokenizing.load(inputs)
        self.models = {task: model.load(inputs, "eager").eval() for task in model.TASKS}

    def encode(self, texts, **options):
        return self.tokenizer(texts, truncation=True, **options)

    def tensors(self, texts):
        batch = self.encode(texts, padding=True, return_tensors="pt")
        return batch["input_ids"], batch["attention_mask"].bool()

    @torch.no_grad()
    def predict(self, precision, texts):
        """Labels of each text by task."""
        if precision != "fp32":
            raise ValueError(f"no precision {precision} here")
        said = [{} for _ in texts]
        for task, one in self.models.items():
            for start in range(0, len(texts), self.batch_size):
                part = texts[start : start + self.batch_size]
                ids, mask = self.tensors(part)
                logits = one(task, ids, mask)
                for i in range(len(part)):
                    said[start + i][task] = model.decide(task, [x[i] for x in logits], int(mask[i].sum()))
        return said

    @torch.no_grad()
    def logits(self, precision, text):
        ids, mask = self.tensors([text])
        return [x for task, one in self.models.items() for x in one(task, ids, mask)]


class Best(Today):
    """One encoder pass for all tasks, texts of like length together, bfloat16 autocast if asked for."""

    batch_size = 8

    def __init__(self, inputs, threads):
        torch.set_num_threads(threads)
        self.tokenizer = tokenizing.load(inputs)
        self.model = model.load(inputs, "sdpa").eval()

    @torch.inference_mode()
    def predict(self, precision, texts):
        said = [None] * len(texts)
        for part in by_length(self.encode(texts)["input_ids"], self.batch_size):
            ids, mask = pad([x for _, x in part], self.tokenizer.pad_token_id)
            with autocast(precision):
                logits = self.heads(ids, mask)
            logits = {task: [x.float() for x in of_task] for task, of_task in logits.items()}
            for row, (i, tokens) in enumerate(part):
                said[i] = {t: model.decide(t, [x[row] for x in of], len(tokens)) for t, of in logits.items()}
        return said

    def heads(self, ids, mask):
        # Without padding there is nothing to mask, and SDPA takes its fastest way.
        hidden = self.model.backbone(input_ids=ids, attention_mask=None if mask.all() else mask.long())
        return {task: self.model.logits(task, hidden.last_hidden_state, mask) for task in model.TASKS}

    @torch.inference_mode()
    def logits(self, precision, text):
        return [x for heads in self.heads(*self.tensors([text])).values() for x in heads]


def by_length(tokens, size):
    """Batches of (index, tokens), the longest first."""
    ordered = sorted(enumerate(tokens), key=lambda x: -len(x[1]))
    return [ordered[i : i + size] for i in range(0, len(ordered), size)]


def pad(tokens, pad_id, length=None):
    """Ids and mask [batch, longest]."""
    lengths = torch.tensor([len(x) for x in tokens])
    mask = torch.arange(length or int(lengths.max())) < lengths[:, None]
    ids = torch.full(mask.shape, pad_id)
    ids[mask] = torch.tensor([i for x in tokens for i in x])
    return ids, mask


def autocast(precision):
    if precision == "fp32":
        return contextlib.nullcontext()
    if precision == "bf16":
        return torch.autocast("cpu", torch.bfloat16)
    raise ValueError(f"no precision {precision} here")
