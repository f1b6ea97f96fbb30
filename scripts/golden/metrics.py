"""Makes the golden files of pkg/metrics with scikit-learn and seqeval.

    python scripts/golden/metrics.py          # writes pkg/metrics/testdata
"""

import json
import warnings

import numpy as np
from seqeval.metrics import classification_report
from sklearn import metrics

import place

OUT = place.testdata("pkg/metrics")
ENTITIES = ["O", "NAME", "AGE", "LOCATION"]


def scores(truth, predicted, averages):
    out = {}
    for average in averages:
        p, r, f, _ = metrics.precision_recall_fscore_support(truth, predicted, average=average, zero_division=0)
        out[average] = {"precision": float(p), "recall": float(r), "f1": float(f)}
    return out


def classes(name, truth, predicted):
    binary = set(truth) | set(predicted) <= {0, 1}
    averages = ["macro", "micro", "weighted"] + ["binary"] * binary
    return {
        "name": name,
        "truth": truth,
        "predicted": predicted,
        "accuracy": metrics.accuracy_score(truth, predicted),
        "scores": scores(truth, predicted, averages),
    }


def class_cases(rng):
    yield classes("all right", [0, 1, 2, 2], [0, 1, 2, 2])
    yield classes("all wrong", [0, 0, 1], [1, 2, 0])
    yield classes("one class", [3, 3, 3], [3, 3, 3])
    yield classes("a class only in the truth", [0, 1, 2, 1], [0, 1, 1, 1])
    yield classes("a class only in the predictions", [0, 1, 1], [0, 1, 9])
    yield classes("negative ids", [-1, 0, -1], [-1, -1, 0])
    yield classes("flags", [1, 0, 1, 1, 0], [1, 1, 0, 1, 0])
    yield classes("flags, none said", [1, 0, 1], [0, 0, 0])
    yield classes("flags, none meant", [0, 0, 0], [0, 1, 0])
    yield classes("flags, none at all", [0, 0], [0, 0])
    yield classes("flags, all", [1, 1], [1, 1])
    for n, k in [(1, 2), (40, 2), (40, 10), (300, 77)]:
        truth = rng.integers(k, size=n)
        predicted = np.where(rng.random(n) < 0.6, truth, rng.integers(k, size=n))
        yield classes(f"{n} of {k}", truth.tolist(), predicted.tolist())


def flags(name, truth, predicted):
    t, p = np.array(truth), np.array(predicted)
    averages = ["macro", "micro", "weighted"] + ["binary"] * (t.shape[1] == 1)
    return {"name": name, "truth": truth, "predicted": predicted, "scores": scores(t, p, averages)}


def flag_cases(rng):
    yield flags("none at all", [[0, 0], [0, 0]], [[0, 0], [0, 0]])
    yield flags("none meant", [[0, 0], [0, 0]], [[0, 1], [0, 0]])
    yield flags("none said", [[1, 0], [1, 1]], [[0, 0], [0, 0]])
    yield flags("an output without a yes", [[1, 0], [0, 0]], [[1, 0], [1, 0]])
    yield flags("one record", [[1, 0, 1, 1, 0]], [[1, 1, 0, 1, 0]])
    yield flags("one column", [[1], [0], [0], [1]], [[1], [0], [1], [0]])
    yield flags("one column, all no", [[0], [0]], [[0], [0]])
    yield flags("one column, one record", [[0]], [[0]])
    for n, width in [(16, 5), (16, 3), (16, 2), (16, 1), (500, 5)]:
        truth = rng.integers(2, size=(n, width))
        predicted = np.where(rng.random((n, width)) < 0.7, truth, 1 - truth)
        yield flags(f"{n} by {width}", truth.tolist(), predicted.tolist())


def bio(labels):
    """B- at the first word of a run of one label, I- on the others."""
    out, before = [], "O"
    for label in labels:
        out.append("O" if label == "O" else ("I-" if label == before else "B-") + label)
        before = label
    return out


def entities(name, truth, predicted):
    report = {}
    if any(label != "O" for text in truth + predicted for label in text):
        report = classification_report(
            [bio(t) for t in truth], [bio(p) for p in predicted], output_dict=True, zero_division=0
        )
    def score(s):
        return {"precision": float(s["precision"]), "recall": float(s["recall"]), "f1": float(s["f1-score"]),
                "support": int(s["support"])}  # fmt: skip
    labels = {k: score(v) for k, v in report.items() if not k.endswith(" avg")}
    micro = score(report["micro avg"]) if report else {"precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 0}
    return {"name": name, "truth": truth, "predicted": predicted, "micro": micro, "per_label": labels}


def entity_cases(rng):
    yield entities("all right", [["NAME", "NAME", "O", "AGE"]], [["NAME", "NAME", "O", "AGE"]])
    yield entities("a word too few", [["O", "NAME", "NAME", "O"]], [["O", "NAME", "O", "O"]])
    yield entities("a word too many", [["O", "NAME", "O"]], [["O", "NAME", "NAME"]])
    yield entities("the wrong label", [["NAME", "O"]], [["AGE", "O"]])
    yield entities("side by side", [["NAME", "AGE", "AGE", "NAME"]], [["NAME", "NAME", "AGE", "NAME"]])
    yield entities("cut in two", [["NAME", "NAME", "NAME"]], [["NAME", "O", "NAME"]])
    yield entities("to the end of one text and on in the next", [["O", "NAME"], ["NAME"]], [["O", "NAME"], ["NAME"]])
    yield entities("only in the truth", [["AGE"]], [["O"]])
    yield entities("only in the predictions", [["O"]], [["AGE"]])
    yield entities("none", [["O", "O"]], [["O", "O"]])
    yield entities("an empty text", [[], ["AGE"]], [[], ["AGE"]])
    for texts in (3, 60):
        truth, predicted = [], []
        for _ in range(texts):
            n = int(rng.integers(1, 30))
            runs = np.repeat(rng.choice(len(ENTITIES), size=n, p=[0.6, 0.2, 0.1, 0.1]), rng.integers(1, 4, size=n))
            said = np.where(rng.random(len(runs)) < 0.85, runs, rng.choice(len(ENTITIES), size=len(runs)))
            truth.append([ENTITIES[i] for i in runs])
            predicted.append([ENTITIES[i] for i in said])
        yield entities(f"{texts} texts", truth, predicted)


def main():
    warnings.simplefilter("ignore")
    rng = np.random.default_rng(place.seed(1))
    for name, cases in [("classes", class_cases), ("multilabel", flag_cases), ("entities", entity_cases)]:
        lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases(rng))
        (OUT / f"{name}.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
