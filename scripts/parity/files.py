"""Compares predictions through files both ways: infer on directories as the Python prototype wrote them, and Python on one that
train wrote."""

import json
import math
import random
import subprocess
from itertools import groupby

import torch
from safetensors.torch import load_file
from transformers import AutoTokenizer, BertTokenizerFast, DistilBertConfig, DistilBertModel

import encoder
import reference
import tokenize_bert
from goldens import values
from model import label_maps

TOLERANCE = 1e-4  # of a probability
# The sizes that the prototype's models have, and names beyond ASCII.
CLASSES = {
    name: [f"{name} né{i}" for i in range(n)] for name, n in (("main_cat", 8), ("sub_cat", 77), ("interv", 16), ("priority", 3))
}
FIELDS = {"main_category": "main_cat", "sub_category": "sub_cat", "intervention": "interv", "priority": "priority"}


def compare(table, folder, programs, seed):
    folder.mkdir()
    calls = texts(seed)
    full = reference.config(**encoder.FULL)
    write_prototype(folder / "full", full, 0.04, seed, saved_tokenizer)
    predictions(table, "infer on a prototype's directory, full size, cased", folder / "full", full, programs, calls)
    small = reference.config(dim=128, n_heads=2, vocab_size=5000, max_position_embeddings=512)
    write_prototype(folder / "small", small, 0.1, seed, vocabulary)
    predictions(table, "infer on a prototype's directory, small, uncased", folder / "small", small, programs, calls)
    if trained := train(table, folder, programs):
        config = DistilBertConfig.from_pretrained(trained)
        predictions(table, "infer and Python on the directory that train wrote", trained, config, programs, calls)


def texts(seed):
    """Calls of every kind that aren't blank, some longer than the model reads."""
    rng = random.Random(seed)
    hard = [text for text in tokenize_bert.HARD if text.strip()]
    prose = tokenize_bert.PROSE.strip().split("\n")
    drawn = ["a" + tokenize_bert.draw(rng) for _ in range(30)]
    long = [" ".join(rng.choice(prose) for _ in range(n)) for n in (20, 30, 60)]
    return [*rng.sample(hard, 30), *prose, *drawn, *long, tokenize_bert.long(rng, 3000)]


def write_prototype(directory, config, scale, seed, write_tokenizer):
    """A directory as the prototype writes it: model.pt, label_maps.json, the tokenizer's files, and no config.json."""
    directory.mkdir()
    model = reference.randomize(reference.Reference(config, [len(labels) for labels in CLASSES.values()]), seed, scale)
    torch.save(model.state_dict(), directory / "model.pt")
    (directory / "label_maps.json").write_text(json.dumps(label_maps(CLASSES)))
    write_tokenizer(directory)


def saved_tokenizer(directory):
    """As transformers saves a cased one."""
    vocab = {token: i for i, token in enumerate(tokenize_bert.vocabulary())}
    BertTokenizerFast(vocab=vocab, do_lower_case=False, model_max_length=512).save_pretrained(directory)


def vocabulary(directory):
    """As older versions saved an uncased one."""
    (directory / "vocab.txt").write_text("\n".join(tokenize_bert.vocabulary()) + "\n", encoding="utf-8")
    config = {"do_lower_case": True, "model_max_length": 512, "tokenizer_class": "DistilBertTokenizer"}
    (directory / "tokenizer_config.json").write_text(json.dumps(config))


def train(table, folder, programs):
    """Trains for an epoch on a little made-up data, from a checkpoint that Python wrote; checks the directory's files."""
    start = folder / "pretrained"
    config = reference.config(dim=64, n_heads=2, hidden_dim=128, vocab_size=5000, max_position_embeddings=512)
    DistilBertModel(config).save_pretrained(start)
    saved_tokenizer(start)
    settings = {
        "task": "multitask",
        "backbone": {"model_name": str(start)},
        "data": {
            "ner_path": str(folder / "ner_synthetic_dataset_v1.jsonl"),
            "classification_path": str(folder / "cases_generated_data_v0005.json"),
            "qa_path": str(folder / "synthetic_qa_metrics_data_v01x.json"),
            "generate": {"ner": 60, "cases": 200, "qa": 60, "short": True, "seed": 1},
        },
        "tokenizer": {"max_length": 512},
        "training": {"num_epochs": 1, "batch_size": 8, "learning_rate": 1e-3},
        "output": {"model_dir": str(folder / "trained")},
        "mlflow": {"enabled": False},
    }
    (folder / "train.yaml").write_text(json.dumps(settings))
    done = subprocess.run([programs / "train", "--config", folder / "train.yaml"], capture_output=True, text=True)
    if done.returncode:
        return table.add("train from Python's checkpoint", 0, math.inf, 0, done.stdout + done.stderr)
    trained = folder / "trained"
    pt = torch.load(trained / "model.pt", weights_only=True)
    safe = load_file(trained / "model.safetensors")
    different = sum(not torch.equal(pt[name], safe[name]) for name in pt) if pt.keys() == safe.keys() else math.inf
    table.add("train's model.pt and model.safetensors", len(pt), different, 0)
    return trained


def predictions(table, what, directory, config, programs, calls):
    """A row of infer's predictions compared with Python's: all the same but probabilities within the tolerance."""
    (directory / "calls.jsonl").write_text("".join(json.dumps({"id": i, "text": text}) + "\n" for i, text in enumerate(calls)))
    command = [programs / "infer", "--model", directory, "--input", directory / "calls.jsonl", "--format", "jsonl", "--scores"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8")
    lines = done.stdout.split("\n")[:-1] if done.returncode == 0 else []
    predictor = Predictor(directory, config)
    deviations, problems = [], [] if len(lines) == len(calls) else [f"{len(lines)} predictions of {len(calls)}", done.stderr]
    for line, text in zip(lines, calls):
        got, want = json.loads(line), predictor(text)
        del got["id"]
        deviations.append(values(got.pop("scores"), want.pop("scores")))
        if got != want:
            keys = [key for key in got.keys() | want.keys() if got.get(key) != want.get(key)]
            problems.append(f"  {text[:60]!r}: other {', '.join(sorted(keys))}")
    table.add(what, len(deviations), max(deviations, default=math.inf), TOLERANCE, "\n".join(problems))


class Predictor:
    """What Python's libraries make of a model directory: AutoTokenizer, DistilBertModel, the heads."""

    def __init__(self, directory, config):
        maps = json.loads((directory / "label_maps.json").read_text())
        self.ner = ordered(maps["ner"]["id_to_label"])
        self.classes = {field: ordered(maps["cls"][f"id_to_{name}"]) for field, name in FIELDS.items()}
        self.tokenizer = AutoTokenizer.from_pretrained(directory)
        state = torch.load(directory / "model.pt", weights_only=True)
        self.model = reference.Reference(config, [len(labels) for labels in self.classes.values()]).eval()
        self.model.load_state_dict(state)
        encoder = DistilBertModel(config).eval()
        encoder.load_state_dict({name.removeprefix("backbone."): t for name, t in state.items() if name.startswith("backbone.")})
        self.model.backbone = encoder

    def __call__(self, text):
        whole = self.tokenizer(text, return_offsets_mapping=True)
        ids = torch.tensor([self.tokenizer(text, truncation=True)["input_ids"]])
        read = ids.shape[1] - 1  # the last token is [SEP]
        ner, cls, qa = (self.model(task, ids, torch.ones_like(ids, dtype=torch.bool)) for task in ("ner", "cls", "qa"))

        # A word counts by its first token, and is named whole even if its last ones weren't read.
        numbered = [(word, token) for token, word in enumerate(whole.word_ids()) if word is not None]
        words = [[token for _, token in pairs] for _, pairs in groupby(numbered, key=lambda pair: pair[0])]
        words = [tokens for tokens in words if tokens[0] < read]
        likely = [ner[0][0, tokens[0]].softmax(-1) for tokens in words]
        spans = [(whole["offset_mapping"][tokens[0]][0], whole["offset_mapping"][tokens[-1]][1]) for tokens in words]
        found = [(self.ner[p.argmax()], start, end) for p, (start, end) in zip(likely, spans)]
        runs = [(label, list(run)) for label, run in groupby(found, key=lambda f: f[0]) if label != "O"]
        entities = [(label, run[0][1], run[-1][2]) for label, run in runs]

        classes = {field: x[0].softmax(-1) for field, x in zip(FIELDS, cls)}
        criteria = {head: x[0].sigmoid() for head, x in zip(reference.QA, qa)}
        out = {
            "ner": [{"token": text[start:end], "label": label, "start": start, "end": end} for label, start, end in found],
            "entities": [{"text": text[start:end], "label": label, "start": start, "end": end} for label, start, end in entities],
            "classification": {field: self.classes[field][p.argmax()] for field, p in classes.items()},
            "qa": {head: (p > 0.5).int().tolist() for head, p in criteria.items()},
            "scores": {
                "ner": [named(self.ner, p) for p in likely],
                "classification": {field: named(self.classes[field], p) for field, p in classes.items()},
                "qa": {head: p.tolist() for head, p in criteria.items()},
            },
        }
        return out | ({"truncated": True} if len(whole["input_ids"]) > ids.shape[1] else {})


def ordered(labels):
    """Labels by number, from a map whose keys are numbers as text."""
    return [labels[str(i)] for i in range(len(labels))]


def named(labels, probabilities):
    return dict(zip(labels, probabilities.tolist(), strict=True))
