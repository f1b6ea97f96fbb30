"""Makes the golden files of datasets.TrainTestSplit and StratifiedSplit with scikit-learn.

    python scripts/golden/split.py            # writes split.json and stratify.json in pkg/datasets/testdata
"""

import hashlib
import json
import math

from sklearn.model_selection import train_test_split

import place

OUT = place.testdata("pkg/datasets")
SMALL = [(2, 0.5, 0), (3, 0.1, 1), (10, 0.1, 42), (10, 0.25, 42), (17, 0.3, 7), (33, 0.9, 2**32 - 1), (64, 1 / 3, 5)]
LARGE = [
    *((n, 0.1, seed) for n in (1998, 9996, 4996) for seed in (0, 42, 2**32 - 1)),
    (100_003, 0.2, 42),
    (65_536, 0.07, 3),
    (65_537, 0.07, 3),
]
# Records of each class: balanced, with ties, skewed, more classes than fit evenly, and one class alone.
COUNTS = [
    [10, 10],
    [7, 7, 7],
    [2, 2],
    [2, 3, 5, 7, 11],
    [5] * 9,
    [3] * 20,
    [2, 2, 90],
    [40, 1000, 3, 77, 8],
    [17],
    [1234, 4321, 999, 2],
    [50, 49, 51, 50, 50, 2, 3],
]
STRATIFIED = [
    *((counts, size, seed) for counts in COUNTS for size in (0.1, 0.2, 0.25, 1 / 3, 0.5, 0.9) for seed in (0, 42, 2**32 - 1)),
    *(([4] * 8, 0.33, seed) for seed in range(20)),  # ties, broken by lot
    *(([6, 6, 6, 6, 7, 5], 0.3, seed) for seed in range(20)),
]


def digest(numbers):
    return hashlib.sha256(" ".join(map(str, numbers)).encode()).hexdigest()


def shares(train, test):
    if len(train) + len(test) <= 64:
        return {"train": train, "test": test}
    return {"sizes": [len(train), len(test)], "train_sha256": digest(train), "test_sha256": digest(test)}


def plain():
    for n, test_size, number in SMALL + LARGE:
        seed = place.seed(number)
        train, test = train_test_split(range(n), test_size=test_size, random_state=seed)
        yield {"n": n, "test_size": test_size, "seed": seed, "sizes": [len(train), len(test)]} | shares(train, test)


def labels_of(counts):
    """Labels with gaps between them, in an order that StratifiedSplit's test makes too."""
    labels = [3 * c - 5 for c, count in enumerate(counts) for _ in range(count)]
    n = len(labels)
    step = next(s for s in range(7, n + 8) if math.gcd(s, n) == 1)
    return [labels[i * step % n] for i in range(n)]


def stratified():
    for counts, test_size, number in STRATIFIED:
        seed = place.seed(number)
        labels = labels_of(counts)
        case = {"counts": counts, "test_size": test_size, "seed": seed}
        try:
            train, test = train_test_split(range(len(labels)), test_size=test_size, random_state=seed, stratify=labels)
        except ValueError:
            if number == 0:  # it fails for every seed
                yield case | {"error": True}
            continue
        yield case | shares(train, test)


def write(name, cases):
    text = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
    (OUT / name).write_text("[\n" + text + "\n]\n")


if __name__ == "__main__":
    write("split.json", plain())
    write("stratify.json", stratified())
