"""Makes the golden files of the optimiser and of small training runs with PyTorch: a plain one, and one with teachers.

    python scripts/golden/training.py           # writes {internal/torchx,pkg/trainer}/testdata
"""

import json

import torch
from torch.nn.utils import clip_grad_norm_
from transformers import get_linear_schedule_with_warmup

import place
import reference
from model import store


def write_optimizer(out):
    """AdamW over ten steps with given gradients. A parameter without a gradient in a step, or in all, is left alone."""
    generator = torch.Generator().manual_seed(place.seed(1))
    shapes = {"matrix": (3, 5), "vector": (7,), "single": (1,), "rare": (4,), "idle": (2, 2)}
    skipped = {"rare": {0, 1, 2, 4, 5, 8}, "idle": set(range(10))}
    params = {name: torch.randn(shape, generator=generator).requires_grad_() for name, shape in shapes.items()}
    optimizer = torch.optim.AdamW(params.values(), lr=1.0, weight_decay=0.01)
    tensors = {f"start/{name}": p.clone() for name, p in params.items()}
    steps = []
    for step in range(10):
        for name, p in params.items():
            p.grad = None
            if step not in skipped.get(name, ()):
                # From far above the limit of the norm to far below it.
                p.grad = torch.randn(p.shape, generator=generator) * 10 ** (1 - step / 2)
                tensors[f"{step}/gradient/{name}"] = p.grad.clone()
        rate = 0.1 / (step + 1)
        optimizer.param_groups[0]["lr"] = rate
        norm = clip_grad_norm_(params.values(), 1.0)
        optimizer.step()
        steps.append({"rate": rate, "norm": norm.item()})
        tensors |= {f"{step}/param/{name}": p.clone() for name, p in params.items()}
    store(out / "adamw.safetensors", tensors)
    lines = ",\n".join("  " + json.dumps(s) for s in steps)
    (out / "adamw.json").write_text(f'{{"weight_decay": 0.01, "max_norm": 1.0, "steps": [\n{lines}\n]}}\n')


CLASSES = (2, 3, 2, 3)


def random_batch(generator, task):
    """Ids, mask and one tensor of targets for each head, some of them ignored."""
    lengths = torch.randint(2, 13, (4,), generator=generator).tolist()
    ids, mask = reference.padded(generator, lengths, 60)
    if task == "qa":
        return ids, mask, [torch.randint(0, 2, (4, n), generator=generator).float() for n in reference.QA.values()]
    if task == "cls":
        return ids, mask, [torch.randint(-1, n, (4,), generator=generator) for n in CLASSES]
    targets = torch.randint(0, len(reference.NER), ids.shape, generator=generator)
    ignored = ~mask | (torch.rand(ids.shape, generator=generator) < 0.3)
    return ids, mask, [targets.masked_fill(ignored, -100)]


def write_training(out, steps=30, peak=1e-3):
    """Task alternation: AdamW, linear warm-up over a tenth of the steps, clipping; only the batch's own head learns."""
    torch.manual_seed(place.seed(2))
    model = reference.Reference(reference.config(), CLASSES).train()
    generator = torch.Generator().manual_seed(place.seed(3))
    optimizer = torch.optim.AdamW(model.parameters(), lr=peak, weight_decay=0.01)
    schedule = get_linear_schedule_with_warmup(optimizer, int(0.1 * steps), steps)
    tensors = {f"start/{name}": p.clone() for name, p in model.named_parameters()}
    log = []
    for step in range(steps):
        task = ("ner", "cls", "qa")[torch.randint(3, (), generator=generator)]
        ids, mask, targets = random_batch(generator, task)
        loss = reference.loss(task, model(task, ids, mask), targets)
        loss.backward()
        norm = clip_grad_norm_(model.parameters(), 1.0)
        log.append({"task": task, "rate": schedule.get_last_lr()[0], "loss": loss.item(), "norm": norm.item()})
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        tensors |= {f"{step}/ids": ids, f"{step}/mask": mask}
        tensors |= {f"{step}/target.{i}": t for i, t in enumerate(targets)}
    tensors |= {f"end/{name}": p for name, p in model.named_parameters()}
    store(out / "parity.safetensors", tensors)
    lines = ",\n".join("  " + json.dumps(s) for s in log)
    (out / "parity.json").write_text(f'{{"peak": {peak}, "steps": [\n{lines}\n]}}\n')


DISTILL = {
    "ner": {"alpha": 0.5, "temperature": 2.0},
    "cls": {"alpha": 0.8, "temperature": 4.0},
    "qa": {"alpha": 0.3, "temperature": 1.5},
}


def random_teachers(generator, task, logits, targets):
    """The rows of each head's logits that its teacher speaks of, and what it says: of some labelled tokens, of some
    texts or none, of all texts."""
    rows, said = [], []
    for x, y in zip(logits, targets):
        share = torch.rand(x[..., 0].numel(), generator=generator)
        if task == "qa":
            keep = share >= 0
        else:
            keep = (share < 0.7) & ((y.flatten() != -100) if task == "ner" else True)
        rows.append(keep.nonzero().flatten())
        said.append(3 * torch.randn(len(rows[-1]), x.shape[-1], generator=generator) if keep.any() else None)
    return rows, said


def write_distill(out, steps=12, peak=1e-3):
    """Task alternation as above with the loss (1 - alpha) * hard + alpha * T^2 * KL(teacher || student)."""
    torch.manual_seed(place.seed(4))
    model = reference.Reference(reference.config(), CLASSES).train()
    generator = torch.Generator().manual_seed(place.seed(5))
    optimizer = torch.optim.AdamW(model.parameters(), lr=peak, weight_decay=0.01)
    schedule = get_linear_schedule_with_warmup(optimizer, int(0.1 * steps), steps)
    tensors = {f"start/{name}": p.clone() for name, p in model.named_parameters()}
    log = []
    for step in range(steps):
        task = ("ner", "cls", "qa")[step % 3]
        ids, mask, targets = random_batch(generator, task)
        logits = model(task, ids, mask)
        rows, said = random_teachers(generator, task, logits, targets)
        alpha, temperature = DISTILL[task]["alpha"], DISTILL[task]["temperature"]
        hard = reference.loss(task, logits, targets)
        soft = reference.soft_loss(task, logits, said, rows, temperature)
        loss = (1 - alpha) * hard + alpha * soft
        loss.backward()
        norm = clip_grad_norm_(model.parameters(), 1.0)
        entry = {"task": task, "rate": schedule.get_last_lr()[0], "loss": loss.item(), "norm": norm.item()}
        log.append(entry | {"hard": hard.item(), "soft": soft.item()})
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        tensors |= {f"{step}/ids": ids, f"{step}/mask": mask}
        tensors |= {f"{step}/target.{i}": t for i, t in enumerate(targets)}
        for i, (r, t) in enumerate(zip(rows, said)):
            if t is not None:
                tensors |= {f"{step}/rows.{i}": r, f"{step}/teacher.{i}": t}
    tensors |= {f"end/{name}": p for name, p in model.named_parameters()}
    store(out / "distill_parity.safetensors", tensors)
    lines = ",\n".join("  " + json.dumps(s) for s in log)
    (out / "distill_parity.json").write_text(
        f'{{"peak": {peak}, "distill": {json.dumps(DISTILL)}, "steps": [\n{lines}\n]}}\n'
    )


if __name__ == "__main__":
    write_optimizer(place.testdata("internal/torchx"))
    write_training(place.testdata("pkg/trainer"))
    write_distill(place.testdata("pkg/trainer"))
