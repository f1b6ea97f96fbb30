"""Makes the golden file of pkg/calibrate with SciPy, NumPy and scikit-learn.

    python scripts/golden/calibration.py    # writes pkg/calibrate/testdata/calibration.json
"""

import json

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import expit, softmax
from sklearn.metrics import log_loss

import place

OUT = place.testdata("pkg/calibrate")


def ece(confidence, correct, bins=15):
    """Guo et al. 2017: bins (low, high] of equal width."""
    edges = np.linspace(0, 1, bins + 1)
    total = 0.0
    for low, high in zip(edges[:-1], edges[1:]):
        inside = (confidence > low) & (confidence <= high)
        if inside.any():
            total += abs(correct[inside].mean() - confidence[inside].mean()) * inside.mean()
    return float(total)


def fitted(nll):
    found = minimize_scalar(nll, bounds=(-3, 3), method="bounded", options={"xatol": 1e-12})  # of log t
    return float(np.exp(found.x))


def classes(rng, name, n, labels, sharpness):
    logits = rng.normal(0, 2, (n, labels)).astype(np.float32)
    truth = np.array([rng.choice(labels, p=softmax(row.astype(np.float64) / sharpness)) for row in logits])
    z = logits.astype(np.float64)

    def nll(t):
        return log_loss(truth, softmax(z / t, axis=1), labels=range(labels))

    t = fitted(lambda log_t: nll(np.exp(log_t)))
    p = softmax(z / t, axis=1)
    scores = 1 - p[np.arange(n), truth]
    quantiles = {}
    for coverage in (0.9, 0.95):
        level = np.ceil((n + 1) * coverage) / n
        quantiles[str(coverage)] = float(np.quantile(scores, level, method="inverted_cdf")) if level <= 1 else None
    best = z.argmax(axis=1)

    def error(t):
        return ece(softmax(z / t, axis=1).max(axis=1), best == truth)

    return {
        "name": name, "labels": labels, "yes_no": False, "logits": logits.ravel().tolist(), "truth": truth.tolist(),
        "temperature": t, "nll": [nll(1), nll(t)], "ece": [error(1), error(t)], "quantiles": quantiles,
    }


def flags(rng, name, n, labels, sharpness):
    logits = rng.normal(0.5, 2, (n, labels)).astype(np.float32)
    z = logits.astype(np.float64)
    truth = (rng.random((n, labels)) < expit(z / sharpness)).astype(int)

    def nll(t):
        return log_loss(truth.ravel(), expit(z / t).ravel())

    t = fitted(lambda log_t: nll(np.exp(log_t)))

    def error(t):
        return ece(expit(z / t).ravel(), truth.ravel() == 1)

    return {
        "name": name, "labels": labels, "yes_no": True, "logits": logits.ravel().tolist(), "truth": truth.ravel().tolist(),
        "temperature": t, "nll": [nll(1), nll(t)], "ece": [error(1), error(t)], "quantiles": {},
    }


def main():
    rng = np.random.default_rng(place.seed(22))
    cases = [
        classes(rng, "overconfident", 300, 3, 2.5),
        classes(rng, "underconfident", 200, 5, 0.4),
        classes(rng, "many labels", 100, 10, 1.5),
        classes(rng, "few records", 12, 3, 2),
        flags(rng, "overconfident flags", 150, 5, 3),
        flags(rng, "one output", 120, 1, 0.7),
    ]
    lines = ",\n".join(json.dumps(c) for c in cases)
    (OUT / "calibration.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
