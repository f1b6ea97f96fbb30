"""Where golden files go, and what they are drawn with.

Left alone, the scripts of this folder write the committed files. GOLDEN_TREE=DIR writes them below another folder, at the same
paths; GOLDEN_SEED=N draws others.
"""

import os
import pathlib

TREE = pathlib.Path(os.environ.get("GOLDEN_TREE") or pathlib.Path(__file__).parents[2])
SEED = int(os.environ.get("GOLDEN_SEED") or 0)


def testdata(package):
    """The folder of a package's golden files."""
    folder = TREE / package / "testdata"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def seed(n):
    """The n-th seed of this set of files."""
    return (n + 1000 * SEED) % 2**32
