"""Makes the golden file of a model that reads a long call in windows: losses and gradients of a batch of a call of three
windows and a short one, in plain PyTorch.

    python scripts/golden/windows.py           # writes pkg/fusion/testdata/windows.safetensors
"""

import torch

import place
import reference
from model import store

CLASSES = (2, 3, 2, 3)
LENGTH, STRIDE = 10, 3  # as in tokenizer(max_length=10, stride=3, return_overflowing_tokens=True)


def cut(ids):
    """The windows of a call's ids [n] between [CLS] and [SEP], and the first content token of each."""
    content, last = LENGTH - 2, len(ids) - 1
    windows, firsts, first = [], [], 1
    while True:
        end = min(first + content, last)
        windows.append(torch.cat([ids[:1], ids[first:end], ids[last:]]))
        firsts.append(first)
        if end == last:
            return windows, firsts
        first += content - STRIDE


def read(model, ids):
    """The hidden states of a call, [n, dim]: of each token from the window where it is farthest from the nearer edge."""
    if len(ids) <= LENGTH:
        return model.backbone(input_ids=ids[None]).last_hidden_state[0]
    windows, firsts = cut(ids)
    states = [model.backbone(input_ids=w[None]).last_hidden_state[0] for w in windows]
    rows = [torch.stack([s[0] for s in states]).mean(dim=0)]
    for token in range(1, len(ids) - 1):
        margins = [min(token - f, f + len(w) - 3 - token) for w, f in zip(windows, firsts)]
        best = margins.index(max(margins))
        rows.append(states[best][1 + token - firsts[best]])
    rows.append(states[-1][-1])
    return torch.stack(rows)


def write(path):
    model = reference.randomize(reference.Reference(reference.config(), CLASSES), place.seed(11))
    generator = torch.Generator().manual_seed(place.seed(12))
    lengths = (19, 6)
    ids, mask = reference.padded(generator, lengths, 60)
    assert len(cut(ids[0])[0]) == 3
    targets = {
        "ner": [torch.randint(0, len(reference.NER), ids.shape, generator=generator).masked_fill(~mask, -100)],
        "cls": [torch.randint(0, n, (2,), generator=generator) for n in CLASSES],
        "qa": [torch.randint(0, 2, (2, n), generator=generator).float() for n in reference.QA.values()],
    }
    hidden = torch.nn.utils.rnn.pad_sequence([read(model, i[:n]) for i, n in zip(ids, lengths)], batch_first=True)
    losses = {task: reference.loss(task, model.logits(task, hidden, mask), y) for task, y in targets.items()}
    sum(losses.values()).backward()
    tensors = {"ids": ids, "mask": mask, "hidden": hidden}
    tensors |= {f"loss/{task}": loss[None] for task, loss in losses.items()}
    tensors |= {f"{task}/target.{i}": y for task, list_ in targets.items() for i, y in enumerate(list_)}
    for name, p in model.named_parameters():
        tensors |= {f"param/{name}": p, f"grad/{name}": torch.zeros_like(p) if p.grad is None else p.grad}
    store(path / "windows.safetensors", tensors)


if __name__ == "__main__":
    write(place.testdata("pkg/fusion"))
