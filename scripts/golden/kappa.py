"""Makes the golden file of pkg/reviews with scikit-learn.

    python scripts/golden/kappa.py          # writes pkg/reviews/testdata/kappa.json
"""

import json
import math
import warnings

import numpy as np
from sklearn.metrics import cohen_kappa_score

import place

OUT = place.testdata("pkg/reviews")
LABELS = ["1", "2", "3", "Custody"]


def case(name, first, second):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        kappa = float(cohen_kappa_score(first, second))
    return {"name": name, "first": first, "second": second, "kappa": None if math.isnan(kappa) else kappa}


def main():
    rng = np.random.default_rng(place.seed(9))
    cases = [
        case("the same", ["1", "2", "2", "3"], ["1", "2", "2", "3"]),
        case("one label alone", ["1"] * 5, ["1"] * 5),
        case("one rater never differs", ["1"] * 6, ["1", "2", "1", "1", "2", "1"]),
        case("opposite", ["1", "0", "1", "0"], ["0", "1", "0", "1"]),
        case("a label that one rater lacks", ["1", "1", "2"], ["1", "3", "2"]),
    ]
    for n in [2, 10, 100]:
        for share in [0.1, 0.5, 0.9]:
            first = rng.choice(LABELS, n, p=[0.6, 0.2, 0.1, 0.1])
            second = np.where(rng.random(n) < share, first, rng.choice(LABELS, n))
            cases.append(case(f"{n} calls, {share:.0%} copied", first.tolist(), second.tolist()))
    lines = ",\n".join(json.dumps(c) for c in cases)
    (OUT / "kappa.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
