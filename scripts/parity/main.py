"""Runs every comparison and prints what it found: main.py FOLDER SEED.

FOLDER is an empty one but for bin/, which holds the programs and test programs that run.sh built.
"""

import pathlib
import sys

import torch
from transformers import logging

import automodel
import encoder
import files
import goldens
import gotests
import single
from table import Table


def main():
    work, seed = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    torch.set_grad_enabled(False)
    table = Table()
    goldens.compare(table, work / "same")
    gotests.compare(table, work / "other", work / "bin", seed)
    encoder.compare(table, work / "encoder", work / "bin", seed)
    automodel.compare(table, work / "automodel", work / "bin", seed)
    files.compare(table, work / "files", work / "bin", seed)
    single.compare(table, work / "single", work / "bin", seed)
    table.show()
    sys.exit(table.failed)


if __name__ == "__main__":
    main()
