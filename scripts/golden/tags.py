"""Makes pkg/tasks/testdata/tags.json: words' labels and the entities that they become, by transformers' token classification pipeline
for B- and I- and for plain labels, and by seqeval for BILOU and BIOES, whose tags transformers doesn't join.

    python scripts/golden/tags.py
"""

import json
import random

from seqeval.metrics import f1_score, precision_score, recall_score
from seqeval.metrics.sequence_labeling import get_entities
from transformers import TokenClassificationPipeline

import place

OUT = place.testdata("pkg/tasks")
NAMES = ["NAME", "LOCATION", "PHONE-NUMBER"]
SCHEMES = {
    "bio": [f"{letter}-{name}" for name in NAMES for letter in "BI"],
    "iob1": ["I-NAME", "I-LOCATION", "B-LOCATION", "I-AGE"],
    "io": ["I-NAME", "I-LOCATION"],
    "bio and a plain label": ["B-NAME", "I-NAME", "B-AGE", "I-AGE", "MISC"],
    "plain": ["NAME", "LOCATION", "PHONE_NUMBER"],
    "bilou": [f"{letter}-{name}" for name in NAMES for letter in "BILU"],
    "bioes": [f"{letter}-{name}" for name in NAMES for letter in "BIES"],
    "one name, I": ["I-NAME"],
    "one name, B": ["B-NAME"],
    "B alone": ["B-NAME", "B-LOCATION"],
    "special tokens": ["I-NAME", "I-LOCATION", "[PAD]", "X"],
}
SEQEVALS = str.maketrans("LU", "ES")


class Pipeline(TokenClassificationPipeline):
    """Its rule for joining words alone, without a model."""

    def __init__(self):
        self.tokenizer = self

    def convert_tokens_to_string(self, tokens):
        return ""


def joined(words):
    """Entities as the pipeline groups them after aggregation_strategy="first"."""
    entities = [{"entity": label, "score": 1.0, "word": "", "start": i, "end": i + 1} for i, label in enumerate(words)]
    return [[e["start"], e["end"], e["entity_group"]] for e in Pipeline().group_entities(entities) if e["entity_group"] != "O"]


def in_seqeval(words):
    """Tags with seqeval's letters."""
    return [w[0].translate(SEQEVALS) + w[1:] if w != "O" else w for w in words]


def read(scheme, words):
    if scheme in ("bilou", "bioes"):
        return [[start, end + 1, name] for name, start, end in get_entities(in_seqeval(words))]
    return joined(words)


def well_formed(rng, letters, names):
    """Tags of random spans, as a scheme wants them, and the spans."""
    words, spans = [], []
    for _ in range(rng.randrange(1, 6)):
        words += ["O"] * rng.randrange(0, 2)
        length, name = rng.randrange(1, 4), rng.choice(names)
        spans.append([len(words), len(words) + length, name])
        first, inside, last, single = letters
        words += [f"{single}-{name}"] if length == 1 else [f"{first}-{name}", *[f"{inside}-{name}"] * (length - 2), f"{last}-{name}"]
    return words, spans


def main():
    rng = random.Random(place.seed(4))
    cases, scores = [], []
    for scheme, labels in SCHEMES.items():
        labels = ["O", *labels]
        texts = [rng.choices(labels, k=rng.randrange(0, 12)) for _ in range(25)]
        for letters in {"bio": ["BIIB"], "bilou": ["BILU"], "bioes": ["BIES"]}.get(scheme, []):
            for _ in range(15):
                words, spans = well_formed(rng, letters, NAMES)
                assert read(scheme, words) == spans, (words, spans)
                texts.append(words)
        cases += [{"labels": labels, "words": words, "spans": read(scheme, words)} for words in texts]
        if scheme in ("bio", "bilou", "bioes"):
            truth = [well_formed(rng, "BIIB", NAMES)[0] for _ in range(20)]
            said = [[w if rng.random() < 0.7 else rng.choice(labels) for w in words] for words in truth]
            if scheme != "bio":
                said = [[w.replace("B-", "U-" if scheme == "bilou" else "S-") if rng.random() < 0.3 else w for w in words] for words in said]
            tags = [in_seqeval(words) for words in said]
            figures = [f(truth, tags) for f in (f1_score, precision_score, recall_score)]
            scores.append({"labels": labels, "truth": truth, "said": said, "f1": figures[0], "precision": figures[1], "recall": figures[2]})
    with open(OUT / "tags.json", "w", encoding="utf-8", newline="") as f:
        f.write(json.dumps({"cases": cases, "scores": scores}, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
