"""Compares what infer says of texts with what Python's libraries say of them."""

import json
import math
import random
import subprocess
from itertools import groupby

import torch

import reference
import tokenize_bert
from goldens import values

TOLERANCE = 1e-4  # of a probability
FIELDS = {"main_category": "main_cat", "sub_category": "sub_cat", "intervention": "interv", "priority": "priority"}


def texts(seed):
    """Calls of every kind that aren't blank, some longer than the model reads."""
    rng = random.Random(seed)
    hard = [text for text in tokenize_bert.HARD if text.strip()]
    prose = tokenize_bert.PROSE.strip().split("\n")
    drawn = ["a" + tokenize_bert.draw(rng) for _ in range(30)]
    long = [" ".join(rng.choice(prose) for _ in range(n)) for n in (20, 30, 60)]
    return [*rng.sample(hard, 30), *prose, *drawn, *long, tokenize_bert.long(rng, 3000)]


def compare(table, what, directory, load, programs, calls, *flags):
    """A row of infer's predictions compared with Python's: all the same but probabilities within the tolerance.

    load makes of the directory a function that answers a text with infer's JSON.
    """
    try:
        predictor = load(directory)
    except Exception as error:  # it doesn't fit: a finding, not our end
        return table.add(what, 0, math.inf, TOLERANCE, f"Python can't load it: {error}")
    lines = [json.dumps({"id": i, "text": text}) + "\n" for i, text in enumerate(calls)]
    (directory / "calls.jsonl").write_text("".join(lines))
    command = [programs / "infer", "--model", directory, "--input", directory / "calls.jsonl", "--format", "jsonl", "--scores",
               "--independent-heads"]  # as Python's modules answer
    done = subprocess.run([*command, *flags], capture_output=True, encoding="utf-8")
    lines = done.stdout.split("\n")[:-1] if done.returncode == 0 else []
    problems = [] if len(lines) == len(calls) else [f"{len(lines)} predictions of {len(calls)}", done.stderr]
    deviations, cut = [], 0
    for line, text in zip(lines, calls):
        got, want = json.loads(line), predictor(text)
        del got["id"]
        deviations.append(values(got.pop("scores"), want.pop("scores")))
        cut += "truncated" in want
        if got != want:
            keys = [key for key in got.keys() | want.keys() if got.get(key) != want.get(key)]
            problems.append(f"  {text[:60]!r}: other {', '.join(sorted(keys))}")
    if not cut:
        problems.append("no text was longer than the model reads")
    table.add(what, len(deviations), max(deviations, default=math.inf), TOLERANCE, "\n".join(problems))


class Reading:
    """What a model reads of a text, and infer's JSON of what it says of it."""

    def __init__(self, tokenizer, text):
        whole = tokenizer(text, return_offsets_mapping=True)
        self.text, ids = text, tokenizer(text, truncation=True)["input_ids"]
        self.ids = torch.tensor([ids])
        self.mask = torch.ones_like(self.ids, dtype=torch.bool)
        self.out = {"truncated": True} if len(ids) < len(whole["input_ids"]) else {}
        self.out["scores"] = {}

        # A word counts by its first token, and is named whole even if its last ones weren't read.
        numbered = [(word, token) for token, word in enumerate(whole.word_ids()) if word is not None]
        words = [[token for _, token in pairs] for _, pairs in groupby(numbered, key=lambda pair: pair[0])]
        spans = whole["offset_mapping"]
        read = len(ids) - 1  # the last token is [SEP]
        self.words = [(tokens[0], spans[tokens[0]][0], spans[tokens[-1]][1]) for tokens in words if tokens[0] < read]

    def ner(self, labels, likely):
        """Adds each word's label, and all labels' probabilities."""
        found = [(label, start, end) for label, (_, start, end) in zip(labels, self.words, strict=True)]
        runs = [(label, list(run)) for label, run in groupby(found, key=lambda f: f[0]) if label != "O"]
        self.out["ner"] = [{"token": self.text[s:e], "label": label, "start": s, "end": e} for label, s, e in found]
        entities = [(label, run[0][1], run[-1][2]) for label, run in runs]
        self.out["entities"] = [{"text": self.text[s:e], "label": label, "start": s, "end": e} for label, s, e in entities]
        self.out["scores"]["ner"] = likely

    def classification(self, classes, logits):
        """Adds each head's likeliest class; classes has each field's labels."""
        likely = {field: x[0].softmax(-1) for field, x in zip(classes, logits, strict=True)}
        self.out["classification"] = {field: classes[field][p.argmax()] for field, p in likely.items()}
        self.out["scores"]["classification"] = {field: named(classes[field], p) for field, p in likely.items()}

    def qa(self, logits):
        """Adds each head's criteria."""
        likely = {head: x[0].sigmoid() for head, x in zip(reference.QA, logits, strict=True)}
        self.out["qa"] = {head: (p > 0.5).int().tolist() for head, p in likely.items()}
        self.out["scores"]["qa"] = {head: p.tolist() for head, p in likely.items()}


def classes(directory):
    """Each field's labels, from label_maps.json."""
    maps = json.loads((directory / "label_maps.json").read_text())["cls"]
    return {field: ordered(maps[f"id_to_{name}"]) for field, name in FIELDS.items()}


def ordered(labels):
    """Labels by number, from a map whose keys are numbers as text."""
    return [labels[str(i)] for i in range(len(labels))]


def named(labels, probabilities):
    return dict(zip(labels, probabilities.tolist(), strict=True))
