"""Times an encoder beside transformers' with SDPA, in turns: encoder.py FOLDER PROGRAM ROUNDS.

PROGRAM is bench/encoder. Both have the same weights, tokens and threads; texts of a batch are equally long, so neither pads.
What is measured is processor time, so that another's load on the machine doesn't count.
"""

import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

import torch
from torch.nn import functional
from transformers import AutoModel, logging

HEADS = 12
WIDTHS = (26, 32, 64)


class Ours:
    def __init__(self, program, folder):
        self.worker = subprocess.Popen([program, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def time(self, case):
        self.worker.stdin.write(json.dumps(case) + "\n")
        self.worker.stdin.flush()
        answer = json.loads(self.worker.stdout.readline())
        self.mb = answer["mb"]
        return answer["ms"]


class PyTorch:
    def __init__(self, folder):
        self.model = AutoModel.from_pretrained(folder, attn_implementation="sdpa").eval()

    def time(self, case):
        if "width" in case:
            return self.attention(**case)
        ids = (1000 + torch.arange(case["tokens"]) * 37 % 20000).expand(case["batch"], -1)
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=case["precision"] == "bf16"):
            started = time.process_time()
            self.model(input_ids=ids).last_hidden_state.float().sum().item()
            return (time.process_time() - started) * 1000

    def attention(self, batch, tokens, heads, width, training):
        x = torch.randn(batch * tokens, heads * width, requires_grad=training)
        with torch.inference_mode(not training):
            started = time.process_time()
            q = x.view(batch, tokens, heads, width).transpose(1, 2)
            out = functional.scaled_dot_product_attention(q, q, q, dropout_p=0.1 if training else 0.0)
            out = out.transpose(1, 2).reshape(batch * tokens, heads * width)
            if training:
                out.mean().backward()
            return (time.process_time() - started) * 1000

    @property
    def mb(self):
        status = pathlib.Path("/proc/self/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) // 1024


def cases():
    for tokens in (64, 256, 400):
        for precision in ("fp32", "bf16", "int8"):
            yield f"one call of {tokens} tokens, {precision}", dict(batch=1, tokens=tokens, precision=precision)
    for precision in ("fp32", "bf16", "int8"):
        yield f"16 calls of 400 tokens, {precision}", dict(batch=16, tokens=400, precision=precision)
    for training in (False, True):
        what = "forward and backward, dropout" if training else "forward"
        for width in WIDTHS:
            case = dict(batch=16, tokens=400, heads=HEADS, width=width, training=training)
            yield f"attention, {HEADS} heads of {width}, {what}", case


def main():
    folder, program, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    ours, theirs = Ours(program, folder), PyTorch(folder)
    print(f"{'':58} {'ours':>9} {'PyTorch':>9}  ms of processor time, medians of {rounds} rounds in turns, {torch.get_num_threads()} threads")
    memory = None
    for what, case in cases():
        if "width" in case and memory is None:
            memory = ours.mb, theirs.mb  # with the encoder's passes alone
        sides = [ours] if case.get("precision") == "int8" else [ours, theirs]
        times = {side: [] for side in sides}
        for round in range(-1, rounds):
            for side in sides if round % 2 else reversed(sides):
                took = side.time(case)
                if round >= 0:  # the first warms up
                    times[side].append(took)
        row = [f"{statistics.median(times[side]):9.2f}" if side in times else f"{'–':>9}" for side in (ours, theirs)]
        print(f"{what:58} {' '.join(row)}", flush=True)
    print(f"{'largest resident memory of the process, MB':58} {memory[0]:9.0f} {memory[1]:9.0f}")


if __name__ == "__main__":
    main()
