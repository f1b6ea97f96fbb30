"""Makes the golden files of internal/weights with PyTorch and safetensors.

    python scripts/golden/weights.py          # writes internal/weights/testdata
    python scripts/golden/weights.py verify   # loads in Python what the Go writers wrote
                                              # (go test ./internal/weights -update)
"""

import collections
import json
import os
import sys

import safetensors.torch
import torch

import place

OUT = place.testdata("internal/weights")

DTYPES = {
    torch.float64: "F64",
    torch.float32: "F32",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.int64: "I64",
    torch.int32: "I32",
    torch.int16: "I16",
    torch.int8: "I8",
    torch.uint8: "U8",
    torch.bool: "BOOL",
}


def tensors():
    """One tensor of each element type, and the shapes at the edges."""
    torch.manual_seed(place.seed(1))
    out = collections.OrderedDict()
    for dtype, name in DTYPES.items():
        out[f"block.{name}"] = (torch.randn(2, 3) * 3).to(dtype)
    out["scalar"] = torch.tensor(2.5)
    out["empty"] = torch.zeros(0, 4)
    out["näme with spaces / \"quotes\""] = torch.arange(3)
    return out


def views():
    """Tensors that are not simply all of their storage."""
    base = torch.arange(24, dtype=torch.float32).reshape(2, 3, 4)
    return collections.OrderedDict(
        whole=base,
        tail=base[1],
        column=base[:, 1, :],
        transposed=base.permute(2, 0, 1),
        every_second=base.flatten()[1::2],
        expanded=torch.tensor([1.0, 2.0]).expand(3, 2),
        size_one=base[:1, :1].transpose(0, 1),
        parameter=torch.nn.Parameter(torch.tensor([3.0, 4.0])),
    )


class Module(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(3, 2)
        self.norm = torch.nn.BatchNorm1d(2)


class Attack:
    def __reduce__(self):
        return os.system, ("echo this must never run",)


def describe(state):
    """What a reader has to find: type, shape and bytes in row-major order."""
    return {
        name: {
            "dtype": DTYPES[t.dtype],
            "shape": list(t.shape),
            "hex": t.detach().contiguous().flatten().view(torch.uint8).numpy().tobytes().hex()
            if t.numel()
            else "",
        }
        for name, t in state.items()
    }


def write():
    torch.manual_seed(place.seed(2))
    module = Module()
    states = {
        "tensors.pt": tensors(),
        "views.pt": views(),
        "module.pt": module.state_dict(),
        "dict.pt": dict(module.state_dict(keep_vars=True)),
    }
    for name, state in states.items():
        torch.save(state, OUT / name)
    legacy = {"legacy.pt": tensors(), "legacy_views.pt": views()}
    for name, state in legacy.items():
        torch.save(state, OUT / name, _use_new_zipfile_serialization=False)
    states |= legacy
    safetensors.torch.save_file(dict(tensors()), OUT / "tensors.safetensors", metadata={"format": "pt"})
    states["tensors.safetensors"] = tensors()
    golden = {name: describe(state) for name, state in states.items()}
    (OUT / "golden.json").write_text(json.dumps(golden, indent=1, ensure_ascii=False) + "\n")

    refused = {
        "attack.pt": {"weight": Attack()},
        "checkpoint.pt": {"epoch": 3, "model": module.state_dict()},
        "whole_module.pt": module,
        "complex.pt": {"z": torch.zeros(2, dtype=torch.complex64)},
        "tensor.pt": torch.zeros(2),
    }
    for name, value in refused.items():
        torch.save(value, OUT / name)
    small = {"weight": torch.ones(1)}
    torch.save(small, OUT / "protocol4.pt", pickle_protocol=4)


def verify():
    want = describe(tensors())
    got = {
        "written.safetensors": safetensors.torch.load_file(OUT / "written.safetensors"),
        "written.pt": torch.load(OUT / "written.pt", weights_only=True),
        "written.pt, mapped": torch.load(OUT / "written.pt", weights_only=True, mmap=True),
    }
    for name, state in got.items():
        if describe(state) != want:
            sys.exit(f"{name} differs from what was to be written")
        print(f"{name}: {len(state)} tensors, equal")


if __name__ == "__main__":
    verify() if sys.argv[1:] == ["verify"] else write()
