"""Runs Go's own tests on golden files that were drawn with another seed.

A Go test reads testdata in its working directory, so its program runs in the fresh tree instead of the repository.
"""

import os
import pathlib
import re
import subprocess
import sys

import goldens

NUMBER = r"(\d\.\de[+-]\d\d)"
# (what, package, tests, what they log of the deviation, if anything; their tolerance)
TESTS = [
    ("small encoders, mean of |difference|", "pkg/backbone", "TestHiddenStatesEqualTransformers", rf"mean {NUMBER}", 1e-6),
    ("small encoders, largest", "pkg/backbone", "TestHiddenStatesEqualTransformers", rf"max {NUMBER}", 1e-5),
    ("MiniLM, mean of |difference|", "pkg/backbone", "TestMiniLMEqualsTransformers", rf"mean {NUMBER}", 1e-6),
    ("MiniLM, largest", "pkg/backbone", "TestMiniLMEqualsTransformers", rf"max {NUMBER}", 1e-5),
    ("small BERT: gradients, relative", "pkg/backbone", "TestBERTGradientsEqualPyTorch", None, 1e-5),
    ("heads: logits, losses, gradients", "pkg/heads", "TestHeadsEqualPyTorch", rf"deviation {NUMBER}", 1e-5),
    ("distillation losses: values (relative), gradients", "pkg/heads", "TestSoftLossEqualsPyTorch", rf"deviation {NUMBER}", 1e-6),
    ("hidden-state losses", "pkg/heads", "TestHiddenLossEqualsPyTorch", None, 1e-6),
    ("AdamW and clipping, 10 steps: parameters", "internal/torchx", "TestAdamWEqualsPyTorch", rf"max {NUMBER}", 1e-6),
    ("30 training steps: losses, relative", "pkg/trainer", "TestTrainingEqualsPyTorch", rf"loss {NUMBER}", 1e-4),
    ("30 training steps: weights at the end", "pkg/trainer", "TestTrainingEqualsPyTorch", rf"weights {NUMBER}", 1e-5),
    ("12 distilling steps: losses, hard, soft, relative", "pkg/trainer", "TestDistillationEqualsPyTorch", rf"loss {NUMBER}", 1e-4),
    ("12 distilling steps: weights at the end", "pkg/trainer", "TestDistillationEqualsPyTorch", rf"weights {NUMBER}", 1e-5),
    ("masked language models: losses (relative)", "pkg/pretrain", "TestMaskedLossEqualsTransformers", rf"loss [0-9.]+ differs by {NUMBER}", 1e-6),
    ("masked language models: gradients, relative", "pkg/pretrain", "TestMaskedLossEqualsTransformers", rf"at most {NUMBER}", 1e-5),
    ("masked language models: 20 steps, losses, relative", "pkg/pretrain", "TestTwentyStepsEqualPyTorch", rf"losses differ by at most {NUMBER}", 1e-4),
    ("masked language models: weights at the end", "pkg/pretrain", "TestTwentyStepsEqualPyTorch", rf"weights by {NUMBER}", 1e-5),
    ("an encoder's distillation: losses, relative", "pkg/pretrain", "TestDistilBERTsLossesEqualPyTorch|TestMiniLMsLossesEqualPyTorch", rf"loss [0-9.]+ differs by {NUMBER}", 1e-6),
    ("an encoder's distillation: gradients, relative", "pkg/pretrain", "TestDistilBERTsLossesEqualPyTorch|TestMiniLMsLossesEqualPyTorch", rf"at most {NUMBER}", 1e-5),
    ("masks as DataCollatorForLanguageModeling's", "pkg/pretrain", "TestMaskEqualsHuggingFace", None, 0),
    ("learning-rate schedules", "pkg/trainer", "TestSchedulesEqualTransformers", None, 1e-18),
    ("fine-tuning knobs, 20 steps each: losses, relative", "pkg/trainer", "TestKnobsEqualPyTorch", rf"loss {NUMBER}", 1e-4),
    ("fine-tuning knobs, 20 steps each: weights at the end", "pkg/trainer", "TestKnobsEqualPyTorch", rf"weights {NUMBER}", 1e-5),
    ("accumulated gradients, 30 and 12 steps: losses, relative", "pkg/trainer", "TestAccumulatedTrainingEqualsPyTorch", rf"loss {NUMBER}", 1e-4),
    ("accumulated gradients, 30 and 12 steps: weights at the end", "pkg/trainer", "TestAccumulatedTrainingEqualsPyTorch", rf"weights {NUMBER}", 1e-5),
    ("smoothed losses and gradients", "pkg/heads", "TestSmoothedLossesEqualPyTorch", None, 1e-5),
    ("a call of three windows: hidden states, losses, gradients, relative", "pkg/fusion", "TestWindowsEqualPyTorch", rf"differs? by {NUMBER}", 1e-5),
    ("small prototype directory: logits", "pkg/fusion", "TestPrototypeDirectory", rf"logit {NUMBER}", 1e-5),
    ("folders of transformers and the prototype: logits, relative", "pkg/fusion", "TestFoldersAsTransformersReadsThem|TestPrototypesSingleTaskFolders", None, 1e-5),
    ("scores as scikit-learn's and seqeval's", "pkg/metrics", "Test.*Equals?(ScikitLearn|Seqeval)", None, 1e-12),
    ("percentiles as NumPy's, calibration error", "pkg/metrics", "Test.*Equals?(NumPys|ItsDefinition)", None, 1e-12),
    ("figures of reports as scikit-learn's and seqeval's", "pkg/report", "TestFiguresEqual.*|TestTagsEqualSeqeval", None, 1e-12),
    ("entities of B- and I- tags as transformers' pipeline's, of others as seqeval's", "pkg/tasks", "TestSpansEqualPython", None, 0),
    ("splits as scikit-learn's", "pkg/datasets", "Test.*EqualsScikitLearn", None, 0),
    ("QA values as Python's float", "pkg/datasets", "TestQAValuesEqualPython", None, 0),
    ("cells of CSV and TSV as Python's csv", "internal/table", "TestCellsEqualPython", None, 0),
    ("files of weights read and written", "internal/weights", "TestReadsWhatPythonWrote|TestWrite.*", None, 0),
]
STRINGS = 10_000
FOLDERS = 500


def compare(table, tree, programs, seed):
    goldens.make(tree, seed)

    def run(package, tests, *flags):
        command = [programs / f"{pathlib.Path(package).name}.test", "-test.v", f"-test.run=^({tests})$", *flags]
        done = subprocess.run(command, cwd=tree / package, capture_output=True, text=True)
        return done.stdout, "" if done.returncode == 0 else done.stdout + done.stderr

    for what, package, tests, pattern, tolerance in TESTS:
        log, problem = run(package, tests, *(["-update"] if package == "internal/weights" else []))
        if pattern:
            numbers = [float(x) for x in re.findall(pattern, log)]
            table.add(what, len(numbers), max(numbers, default=0), tolerance, problem)
        else:
            table.add(what, log.count("--- PASS: "), None if tolerance else 0, tolerance, problem)
    verify(table, "files of weights that Go wrote, in Python", tree, seed, "weights.py", "verify")

    saved = tree / "saved"
    log, problem = run("pkg/fusion", "TestPrototypeDirectory", "-save", saved)
    verify(table, "model directory that Go saved, in Python", tree, seed, "model.py", "verify", saved, problem=problem)

    saved = tree / "saved-single"
    log, problem = run("pkg/fusion", "TestOursInThePrototype", "-save", saved)
    verify(table, "single-task models that Go saved, as the prototype loads them", tree, seed, "folders.py", "verify", saved, problem=problem)

    saved = tree / "saved-bert"
    log, problem = run("pkg/fusion", "TestBERTSaved", "-save", saved)
    verify(table, "models over BERT that Go saved: AutoModel's hidden states", tree, seed, "bert.py", "verify", saved, problem=problem)

    saved = tree / "saved-mlm"
    log, problem = run("pkg/pretrain", "TestFillMask", "-save", saved)
    verify(table, "masked language models that Go saved: fill-mask's probabilities", tree, seed, "pretrain.py", "verify", saved, problem=problem)

    log, problem = run("pkg/tokenize", "TestGolden.*", "-save", tree / "tokenizers")
    texts(table, "tokenizers: hard texts, windows, training", log, problem)
    verify(table, "tokenizers that Go saved, in Python", tree, seed, "tokenize_bert.py", "verify", tree / "tokenizers")
    script(tree, seed, "tokenize_bert.py", "random", str(STRINGS), str(seed), tree / "random")
    log, problem = run("pkg/tokenize", "TestGolden", "-golden", tree / "random")
    texts(table, f"tokenizers: {STRINGS} random strings each", log, problem)
    script(tree, seed, "tokenize_added.py", str(FOLDERS), str(seed), tree / "added.jsonl")
    log, problem = run("pkg/tokenize", "TestGoldenAdded", "-added", tree / "added.jsonl", "-save", tree / "added")
    texts(table, f"tokenizers: {FOLDERS} random folders with added tokens", log, problem)
    verify(table, "the same saved by Go, in Python", tree, seed, "tokenize_added.py", "verify", tree / "added")


def texts(table, what, log, problem):
    """A row of texts that were all equal, or not."""
    pairs = [(int(equal), int(n)) for equal, n in re.findall(r"(\d+)/(\d+) equal", log)]
    table.add(what, sum(n for _, n in pairs), sum(n - equal for equal, n in pairs), 0, problem)


def script(tree, seed, name, *args):
    environment = os.environ | {"GOLDEN_TREE": str(tree), "GOLDEN_SEED": str(seed)}
    command = [sys.executable, goldens.ROOT / "scripts" / "golden" / name, *args]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def verify(table, what, tree, seed, *command, problem=""):
    """A row of what a script of goldens finds in files that Go wrote: a line for each."""
    done = script(tree, seed, *command)
    if done.returncode:
        problem += done.stdout + done.stderr
    lines = done.stdout.strip().split("\n")
    numbers = [float(x) for x in re.findall(NUMBER, done.stdout)]
    table.add(what, len(lines), max(numbers, default=0), 1e-6 if numbers else 0, problem)
