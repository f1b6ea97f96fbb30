#!/usr/bin/env python3
"""How far word counts alone get on a data folder, beside always giving the most frequent answer.

The synthetic calls are meant to need context: who did what to whom, what was agreed and what declined,
which of two speakers said it. This script measures how much of that a bag of words solves:

  classification   TF-IDF of words and logistic regression, one per head (accuracy)
  quality          the same, one per criterion (micro-F1 per head)
  entities         each word's most frequent label in the training part (entity F1)

    python scripts/bagofwords.py data [--ngrams 2] [--json]

Needs scikit-learn. The split is the trainer's: 10 % for validation, random state 42.
"""

import argparse
import collections
import json
import pathlib
import re
import sys

from sklearn.dummy import DummyClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import train_test_split

FILES = {
    "ner": "ner_synthetic_dataset_v1.jsonl",
    "cls": "cases_generated_data_v0005.json",
    "qa": "synthetic_qa_metrics_data_v01x.json",
}
QA_HEADS = {"opening": 1, "listening": 5, "proactiveness": 3, "resolution": 5, "hold": 2, "closing": 1}
WORD = re.compile(r"\w+|[^\w\s]")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path, help="folder with the three data files")
    parser.add_argument("--ngrams", type=int, default=1, help="longest run of words that is one feature (1)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    args = parser.parse_args()
    try:
        ner = [json.loads(line) for line in (args.folder / FILES["ner"]).open(encoding="utf-8") if line.strip()]
        cases = json.loads((args.folder / FILES["cls"]).read_text(encoding="utf-8"))
        calls = json.loads((args.folder / FILES["qa"]).read_text(encoding="utf-8"))
    except OSError as err:
        sys.exit(f"bagofwords: {err}; make the files with: go run ./cmd/datagen --out {args.folder}")
    results = {**classification(cases, args.ngrams), **quality(calls, args.ngrams), **entities(ner)}
    if args.json:
        print(json.dumps({name: {"majority": low, "words": high} for name, (low, high) in results.items()}, indent=1))
        return
    print(f"{'':28}{'majority':>10}{'words':>10}")
    for name, (low, high) in results.items():
        print(f"{name:28}{low:10.3f}{high:10.3f}")


def split(records):
    return train_test_split(records, test_size=0.1, random_state=42)


def features(train, val, field, ngrams):
    vectorizer = TfidfVectorizer(token_pattern=WORD.pattern, lowercase=False, min_df=2, sublinear_tf=True,
                                 ngram_range=(1, ngrams))
    return vectorizer.fit_transform(r[field] for r in train), vectorizer.transform(r[field] for r in val)


def predictions(x, y, seen):
    """What the most frequent label, and logistic regression, say of the validation part."""
    majority = DummyClassifier(strategy="most_frequent").fit(x, y).predict(seen)
    if len(set(y)) == 1:
        return majority, majority
    return majority, LogisticRegression(C=10, max_iter=1000).fit(x, y).predict(seen)


def main_categories():
    """The table of pkg/datasets/categories.go, so that there is one copy of it: sub-category -> main category."""
    source = (pathlib.Path(__file__).parent.parent / "pkg/datasets/categories.go").read_text(encoding="utf-8")
    body = source[source.index("var mainCategories") : source.index("// ungrouped")]
    groups = re.findall(r'^\t"([^"]+)": \{(.*?)^\t\},', body, re.DOTALL | re.MULTILINE)
    return {sub: main for main, subs in groups for sub in re.findall(r'"([^"]+)"', subs)}


def classification(cases, ngrams):
    main_of = main_categories()
    heads = {
        "main category": lambda r: main_of.get(r["category"], "Unknown"),
        "sub-category": lambda r: r["category"],
        "intervention": lambda r: r["intervention"],
        "priority": lambda r: r["priority"],
    }
    train, val = split(cases)
    x, seen = features(train, val, "narrative", ngrams)
    results = {}
    for name, label in heads.items():
        truth = [label(r) for r in val]
        accuracies = [
            sum(a == b for a, b in zip(guess, truth)) / len(truth)
            for guess in predictions(x, [label(r) for r in train], seen)
        ]
        results[f"cls {name}"] = accuracies
    results["cls average accuracy"] = mean(results.values())
    return results


def quality(calls, ngrams):
    train, val = split(calls)
    x, seen = features(train, val, "text", ngrams)
    train_flags, val_flags = ([flags(r) for r in part] for part in (train, val))
    results = {}
    for head, size in QA_HEADS.items():
        columns = [predictions(x, [f[head][i] for f in train_flags], seen) for i in range(size)]
        truth = [f[head][i] for i in range(size) for f in val_flags]
        results[f"qa {head}"] = [
            f1_score(truth, [v for column in columns for v in column[which]], zero_division=0) for which in (0, 1)
        ]
    results["qa average micro-F1"] = mean(results.values())
    return results


def flags(record):
    """A record's labels as 0/1 lists of each head's size; what isn't a number is 0."""
    labels = record["labels"]
    if isinstance(labels, str):
        labels = json.loads(labels)
    fitted = {}
    for head, size in QA_HEADS.items():
        values = labels.get(head)
        values = values if isinstance(values, list) else []
        numbers = [int(v) if isinstance(v, (int, float)) else 0 for v in values]
        fitted[head] = (numbers + [0] * size)[:size]
    return fitted


def entities(records):
    train, val = split(records)
    counts = collections.defaultdict(collections.Counter)
    for record in train:
        for word, label in labelled_words(record):
            counts[word][label] += 1
    common = {word: labels.most_common(1)[0][0] for word, labels in counts.items()}
    hits, found, wanted = collections.Counter(), collections.Counter(), collections.Counter()
    for record in val:
        words = labelled_words(record)
        truth = spans([label for _, label in words])
        guess = spans([common.get(word, "O") for word, _ in words])
        for counter, some in ((hits, truth & guess), (found, guess), (wanted, truth)):
            counter.update(label for _, _, label in some)
    results = {
        f"ner {label}": (0.0, f1(hits[label], found[label], wanted[label])) for label in sorted(wanted)
    }
    results["ner entity F1"] = (0.0, f1(hits.total(), found.total(), wanted.total()))
    return results


def labelled_words(record):
    """The words of a text with the label of the span that each begins in."""
    label_at = {}
    for entity in record["entities"]:
        label_at.update(dict.fromkeys(range(entity["start"], entity["end"]), entity["label"]))
    return [(m.group(), label_at.get(m.start(), "O")) for m in WORD.finditer(record["text"])]


def spans(labels):
    """Runs of one label as (first, last, label); O makes none."""
    runs, first = set(), 0
    for i in range(1, len(labels) + 1):
        if i == len(labels) or labels[i] != labels[first]:
            if labels[first] != "O":
                runs.add((first, i - 1, labels[first]))
            first = i
    return runs


def f1(hits, found, wanted):
    return 2 * hits / (found + wanted) if found + wanted else 0.0


def mean(pairs):
    pairs = list(pairs)
    return [sum(pair[which] for pair in pairs) / len(pairs) for which in (0, 1)]


if __name__ == "__main__":
    main()
