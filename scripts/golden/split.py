"""Makes the golden file of datasets.TrainTestSplit with scikit-learn.

    python scripts/golden/split.py            # writes pkg/datasets/testdata/split.json
"""

import hashlib
import json
import pathlib

from sklearn.model_selection import train_test_split

OUT = pathlib.Path(__file__).parents[2] / "pkg" / "datasets" / "testdata" / "split.json"
SMALL = [(2, 0.5, 0), (3, 0.1, 1), (10, 0.1, 42), (10, 0.25, 42), (17, 0.3, 7), (33, 0.9, 2**32 - 1), (64, 1 / 3, 5)]
LARGE = [
    *((n, 0.1, seed) for n in (1998, 9996, 4996) for seed in (0, 42, 2**32 - 1)),
    (100_003, 0.2, 42),
    (65_536, 0.07, 3),
    (65_537, 0.07, 3),
]


def digest(numbers):
    return hashlib.sha256(" ".join(map(str, numbers)).encode()).hexdigest()


def main():
    cases = []
    for n, test_size, seed in SMALL + LARGE:
        train, test = train_test_split(range(n), test_size=test_size, random_state=seed)
        case = {"n": n, "test_size": test_size, "seed": seed, "sizes": [len(train), len(test)]}
        if n <= 64:
            case |= {"train": train, "test": test}
        else:
            case |= {"train_sha256": digest(train), "test_sha256": digest(test)}
        cases.append(json.dumps(case, separators=(",", ":")))
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text("[\n" + ",\n".join(cases) + "\n]\n")


if __name__ == "__main__":
    main()
