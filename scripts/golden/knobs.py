"""Makes the golden files of what fine-tuners set with PyTorch and transformers: schedules, and small training runs.

    python scripts/golden/knobs.py              # writes pkg/trainer/testdata
"""

import json

import torch
from torch.nn.utils import clip_grad_norm_
from transformers import get_scheduler

import place
import reference
from model import store
from training import CLASSES, random_batch


def write_schedules(out, steps=20):
    """The learning rate before each step and after the last, with and without a warm-up over a quarter of the steps."""
    rates = {}
    for kind in ("linear", "cosine", "constant", "constant_with_warmup"):
        for name, warmup in (("cold", 0), ("warm", steps // 4)):
            optimizer = torch.optim.AdamW([torch.zeros(1, requires_grad=True)], lr=2e-5)
            schedule = get_scheduler(kind, optimizer, num_warmup_steps=warmup, num_training_steps=steps)
            rates[f"{kind} {name}"] = []
            for _ in range(steps + 1):
                rates[f"{kind} {name}"].append(schedule.get_last_lr()[0])
                optimizer.step()
                schedule.step()
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(each)}" for name, each in rates.items())
    (out / "schedules.json").write_text(f"{{\n{lines}\n}}\n")


def group_options(name, rate, decay, layers, head_rate, layer_decay, exclude):
    """What a parameter's group has: the top layer the learning rate, each one below a part of the one above's."""
    if name.startswith("backbone.embeddings."):
        lr = rate * layer_decay**layers
    elif name.startswith("backbone."):
        lr = rate * layer_decay ** (layers - 1 - int(name.split("layer.")[1].split(".")[0]))
    else:
        lr = head_rate
    plain = exclude and (name.endswith(".bias") or "orm.weight" in name)
    return lr, 0.0 if plain else decay


def write_run(out, name, number, peak=1e-3, scheduler="linear", grouped=None, frozen=(), smoothing=0.0, steps=20):
    """Task alternation as in training.py's write_training, with one knob turned."""
    torch.manual_seed(place.seed(20 + number))
    model = reference.Reference(reference.config(), CLASSES).train()
    generator = torch.Generator().manual_seed(place.seed(40 + number))
    for parameter, p in model.named_parameters():
        p.requires_grad_(not parameter.startswith(tuple(frozen) or "-"))
    learning = [(n, p) for n, p in model.named_parameters() if p.requires_grad]
    groups = [{"params": [p for _, p in learning], "lr": peak, "weight_decay": 0.01}]
    if grouped:
        groups = []
        for n, p in learning:
            lr, decay = group_options(n, peak, 0.01, 2, **grouped)
            groups.append({"params": [p], "lr": lr, "weight_decay": decay})
    optimizer = torch.optim.AdamW(groups)
    schedule = get_scheduler(scheduler, optimizer, num_warmup_steps=steps // 10, num_training_steps=steps)
    tensors = {f"start/{n}": p.clone() for n, p in model.named_parameters()}
    log = []
    for step in range(steps):
        task = ("ner", "cls", "qa")[torch.randint(3, (), generator=generator)]
        ids, mask, targets = random_batch(generator, task)
        loss = reference.loss(task, model(task, ids, mask), targets, smoothing=smoothing)
        loss.backward()
        norm = clip_grad_norm_([p for _, p in learning], 1.0)
        factor = schedule.lr_lambdas[0](step)
        log.append({"task": task, "rate": peak * factor, "loss": loss.item(), "norm": norm.item()})
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        tensors |= {f"{step}/ids": ids, f"{step}/mask": mask}
        tensors |= {f"{step}/target.{i}": t for i, t in enumerate(targets)}
    tensors |= {f"end/{n}": p for n, p in model.named_parameters()}
    store(out / f"{name}_parity.safetensors", tensors)
    lines = ",\n".join("  " + json.dumps(s) for s in log)
    (out / f"{name}_parity.json").write_text(f'{{"peak": {peak}, "steps": [\n{lines}\n]}}\n')


def write_smoothing(out):
    """Smoothed losses of logits and their gradients, with and without class weights, some targets ignored."""
    generator = torch.Generator().manual_seed(place.seed(60))
    tensors = {}
    for case, (task, shape, ignore) in {"token": ("ner", (3, 4), -100), "class": ("cls", (9,), -1)}.items():
        for name, weight in (("plain", None), ("weighted", torch.rand(5, generator=generator) + 0.5)):
            logits = torch.randn(*shape, 5, generator=generator).requires_grad_()
            target = torch.randint(0, 5, shape, generator=generator)
            target = target.masked_fill(torch.rand(shape, generator=generator) < 0.3, ignore)
            loss = reference.loss(task, [logits], [target], weight if weight is None else [weight], smoothing=0.15)
            loss.backward()
            parts = {"logits": logits, "target": target, "loss": loss, "grad": logits.grad}
            if weight is not None:
                parts["weight"] = weight
            tensors |= {f"{case}_{name}/{part}": x for part, x in parts.items()}
    store(out / "smoothing.safetensors", tensors)


if __name__ == "__main__":
    folder = place.testdata("pkg/trainer")
    write_schedules(folder)
    grouped = {"head_rate": 4e-3, "layer_decay": 0.5, "exclude": True}
    write_run(folder, "groups", 0, scheduler="cosine", grouped=grouped)
    write_run(folder, "frozen", 1, frozen=("backbone.embeddings.", "backbone.transformer.layer.0."))
    write_run(folder, "smoothing", 2, smoothing=0.2)
    write_smoothing(place.testdata("pkg/heads"))
