"""The benchmark's Python workers: bench/protocol describes how they talk.

    worker.py --way today|best|compiled|onnx|openvino|ctranslate2 --work DIR [--threads 2]

today:       what a user of the prototype has: transformers' eager attention, training batches padded to 512, PyTorch's
             AdamW as it comes, float32, three models for three tasks.
best:        the best that a Python user could reach: one model, SDPA in inference, batches padded to their longest,
             fused AdamW, bfloat16.
compiled:    the same through torch.compile; single calls in float32 only.
onnx:        the same model in ONNX Runtime, float32 and int8 (dynamic quantisation); inference only.
openvino:    in OpenVINO, float32, bfloat16 where the processor has it, and int8 (calibrated by NNCF); inference only.
ctranslate2: the encoder in CTranslate2, float32 and int8, and the heads in PyTorch; inference only.
"""

import argparse
import itertools
import json
import os
import pathlib
import subprocess
import sys
import time


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--way", choices=list(LIBRARIES), required=True)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--first", action="store_true", help="load the model, predict one text, say how long it took")
    args = parser.parse_args()
    os.environ |= {"HF_HUB_OFFLINE": "1", "RAYON_NUM_THREADS": str(args.threads), "OMP_NUM_THREADS": str(args.threads)}

    # Libraries that print must not disturb the driver.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def answer(values):
        print(json.dumps(values), file=answers, flush=True)

    inputs = json.loads((args.work / "inputs.json").read_text())
    if args.first:
        started = time.perf_counter()
        make_way(args, inputs).predict("fp32", inputs["batch"][:1])
        return answer({"inside": time.perf_counter() - started})

    worker = Worker(args, inputs)
    answer({"ready": True, "versions": versions(args.way), "lacks": lacks(args.way)})
    for line in sys.stdin:
        try:
            answer(worker.run(json.loads(line)))
        except Exception as error:  # the driver decides what becomes of it
            answer({"error": f"{type(error).__name__}: {error}"})


def make_way(args, inputs):
    if args.way == "compiled":
        from compiled_way import Compiled

        return Compiled(inputs, args.work, args.threads)
    if args.way == "onnx":
        from onnx_way import Onnx

        return Onnx(inputs, args.work, args.threads)
    if args.way == "openvino":
        from openvino_way import OpenVino

        return OpenVino(inputs, args.work, args.threads)
    if args.way == "ctranslate2":
        from ctranslate_way import CTranslate

        return CTranslate(inputs, args.work, args.threads)
    from torch_way import Best, Today

    return {"today": Today, "best": Best}[args.way](inputs, args.threads)


# Ways, and the libraries of each.
LIBRARIES = {
    "today": ("torch", "transformers", "tokenizers"),
    "best": ("torch", "transformers", "tokenizers"),
    "compiled": ("torch", "transformers", "tokenizers"),
    "onnx": ("onnxruntime", "transformers", "tokenizers"),
    "openvino": ("openvino", "nncf", "transformers", "tokenizers"),
    "ctranslate2": ("ctranslate2", "torch", "transformers", "tokenizers"),
}


def versions(way):
    from importlib.metadata import version

    return {name: version(name) for name in LIBRARIES[way]}


def lacks(way):
    """The precisions that the way has, but not on this machine, or not with the instructions that run.sh allows."""
    if way == "openvino":
        from openvino_way import OpenVino

        return ["fp32", "bf16"] if limited() else OpenVino.lacks()
    if way == "onnx" and limited():
        return ["fp32", "int8"]
    return [] if has_bf16() else ["bf16"]


def limited():
    """Whether run.sh was told ISA=avx2. ONNX Runtime and OpenVINO's float32 products, both MLAS', know no limit."""
    return "ATEN_CPU_CAPABILITY" in os.environ


def has_bf16():
    """Whether PyTorch may use instructions for bfloat16; without them it takes several times as long as float32."""
    if limited():
        return False
    with open("/proc/cpuinfo") as file:
        flags = next((line.split() for line in file if line.startswith("flags")), [])
    return "avx512_bf16" in flags or "amx_bf16" in flags


class Worker:
    """Runs cases. It holds what is for inference or for training, never both, so that memory is that of the case."""

    def __init__(self, args, inputs):
        self.args, self.inputs = args, inputs
        self.way, self.training, self.ways_of_products = None, None, {}

    def run(self, request):
        case = getattr(self, request["case"], None)
        if case is None or request["case"] not in CASES:
            raise ValueError(f"unknown case {request['case']}")
        if request["case"] in ("latency", "batch", "check", "labels"):
            self.training = None
            self.way = self.way or make_way(self.args, self.inputs)
        return case(request.get("precision", ""), request.get("arg", 0))

    def train(self, precision, _):
        self.way = None
        self.training = self.training or make_training(self.args, self.inputs)
        started = time.perf_counter()
        samples, tokens, loss = self.training.run(precision)
        return {"seconds": time.perf_counter() - started, "samples": samples, "tokens": tokens, "loss": loss}

    def latency(self, precision, tokens):
        texts = self.inputs["latency"][str(tokens)]
        ends = [time.perf_counter()]
        for text in texts:
            self.way.predict(precision, [text])
            ends.append(time.perf_counter())
        each = [end - start for start, end in itertools.pairwise(ends)]
        return {"seconds": ends[-1] - ends[0], "each": each, "samples": len(texts), "tokens": tokens * len(texts)}

    def products(self, _, tokens):
        """The matrix products alone, as often as there are texts of that length."""
        import products

        config = json.loads((pathlib.Path(self.inputs["model"]) / "config.json").read_text())
        if tokens not in self.ways_of_products:
            self.ways_of_products[tokens] = products.fastest(config, tokens)
        texts = self.inputs["latency"][str(tokens)]
        each = products.passes(config, tokens, self.ways_of_products[tokens], len(texts))
        return {"seconds": sum(each), "each": each, "samples": len(each), "tokens": tokens * len(each)}

    def batch(self, precision, _):
        texts = self.inputs["batch"]
        started = time.perf_counter()
        self.way.predict(precision, texts)
        seconds = time.perf_counter() - started
        return {"seconds": seconds, "samples": len(texts), "tokens": sum(map(len, self.way.encode(texts)["input_ids"]))}

    def check(self, *_):
        texts = self.inputs["latency"]["64"][:2]
        values = [x for text in texts for head in self.way.logits("fp32", text) for x in head.flatten().tolist()]
        return {"samples": len(texts), "values": values}

    def labels(self, precision, count):
        said = {task: [] for task in ("ner", "cls", "qa")}
        texts = self.inputs["batch"][: count or None]
        for of_text in self.way.predict(precision, texts):
            for task, values in of_text.items():
                said[task] += values
        return {"samples": len(texts), "labels": said}

    def tokenize_one(self, *_):
        return self.tokenize("false")

    def tokenize_all(self, *_):
        return self.tokenize("true")

    def tokenize(self, parallel):
        import tokenizing

        os.environ["TOKENIZERS_PARALLELISM"] = parallel
        texts = self.inputs["tokenize"]
        encode = tokenizing.plain(self.inputs) if self.args.way == "today" else tokenizing.direct(self.inputs)
        encode(texts)
        started = time.perf_counter()
        tokens = [encode(texts) for _ in range(5)]
        seconds = time.perf_counter() - started
        os.environ["TOKENIZERS_PARALLELISM"] = "true"
        return {"seconds": seconds, "samples": 5 * len(texts), "tokens": sum(len(ids) for p in tokens for ids in p)}

    def load(self, *_):
        command = [sys.executable, __file__, "--way", self.args.way, "--work", self.args.work, "--first"]
        command += ["--threads", str(self.args.threads)]
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise RuntimeError(f"the process that loads the model ended with code {process.returncode}")
        return {"seconds": seconds, "samples": 1, "peak_mb": usage.ru_maxrss / 1000, **json.loads(output)}


CASES = ("train", "latency", "products", "batch", "check", "labels", "tokenize_one", "tokenize_all", "load")


def make_training(args, inputs):
    if args.way not in ("today", "best"):
        raise ValueError(f"the way {args.way} doesn't train here")
    from torch_training import Training

    return Training(inputs, args.threads, best=args.way == "best")


if __name__ == "__main__":
    main()
