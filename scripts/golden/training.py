"""Makes the golden files of the optimiser and of small training runs with PyTorch: a plain one, and two with teachers.

    python scripts/golden/training.py           # writes {internal/torchx,pkg/trainer}/testdata
"""

import json

import torch
from torch.nn import functional
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

# Of annealed teachers: soft_weight is that of the loss of texts without labels.
ANNEALED = {
    "ner": {"alpha": 1.0, "temperature": 1.0, "annealing_ratio": 0.8, "soft_weight": 0.5},
    "cls": {"alpha": 0.9, "temperature": 2.0, "annealing_ratio": 0.5, "soft_weight": 1.0},
    "qa": {"alpha": 1.0, "temperature": 1.0, "annealing_ratio": 1.0, "soft_weight": 2.0},
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


def mixed_targets(task, logits, targets, said, rows, share):
    """The loss with the target share · gold + (1 - share) · softmax(teacher), of heads whose rows with a label are those
    with a teacher: what BAM! (Clark et al. 2019) writes."""
    total = 0
    for x, y, z, r in zip(logits, targets, said, rows):
        x, y = x.flatten(0, -2)[r], (y if task == "qa" else y.flatten())[r]
        if task == "qa":
            target = share * y + (1 - share) * torch.sigmoid(z)
            total = total + functional.binary_cross_entropy_with_logits(x, target)
        else:
            target = share * functional.one_hot(y, x.shape[-1]) + (1 - share) * torch.softmax(z, dim=-1)
            total = total + functional.cross_entropy(x, target)
    return total


def write_mixed(out):
    """Gradients of mixed targets at the logits of a head of each kind, with the teacher's share of every step."""
    generator = torch.Generator().manual_seed(place.seed(8))
    tensors = {}
    for task, shape in {"ner": (3, 4, 5), "cls": (6, 4), "qa": (5, 3)}.items():
        for share in (0.0, 0.25, 0.9, 1.0):
            x = torch.randn(shape, generator=generator).requires_grad_()
            count = x[..., 0].numel()
            if task == "qa":
                y = torch.randint(0, 2, shape, generator=generator).float()
            else:
                y = torch.randint(0, shape[-1], shape[:-1], generator=generator)
            rows = torch.arange(count)
            if task == "ner":  # only these have a label, and a teacher
                rows = torch.tensor([0, 1, 3, 6, 7, 10])
                keep = torch.zeros(count, dtype=torch.bool)
                keep[rows] = True
                y = y.masked_fill(~keep.view(y.shape), -100)
            z = 3 * torch.randn(len(rows), shape[-1], generator=generator)
            loss = mixed_targets(task, [x], [y], [z], [rows], share)
            loss.backward()
            parts = {"logits": x, "target": y, "teacher": z, "rows": rows, "grad": x.grad}
            tensors |= {f"{task}.{share:g}/{part}": value for part, value in parts.items()}
    store(out / "mixed_targets.safetensors", tensors)


def write_annealed(out, steps=12, peak=1e-3):
    """Task alternation with teachers whose weight falls to 0, as in ANNEALED. The batch of each task is also taught to
    the next one, by its teacher alone: of some tokens, or texts."""
    torch.manual_seed(place.seed(6))
    model = reference.Reference(reference.config(), CLASSES).train()
    generator = torch.Generator().manual_seed(place.seed(7))
    optimizer = torch.optim.AdamW(model.parameters(), lr=peak, weight_decay=0.01)
    schedule = get_linear_schedule_with_warmup(optimizer, int(0.1 * steps), steps)
    tensors = {f"start/{name}": p.clone() for name, p in model.named_parameters()}
    log = []
    names = ("ner", "cls", "qa")
    for step in range(steps):
        task, other = names[step % 3], names[(step + 1) % 3]
        ids, mask, targets = random_batch(generator, task)
        logits = model(task, ids, mask)
        rows, said = random_teachers(generator, task, logits, targets)
        weight = ANNEALED[task]["alpha"] * max(0.0, 1 - step / steps / ANNEALED[task]["annealing_ratio"])
        hard = reference.loss(task, logits, targets)
        loss = hard
        entry = {"task": task, "other": other, "rate": schedule.get_last_lr()[0], "hard": hard.item()}
        if weight > 0:
            soft = reference.soft_loss(task, logits, said, rows, ANNEALED[task]["temperature"])
            loss = (1 - weight) * hard + weight * soft
            entry["soft"] = soft.item()
        entry["loss"] = loss.item()
        others = model(other, ids, mask)
        real = [mask.long().masked_fill(~mask, -100) if other == "ner" else None for _ in others]
        other_rows, other_said = random_teachers(generator, other, others, real)
        taught = reference.soft_loss(other, others, other_said, other_rows, ANNEALED[other]["temperature"])
        (loss + ANNEALED[other]["soft_weight"] * taught).backward()
        entry |= {"taught": taught.item(), "norm": clip_grad_norm_(model.parameters(), 1.0).item()}
        log.append(entry)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        tensors |= {f"{step}/ids": ids, f"{step}/mask": mask}
        tensors |= {f"{step}/target.{i}": t for i, t in enumerate(targets)}
        for prefix, all_rows, all_said in (("", rows, said), ("other.", other_rows, other_said)):
            for i, (r, t) in enumerate(zip(all_rows, all_said)):
                if t is not None:
                    tensors |= {f"{step}/{prefix}rows.{i}": r, f"{step}/{prefix}teacher.{i}": t}
    tensors |= {f"end/{name}": p for name, p in model.named_parameters()}
    store(out / "annealed_parity.safetensors", tensors)
    lines = ",\n".join("  " + json.dumps(s) for s in log)
    (out / "annealed_parity.json").write_text(
        f'{{"peak": {peak}, "distill": {json.dumps(ANNEALED)}, "steps": [\n{lines}\n]}}\n'
    )


if __name__ == "__main__":
    write_optimizer(place.testdata("internal/torchx"))
    write_training(place.testdata("pkg/trainer"))
    write_distill(place.testdata("pkg/trainer"))
    write_mixed(place.testdata("pkg/trainer"))
    write_annealed(place.testdata("pkg/trainer"))
