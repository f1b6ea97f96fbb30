"""Models that train made, small ones of a little made-up data, from checkpoints that transformers wrote."""

import math
import subprocess

import torch
from safetensors.torch import load_file
from transformers import BertModel, BertTokenizerFast, DistilBertModel

import bert
import reference
import tokenize_bert
from goldens import ROOT

SMALL = dict(dim=64, n_heads=2, hidden_dim=128, vocab_size=5000, max_position_embeddings=512)


def write_checkpoint(directory, seed, lower_case):
    """An encoder and its tokenizer, as transformers saves them."""
    reference.randomize(DistilBertModel(reference.config(**SMALL)), seed, 0.1).save_pretrained(directory)
    write_tokenizer(directory, lower_case)


def write_bert(directory, seed, lower_case):
    """The same of a BERT, with heads of 26."""
    sizes = dict(hidden_size=52, num_attention_heads=2, intermediate_size=128, vocab_size=5000, max_position_embeddings=512)
    reference.randomize(BertModel(bert.config(**sizes)), seed, 0.1).save_pretrained(directory)
    write_tokenizer(directory, lower_case)


def write_tokenizer(directory, lower_case):
    vocab = {token: i for i, token in enumerate(tokenize_bert.vocabulary())}
    BertTokenizerFast(vocab=vocab, do_lower_case=lower_case, model_max_length=512).save_pretrained(directory)


def train(table, name, folder, programs, settings, directory=None):
    """Trains as configs/<name>.yaml says but for what keeps it small, and the settings: values by key, as --set takes them.

    Adds a row of whether the files of weights agree. Returns the model's directory, or None.
    """
    directory = folder / (directory or name)
    data = {
        "ner": ("data.ner_path", folder / "ner_synthetic_dataset_v1.jsonl"),
        "classification": ("data.classification_path", folder / "cases_generated_data_v0005.json"),
        "qa": ("data.qa_path", folder / "synthetic_qa_metrics_data_v01x.json"),
    }
    small = dict([data[name]] if name in data else data.values()) | {
        "data.generate": "{ner: 100, cases: 400, qa: 60, short: true, seed: 1}",
        "training.num_epochs": 1,
        "training.batch_size": 8,
        "training.learning_rate": 1e-3,
        "output.model_dir": directory,
        "mlflow.enabled": "false",
    }
    command = [programs / "train", "--config", ROOT / "configs" / f"{name}.yaml"]
    for key, value in (small | settings).items():
        command += ["--set", f"{key}={value}"]
    done = subprocess.run(command, capture_output=True, text=True)
    what = f"train {directory.name}: model.pt and model.safetensors"
    if done.returncode:
        table.add(what, 0, math.inf, 0, done.stdout + done.stderr)
        return None
    pt = torch.load(directory / "model.pt", weights_only=True)
    safe = load_file(directory / "model.safetensors")
    different = sum(not torch.equal(pt[key], safe[key]) for key in pt) if pt.keys() == safe.keys() else math.inf
    table.add(what, len(pt), different, 0)
    return directory
