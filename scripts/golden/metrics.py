"""Makes the golden files of pkg/metrics and pkg/report with scikit-learn and seqeval.

    python scripts/golden/metrics.py          # writes their testdata
"""

import json
import warnings

import numpy as np
from seqeval.metrics import classification_report
from sklearn import metrics

import place

OUT = place.testdata("pkg/metrics")
REPORTS = place.testdata("pkg/report")
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


def confusion(name, truth, predicted, count):
    labels = list(range(count))
    columns = metrics.precision_recall_fscore_support(truth, predicted, labels=labels, zero_division=0)
    matrix = metrics.confusion_matrix(truth, predicted, labels=labels)
    report = metrics.classification_report(truth, predicted, output_dict=True, zero_division=0)
    pairs = [(t, p, int(matrix[t, p])) for t in labels for p in labels if t != p and matrix[t, p]]
    return {
        "name": name,
        "truth": truth,
        "predicted": predicted,
        "matrix": matrix.tolist(),
        "accuracy": metrics.accuracy_score(truth, predicted),
        "per_class": [
            {"precision": float(p), "recall": float(r), "f1": float(f), "support": int(s)} for p, r, f, s in zip(*columns)
        ],
        "averages": {
            average: {"precision": float(s["precision"]), "recall": float(s["recall"]), "f1": float(s["f1-score"]),
                      "support": int(s["support"])}
            for average, s in [("macro", report["macro avg"]), ("weighted", report["weighted avg"])]
        },
        "most_confused": [dict(zip(["truth", "predicted", "count"], p)) for p in sorted(pairs, key=lambda p: -p[2])][:10],
    }  # fmt: skip


def confusion_cases(rng):
    yield confusion("all right", [0, 1, 2, 2], [0, 1, 2, 2], 3)
    yield confusion("one class", [0, 0], [0, 0], 1)
    yield confusion("a class that isn't there", [0, 2, 2], [2, 2, 0], 4)
    yield confusion("a class without support", [0, 0, 0], [0, 1, 1], 2)
    for n, k in [(60, 2), (300, 10), (500, 77)]:
        truth = rng.integers(k, size=n)
        predicted = np.where(rng.random(n) < 0.6, truth, rng.integers(k, size=n))
        yield confusion(f"{n} of {k}", truth.tolist(), predicted.tolist(), k)


def sweep(name, truth, probabilities):
    p = np.array(probabilities, dtype=np.float32).astype(np.float64)
    points = []
    for threshold in [i / 100 for i in range(1, 100)]:
        scored = metrics.precision_recall_fscore_support(truth, p > threshold, average="binary", zero_division=0)
        points.append(dict(zip(["threshold", "precision", "recall", "f1"], [threshold, *map(float, scored[:3])])))
    best = max(points, key=lambda at: (at["f1"], -abs(at["threshold"] - 0.5)))
    return {"name": name, "truth": truth, "probabilities": p.tolist(), "points": points, "best": best}


def sweep_cases(rng):
    yield sweep("at the threshold", [1, 0, 1], [0.5, 0.25, 0.75])
    yield sweep("never yes", [0, 0], [0.2, 0.9])
    yield sweep("always yes", [1, 1], [0.0, 1.0])
    for n in (20, 400):
        truth = rng.integers(2, size=n)
        probabilities = np.clip(rng.normal(0.3 + 0.3 * truth, 0.2), 0, 1)
        yield sweep(f"{n} outputs", truth.tolist(), probabilities.tolist())


def calibration(name, probabilities, happened, bins):
    """Expected calibration error over bins (low, high] of equal width (Guo et al., 2017)."""
    p, y = np.array(probabilities, dtype=np.float32).astype(np.float64), np.array(happened, dtype=float)
    bin_of = np.digitize(p, np.arange(1, bins) / bins, right=True)
    out, ece = [], 0.0
    for i in range(bins):
        inside = bin_of == i
        n = int(inside.sum())
        confidence, accuracy = (float(p[inside].mean()), float(y[inside].mean())) if n else (0.0, 0.0)
        out.append({"low": i / bins, "high": (i + 1) / bins, "confidence": confidence, "accuracy": accuracy, "count": n})
        ece += n / len(p) * abs(accuracy - confidence)
    return {"name": name, "probabilities": p.tolist(), "happened": happened, "ece": ece, "bins": out}


def calibration_cases(rng):
    yield calibration("the edges", [0, 0.25, 0.5, 0.75, 1], [False, True, False, True, True], 4)
    yield calibration("one bin", [0.2, 0.9], [False, True], 1)
    yield calibration("all sure and right", [1, 1], [True, True], 15)
    for n, bins in [(50, 10), (1000, 15)]:
        p = rng.random(n)
        yield calibration(f"{n} in {bins}", p.tolist(), (rng.random(n) < p**1.5).tolist(), bins)


def percentile_cases(rng):
    for n in (1, 2, 3, 40, 41, 1000):
        values = rng.normal(size=n)
        low, high = np.percentile(values, [2.5, 97.5])
        yield {"values": values.tolist(), "low": float(low), "high": float(high)}


def softmax(rng, truth, k):
    """Probabilities of k classes that lean to the truth, as float32."""
    logits = rng.normal(size=(len(truth), k))
    known = np.array(truth) < k
    logits[np.flatnonzero(known), np.array(truth)[known]] += 1.5
    p = np.exp(logits)
    return (p / p.sum(axis=1, keepdims=True)).astype(np.float32)


def outputs(name, kind, heads, records, figures):
    """heads: (name, labels, truth, probabilities). Class len(labels) is a label that the model doesn't know, -1 no label."""
    return {
        "name": name,
        "kind": kind,
        "records": records,
        "heads": [
            {"name": n, "labels": labels, "truth": [list(map(int, t)) for t in truth],
             "probabilities": [np.ravel(p).astype(float).tolist() for p in probabilities]}
            for n, labels, truth, probabilities in heads
        ],
        "figures": figures,
    }  # fmt: skip


def macro_f1(truth, predicted):
    return float(metrics.f1_score(truth, predicted, average="macro", zero_division=0))


def token_outputs(rng, records, unknown):
    k = len(ENTITIES)
    truth = [rng.choice(k + unknown, size=rng.integers(1, 9)) for _ in range(records)]
    probabilities = [softmax(rng, t, k) for t in truth]
    predicted = [p.argmax(axis=1) for p in probabilities]
    names = [*ENTITIES, "(unknown)"]
    whole = entities("", [[names[i] for i in t] for t in truth], [[names[i] for i in p] for p in predicted])
    t, p = np.concatenate(truth), np.concatenate(predicted)
    figures = {
        **{f"entity_{score}": whole["micro"][score] for score in ["f1", "precision", "recall"]},
        "token_accuracy": metrics.accuracy_score(t, p),
        "token_macro_f1": macro_f1(t, p),
        "token_weighted_f1": float(metrics.f1_score(t, p, average="weighted", zero_division=0)),
    }
    heads = [("ner", ENTITIES, truth, probabilities)]
    return outputs(f"token, {records}, unknown {unknown}", "token", heads, records, figures)


def class_outputs(rng, records, classes, unlabelled, unknown):
    heads, accuracies, figures = [], [], {}
    for i, k in enumerate(classes):
        truth = rng.choice(k + unknown, size=records)
        p = softmax(rng, truth, k)
        truth = np.where(rng.random(records) < unlabelled, -1, truth)
        t, said = truth[truth >= 0], p.argmax(axis=1)[truth >= 0]
        accuracies.append(metrics.accuracy_score(t, said))
        figures[f"acc_h{i}"], figures[f"macro_f1_h{i}"] = accuracies[-1], macro_f1(t, said)
        heads.append((f"h{i}", [f"c{j}" for j in range(k)], truth[:, None], p))
    figures["avg_acc"] = float(np.mean(accuracies))
    return outputs(f"multiclass, {records}, unlabelled {unlabelled}, unknown {unknown}", "multiclass", heads, records, figures)


def flag_outputs(rng, records, widths):
    heads, scored, criteria, figures = [], [], [], {}
    for i, width in enumerate(widths):
        truth = rng.integers(2, size=(records, width))
        p = np.clip(rng.normal(0.35 + 0.3 * truth, 0.2), 0, 1).astype(np.float32)
        said = (p > 0.5).astype(int)
        scored.append(float(metrics.f1_score(truth, said, average="micro", zero_division=0)))
        criteria += [float(metrics.f1_score(truth[:, j], said[:, j], zero_division=0)) for j in range(width)]
        figures[f"f1_h{i}"] = scored[-1]
        heads.append((f"h{i}", [f"q{j}" for j in range(width)], truth, p))
    figures["avg_f1"], figures["criteria_f1"] = float(np.mean(scored)), float(np.mean(criteria))
    return outputs(f"multilabel, {records}", "multilabel", heads, records, figures)


def report_cases(rng):
    yield token_outputs(rng, 40, 0)
    yield token_outputs(rng, 25, 1)
    yield class_outputs(rng, 60, [2, 5], 0, 0)
    yield class_outputs(rng, 60, [3, 8], 0.2, 1)
    yield flag_outputs(rng, 40, [1, 5, 2])


def main():
    warnings.simplefilter("ignore")
    rng = np.random.default_rng(place.seed(1))
    for folder, name, cases in [
        (OUT, "classes", class_cases),
        (OUT, "multilabel", flag_cases),
        (OUT, "entities", entity_cases),
        (OUT, "confusion", confusion_cases),
        (OUT, "sweep", sweep_cases),
        (OUT, "calibration", calibration_cases),
        (OUT, "percentiles", percentile_cases),
        (REPORTS, "figures", report_cases),
    ]:
        lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases(rng))
        (folder / f"{name}.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
