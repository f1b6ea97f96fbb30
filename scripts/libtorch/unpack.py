"""Unpacks libtorch from a zip or wheel: unpack.py ARCHIVE FOLDER cpu|cuda.

Headers go to FOLDER/include with their tree, libraries side by side to
FOLDER/lib, where each finds the others through its $ORIGIN. The CPU variant
takes only what libtorch_cpu needs; the CUDA variant has CUDA's and NCCL's
headers in FOLDER/cuda.
"""

import os
import re
import shutil
import sys
import zipfile

CPU_LIBRARIES = re.compile(r"lib(torch_cpu|c10|gomp|gomp-[0-9a-f]+|cudart|cupti)\.so(\.\d+)*$")


def target(member: str, variant: str) -> str | None:
    """Where a member goes, relative to the folder; None for one that isn't wanted."""
    parts = member.split("/")
    if len(parts) > 2 and parts[1] == "include" and parts[0] in ("torch", "libtorch"):
        return "/".join(parts[1:])
    if variant == "cuda" and len(parts) > 3 and parts[0] == "nvidia" and parts[2] == "include":
        return "/".join(["cuda", *parts[3:]])
    name = parts[-1]
    if "lib" in parts[:-1] and re.search(r"\.so(\.\d+)*$", name):
        if variant == "cuda" and name != "libtorch_python.so" or CPU_LIBRARIES.match(name):
            return "lib/" + name
    return None


def main() -> None:
    archive, folder, variant = sys.argv[1:]
    with zipfile.ZipFile(archive) as z:
        for info in z.infolist():
            path = target(info.filename, variant)
            if info.is_dir() or path is None:
                continue
            path = os.path.join(folder, path)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with z.open(info) as source, open(path, "wb") as out:
                shutil.copyfileobj(source, out, 1 << 20)


main()
