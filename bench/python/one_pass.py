"""What the ways share that read all tasks in one pass of another library than PyTorch."""

import pathlib

import model
import tokenizing
from torch_way import by_length

HEADS = {"ner": 1, "cls": 4, "qa": 6}


class OnePass:
    """A way whose run(precision, tokens) gives the logits of a batch of token ids: by task, a list of each head's."""

    batch_size = 8

    def __init__(self, inputs):
        self.tokenizer = tokenizing.load(inputs)

    def encode(self, texts):
        return self.tokenizer(texts, truncation=True)

    def predict(self, precision, texts):
        """Labels of each text by task."""
        said = [None] * len(texts)
        for part in by_length(self.encode(texts)["input_ids"], self.batch_size):
            logits = self.run(precision, [x for _, x in part])
            for row, (i, tokens) in enumerate(part):
                said[i] = {t: model.decide(t, [x[row] for x in of], len(tokens)) for t, of in logits.items()}
        return said

    def logits(self, precision, text):
        return [x for heads in self.run(precision, self.encode([text])["input_ids"]).values() for x in heads]


def by_task(outputs):
    """The outputs of a graph of all heads, in the tasks' order, as run returns them."""
    outputs = iter(outputs)
    return {task: [next(outputs) for _ in range(heads)] for task, heads in HEADS.items()}


def is_newer(path, inputs):
    """Whether a file was made after the weights, and so of them."""
    weights = pathlib.Path(inputs["model"]) / "model.safetensors"
    return path.exists() and path.stat().st_mtime > weights.stat().st_mtime
