"""Makes the committed golden files again and compares: bytes, or numbers where another processor rounds otherwise."""

import json
import math
import pathlib
import subprocess
import sys
import unicodedata

import torch
from safetensors.torch import load_file

ROOT = pathlib.Path(__file__).parents[2]
TOLERANCE = 1e-5
# What Go wrote: for scripts/golden/weights.py verify; what reports look like.
BY_GO = {
    "internal/weights": {"written.pt", "written.safetensors"},
    "pkg/report": {
        *("compare.json", "compare.md"),
        *(f"{kind}.{form}" for kind in ("multiclass", "multilabel", "token") for form in ("csv", "json", "md")),
    },
}
TABLES_UNICODE = "14.0.0"


def make(tree, seed=0):
    subprocess.run([ROOT / "scripts" / "golden" / "all.sh", tree, str(seed)], check=True)


def compare(table, tree):
    make(tree)
    for fresh in sorted(tree.glob("*/*/testdata")):
        package = fresh.parent.relative_to(tree)
        committed = ROOT / package / "testdata"
        names = files(fresh) | files(committed) - BY_GO.get(str(package), set())
        deviations = {name: difference(committed / name, fresh / name) for name in names}
        bad = [f"  {package}/testdata/{name} differs" for name, d in sorted(deviations.items()) if not d <= TOLERANCE]
        table.add(f"goldens made again: {package}", len(names), max(deviations.values(), default=math.inf), TOLERANCE, "\n".join(bad))
    tables = "pkg/tokenize/tables.go"
    if unicodedata.unidata_version != TABLES_UNICODE:
        print(f"parity: {tables} isn't compared: it was made with Python 3.11, whose Unicode is {TABLES_UNICODE}", file=sys.stderr)
        return
    same = (tree / tables).read_bytes() == (ROOT / tables).read_bytes()
    table.add(f"code made again: {tables}", 1, 0 if same else math.inf, 0)


def files(folder):
    names = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    return {name for name in names if not name.startswith("fuzz/")}


def difference(a, b):
    """The largest absolute difference of two files' numbers; infinite where anything else differs."""
    if not (a.is_file() and b.is_file()):
        return math.inf
    if a.read_bytes() == b.read_bytes():
        return 0
    match a.suffix:
        case ".safetensors":
            return tensors(load_file(a), load_file(b))
        case ".pt" | ".bin":
            return tensors(torch.load(a, weights_only=True), torch.load(b, weights_only=True))
        case ".json":
            return values(json.loads(a.read_text()), json.loads(b.read_text()))
    return math.inf


def tensors(a, b):
    if a.keys() != b.keys() or any(a[k].dtype != b[k].dtype or a[k].shape != b[k].shape for k in a):
        return math.inf
    return max((number((a[k].double() - b[k].double()).abs().max().item()) for k in a if a[k].numel()), default=0)


def values(a, b):
    """The largest difference of the numbers in two values of JSON."""
    match a, b:
        case dict(), dict() if a.keys() == b.keys():
            return max((values(a[k], b[k]) for k in a), default=0)
        case list(), list() if len(a) == len(b):
            return max(map(values, a, b), default=0)
        case int() | float(), int() | float():
            return number(abs(a - b))
    return 0 if type(a) is type(b) and a == b else math.inf


def number(x):
    """x, or infinity for NaN, which max would pass over."""
    return math.inf if math.isnan(x) else x
