"""Compares predictions of models of one task through files both ways, and of the fusion model that learns from them."""

import torch
from torch import nn
from torch.nn import functional
from transformers import (
    AutoModelForTokenClassification,
    AutoTokenizer,
    DistilBertConfig,
    DistilBertForTokenClassification,
    DistilBertModel,
    pipeline,
)

import files
import predictions
import reference
import trained

# More than ten, whose numbers as text aren't in order; names as others choose them, and beyond ASCII.
LABELS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC", "B-ORG", "I-ORG", "mahali", "téléphone", "年齢", "AGE", "MISC"]


def compare(table, folder, programs, seed):
    folder.mkdir()
    calls = predictions.texts(seed)
    cased, uncased = folder / "cased", folder / "uncased"
    trained.write_checkpoint(cased, seed, lower_case=False)
    trained.write_checkpoint(uncased, seed + 1, lower_case=True)

    # With balanced classes a little training is enough for more than the commonest label to be said.
    settings = {"backbone.model_name": cased, "training.class_weights": "{ner: balanced}"}
    ner = trained.train(table, "ner", folder, programs, settings)
    if ner:
        token_classifier(table, "ner", ner, programs, calls)
    write_token_classifier(folder / "transformers", seed)
    token_classifier(table, "transformers' own token classifier", folder / "transformers", programs, calls)

    trained.write_bert(folder / "BERT", seed, lower_case=True)
    settings = {"backbone.model_name": folder / "BERT", "training.class_weights": "{ner: balanced}"}
    over = trained.train(table, "ner", folder, programs, settings, "ner over BERT")
    if over:
        token_classifier(table, "ner over BERT", over, programs, calls)

    settings = {
        "backbone.init": "random",
        "backbone.size": "{dim: 64, layers: 2, heads: 2, hidden_dim: 128}",
        "tokenizer.vocab_size": 2000,
        "tokenizer.lower_case": "true",
        "data.test_size": 0.3,
        "training.num_epochs": 6,
        "training.class_weights": "{cls: balanced}",
    }
    cls = trained.train(table, "classification", folder, programs, settings)
    if cls:
        predictions.compare(table, "classification: infer and the prototype's module", cls, Classifier, programs, calls)

    qa = trained.train(table, "qa", folder, programs, {"backbone.model_name": uncased})
    if qa:
        tokenizer = AutoTokenizer.from_pretrained(qa)
        lengths = [predictions.Reading(tokenizer, text).ids.shape[1] for text in calls]
        table.add("qa: longest reading, of 256 tokens", len(calls), abs(max(lengths) - 256), 0)
        predictions.compare(table, "qa: infer and the prototype's module", qa, Scorer, programs, calls)

    if ner and cls and qa:
        settings = {f"distill.teachers.{task}.model": model for task, model in (("ner", ner), ("cls", cls), ("qa", qa))}
        settings |= {"backbone.model_name": cased, "distill.teachers.ner.hidden_weight": 1, "distill.cache_dir": folder / "cache"}
        student = trained.train(table, "distill", folder, programs, settings)
        if student:
            predictions.compare(table, "distill: infer and Python", student, files.Fusion, programs, calls)


def write_token_classifier(directory, seed):
    """What a user of transformers has after Trainer.save_model: no label maps."""
    names = dict(id2label=dict(enumerate(LABELS)), label2id={label: i for i, label in enumerate(LABELS)})
    model = DistilBertForTokenClassification(reference.config(**trained.SMALL, **names))
    reference.randomize(model, seed, 0.15).save_pretrained(directory)
    trained.write_tokenizer(directory, lower_case=False)


def token_classifier(table, what, directory, programs, calls):
    """Rows of whether transformers finds all it wants in a directory, and nothing else, and of predictions."""
    model, loading = AutoModelForTokenClassification.from_pretrained(directory, output_loading_info=True)
    bad = [f"  {part}: {sorted(map(str, names))}" for part, names in loading.items() if names]
    table.add(f"{what}: AutoModelForTokenClassification", len(model.state_dict()), len(bad), 0, "\n".join(bad))
    predictions.compare(table, f"{what}: infer and pipeline", directory, Pipeline, programs, calls, "--tasks", "ner")


class Pipeline:
    """What transformers' pipeline says of each word's first token."""

    def __init__(self, directory):
        self.pipeline = pipeline("token-classification", model=str(directory), aggregation_strategy="none", ignore_labels=[])
        self.labels = predictions.ordered({str(i): label for i, label in self.pipeline.model.config.id2label.items()})

    def __call__(self, text):
        reading = predictions.Reading(self.pipeline.tokenizer, text)
        said = {token["index"]: token for token in self.pipeline(text)}
        likely = self.pipeline.model(input_ids=reading.ids, attention_mask=reading.mask.long()).logits[0].softmax(-1)
        labels, scores = [], []
        for first, _, _ in reading.words:
            label = said[first]["entity"]
            labels.append(label)
            scores.append(predictions.named(self.labels, likely[first]) | {label: float(said[first]["score"])})
        reading.ner(labels, scores)
        reading.out["entities"] = [
            {"text": text[group["start"]:group["end"]], "label": group["entity_group"], "start": group["start"], "end": group["end"]}
            for group in self.grouped(reading.words, labels)
        ]
        return reading.out

    def grouped(self, words, labels):
        """The words joined as aggregation_strategy="first" joins them, but for those outside of entities."""
        tagged = [
            {"entity": label, "score": 1.0, "index": first, "word": "", "start": start, "end": end}
            for label, (first, start, end) in zip(labels, words, strict=True)
        ]
        return [group for group in self.pipeline.group_entities(tagged) if group["entity_group"] != "O"]


class Classification(nn.Module):
    """The prototype's classifier."""

    HEADS = ("main", "sub", "interv", "priority")

    def __init__(self, config, classes):
        super().__init__()
        self.distilbert = DistilBertModel(config)
        self.pre_classifier = nn.Linear(config.dim, config.dim)
        self.dropout = nn.Dropout(0.1)
        for head, count in zip(self.HEADS, classes, strict=True):
            setattr(self, f"classifier_{head}", nn.Linear(config.dim, count))

    def forward(self, ids, mask):
        first = self.distilbert(input_ids=ids, attention_mask=mask.long()).last_hidden_state[:, 0]
        pooled = self.dropout(functional.relu(self.pre_classifier(first)))
        return [getattr(self, f"classifier_{head}")(pooled) for head in self.HEADS]


class Quality(nn.Module):
    """The prototype's quality scorer."""

    def __init__(self, config):
        super().__init__()
        self.bert = DistilBertModel(config)
        self.dropout = nn.Dropout(0.1)
        self.heads = nn.ModuleDict({head: nn.Linear(config.dim, count) for head, count in reference.QA.items()})

    def forward(self, ids, mask):
        first = self.bert(input_ids=ids, attention_mask=mask.long()).last_hidden_state[:, 0]
        return [head(self.dropout(first)) for head in self.heads.values()]


def load(module, directory):
    """The module with the weights of a directory, all of them and no others."""
    module.load_state_dict(torch.load(directory / "model.pt", weights_only=True), strict=True)
    return module.eval()


class Classifier:
    """What the prototype's classifier says with a directory's weights, tokenizer and label maps."""

    def __init__(self, directory):
        self.classes = predictions.classes(directory)
        self.tokenizer = AutoTokenizer.from_pretrained(directory)
        config = DistilBertConfig.from_pretrained(directory)
        self.model = load(Classification(config, [len(labels) for labels in self.classes.values()]), directory)

    def __call__(self, text):
        reading = predictions.Reading(self.tokenizer, text)
        reading.classification(self.classes, self.model(reading.ids, reading.mask))
        return reading.out


class Scorer:
    """What the prototype's quality scorer says with a directory's weights and tokenizer."""

    def __init__(self, directory):
        self.tokenizer = AutoTokenizer.from_pretrained(directory)
        self.model = load(Quality(DistilBertConfig.from_pretrained(directory)), directory)

    def __call__(self, text):
        reading = predictions.Reading(self.tokenizer, text)
        reading.qa(self.model(reading.ids, reading.mask))
        return reading.out
