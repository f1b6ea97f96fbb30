"""Compares predictions of fusion models through files both ways: infer on directories as the Python prototype wrote them, and
Python on those that train wrote."""

import json
from functools import partial

import torch
from transformers import AutoModel, AutoTokenizer, BertModel, DistilBertConfig, DistilBertModel

import encoder
import predictions
import reference
import tokenize_bert
import trained
from model import label_maps, sizes

# The sizes that the prototype's models have, and names beyond ASCII.
CLASSES = {
    name: [f"{name} né{i}" for i in range(n)] for name, n in (("main_cat", 8), ("sub_cat", 77), ("interv", 16), ("priority", 3))
}


def compare(table, folder, programs, seed):
    folder.mkdir()
    calls = predictions.texts(seed)
    full = reference.config(**encoder.FULL)
    write_prototype(folder / "full", full, 0.04, seed, lambda directory: trained.write_tokenizer(directory, lower_case=False))
    what = "infer on a prototype's directory"
    predictions.compare(table, f"{what}, full size, cased", folder / "full", partial(Fusion, config=full), programs, calls)
    small = reference.config(dim=128, n_heads=2, vocab_size=5000, max_position_embeddings=512)
    write_prototype(folder / "small", small, 0.1, seed, vocabulary)
    predictions.compare(table, f"{what}, small, uncased", folder / "small", partial(Fusion, config=small), programs, calls)

    trained.write_checkpoint(folder / "pretrained", seed, lower_case=False)
    directory = trained.train(table, "multitask", folder, programs, {"backbone.model_name": folder / "pretrained"})
    if directory:
        predictions.compare(table, "multitask: infer and Python", directory, Fusion, programs, calls)

    trained.write_bert(folder / "BERT", seed, lower_case=True)
    directory = trained.train(table, "multitask", folder, programs, {"backbone.model_name": folder / "BERT"}, "multitask over BERT")
    if directory:
        predictions.compare(table, "multitask over BERT: infer, AutoModel", directory, OverBERT, programs, calls)


def write_prototype(directory, config, scale, seed, write_tokenizer):
    """A directory as the prototype writes it: model.pt, label_maps.json, the tokenizer's files, and no config.json, which
    only a model of another width than the prototype's needs."""
    directory.mkdir()
    model = reference.randomize(reference.Reference(config, [len(labels) for labels in CLASSES.values()]), seed, scale)
    torch.save(model.state_dict(), directory / "model.pt")
    (directory / "label_maps.json").write_text(json.dumps(label_maps(CLASSES)))
    if config.dim != encoder.FULL["dim"]:
        (directory / "config.json").write_text(sizes(config))
    write_tokenizer(directory)


def vocabulary(directory):
    """A tokenizer's files as older versions saved an uncased one."""
    (directory / "vocab.txt").write_text("\n".join(tokenize_bert.vocabulary()) + "\n", encoding="utf-8")
    config = {"do_lower_case": True, "model_max_length": 512, "tokenizer_class": "DistilBertTokenizer"}
    (directory / "tokenizer_config.json").write_text(json.dumps(config))


class Fusion:
    """What Python's libraries make of a fusion model's directory: AutoTokenizer, DistilBertModel, the heads."""

    def __init__(self, directory, config=None):
        config = config or DistilBertConfig.from_pretrained(directory)
        maps = json.loads((directory / "label_maps.json").read_text())
        self.labels = predictions.ordered(maps["ner"]["id_to_label"])
        self.classes = predictions.classes(directory)
        self.tokenizer = AutoTokenizer.from_pretrained(directory)
        state = torch.load(directory / "model.pt", weights_only=True)
        self.model = reference.Reference(config, [len(labels) for labels in self.classes.values()]).eval()
        self.model.load_state_dict(state)
        encoder = DistilBertModel(config).eval()
        encoder.load_state_dict({name.removeprefix("backbone."): t for name, t in state.items() if name.startswith("backbone.")})
        self.model.backbone = encoder

    def __call__(self, text):
        reading = predictions.Reading(self.tokenizer, text)
        ner, cls, qa = (self.model(task, reading.ids, reading.mask) for task in ("ner", "cls", "qa"))
        likely = [ner[0][0, first].softmax(-1) for first, _, _ in reading.words]
        reading.ner([self.labels[p.argmax()] for p in likely], [predictions.named(self.labels, p) for p in likely])
        reading.classification(self.classes, cls)
        reading.qa(qa)
        return reading.out


class OverBERT(Fusion):
    """The same of a model over BERT, whose folder AutoModel reads as it is."""

    def __init__(self, directory):
        maps = json.loads((directory / "label_maps.json").read_text())
        self.labels = predictions.ordered(maps["ner"]["id_to_label"])
        self.classes = predictions.classes(directory)
        self.tokenizer = AutoTokenizer.from_pretrained(directory)
        encoder = AutoModel.from_pretrained(directory).eval()
        if type(encoder) is not BertModel:
            raise TypeError(f"AutoModel gives a {type(encoder).__name__}")
        width = DistilBertConfig(dim=encoder.config.hidden_size, n_layers=0, n_heads=1)
        self.model = reference.Reference(width, [len(labels) for labels in self.classes.values()]).eval()
        self.model.backbone = None
        state = torch.load(directory / "model.pt", weights_only=True)
        self.model.load_state_dict({name: t for name, t in state.items() if not name.startswith("bert.")})
        self.model.backbone = encoder
