"""The model in PyTorch and transformers, which Go's results are compared with."""

import torch
from torch import nn
from torch.nn import functional
from transformers import DistilBertConfig, DistilBertModel

NER = ["O", "NAME", "LOCATION", "VICTIM", "AGE", "GENDER", "INCIDENT_TYPE", "PERPETRATOR", "PHONE_NUMBER", "LANDMARK"]
QA = {"opening": 1, "listening": 5, "proactiveness": 3, "resolution": 5, "hold": 2, "closing": 1}
CLS = ("main", "sub", "intervention", "priority")


def config(**changes):
    """A small DistilBERT without dropout."""
    small = dict(vocab_size=60, max_position_embeddings=64, dim=16, n_layers=2, n_heads=4, hidden_dim=37)
    return DistilBertConfig(**(small | dict(dropout=0.0, attention_dropout=0.0) | changes))


def randomize(module, seed, scale=0.35):
    """Draws every parameter so large that no part of a formula is without effect: attention far from uniform, norms
    and biases far from their initial 1 and 0."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, p in sorted(module.named_parameters()):
            p.copy_(torch.randn(p.shape, generator=generator) * scale)
            if name.endswith("orm.weight"):
                p.add_(1)
    return module.eval()


class Pooling(nn.Module):
    """The mean of the hidden states, weighted by a learned score."""

    def __init__(self, dim):
        super().__init__()
        self.attention = nn.Linear(dim, 1, bias=False)

    def forward(self, hidden, mask):
        scores = self.attention(hidden)[..., 0].masked_fill(~mask, -torch.inf)
        return torch.einsum("bs,bsd->bd", scores.softmax(dim=-1), hidden)


class LabelAttention(nn.Module):
    """A mean of the hidden states for each of outputs, with scores of its own (Mullenbach et al. 2018, equations 2 to 4)."""

    def __init__(self, dim, outputs):
        super().__init__()
        self.attention = nn.Linear(dim, outputs, bias=False)

    def forward(self, hidden, mask):
        scores = self.attention(hidden).masked_fill(~mask[..., None], -torch.inf)
        return torch.einsum("bso,bsd->bod", scores.softmax(dim=1), hidden)


class Reference(nn.Module):
    """Shared encoder and the heads of the three tasks, with the names of a checkpoint."""

    def __init__(self, config, classes, dropout=0.0):
        super().__init__()
        dim = config.dim
        self.backbone = DistilBertModel(config)
        self.dropout = nn.Dropout(dropout)
        self.ner_transform = nn.Sequential(nn.Linear(dim, dim), nn.GELU(), nn.Dropout(dropout))
        self.ner_classifier = nn.Linear(dim, len(NER))
        self.cls_attention = Pooling(dim)
        for head, count in zip(CLS, classes):
            setattr(self, f"cls_{head}", nn.Linear(dim, count))
        self.qa_attention = Pooling(dim)
        self.qa_heads = nn.ModuleDict({head: nn.Linear(dim, count) for head, count in QA.items()})

    def forward(self, task, ids, mask):
        return self.logits(task, self.backbone(input_ids=ids, attention_mask=mask.long()).last_hidden_state, mask)

    def logits(self, task, hidden, mask):
        """One tensor for each of the task's heads."""
        if task == "ner":
            return [self.ner_classifier(self.ner_transform(hidden))]
        if task == "cls":
            pooled = self.dropout(self.cls_attention(hidden, mask))
            return [getattr(self, f"cls_{head}")(pooled) for head in CLS]
        pooled = self.dropout(self.qa_attention(hidden, mask))
        return [head(pooled) for head in self.qa_heads.values()]


def loss(task, logits, targets, weights=None, valid=None, smoothing=0.0):
    """The sum of the heads' losses. A head whose targets are all ignored is left out: its mean would be 0/0.

    weights has the weights of each head's classes, or None. valid, for flags, is true where a target counts. smoothing
    is that of heads of classes.
    """
    weights = weights or [None] * len(logits)
    if valid:
        each = [
            functional.binary_cross_entropy_with_logits(x, y, pos_weight=w, reduction="none")
            for x, y, w in zip(logits, targets, weights)
        ]
        return sum(x[v].mean() for x, v in zip(each, valid) if v.any())
    if task == "qa":
        return sum(
            functional.binary_cross_entropy_with_logits(x, y, pos_weight=w) for x, y, w in zip(logits, targets, weights)
        )
    ignore = -100 if task == "ner" else -1
    return sum(
        functional.cross_entropy(x.flatten(0, -2), y.flatten(), weight=w, ignore_index=ignore, label_smoothing=smoothing)
        for x, y, w in zip(logits, targets, weights)
        if (y != ignore).any()
    )


def soft_loss(task, logits, teachers, rows, temperature):
    """The distillation loss: the sum over heads of T² · KL(teacher ‖ student), where rows are those rows of a head's
    logits that its teacher speaks of. A head without a teacher is left out."""
    total = 0
    for x, y, r in zip(logits, teachers, rows):
        if y is None:
            continue
        x = x.flatten(0, -2)[r]
        if task == "qa":  # in float64, which PyTorch's formula needs where a probability is near 0 or 1
            p, q = (torch.distributions.Bernoulli(logits=z.double() / temperature) for z in (y, x))
            divergence = torch.distributions.kl_divergence(p, q).mean().float()
        else:
            p, q = (functional.log_softmax(z / temperature, dim=-1) for z in (y, x))
            divergence = functional.kl_div(q, p, reduction="batchmean", log_target=True)
        total = total + temperature**2 * divergence
    return total


def hidden_loss(student, teacher, mask):
    """DistilBERT's cosine loss over the real tokens."""
    student, teacher = student[mask], teacher[mask]
    return functional.cosine_embedding_loss(student, teacher, torch.ones(len(student)))


def padded(generator, lengths, vocab):
    """Random ids [batch, longest] with padding 0, and their mask."""
    mask = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
    return torch.randint(1, vocab, mask.shape, generator=generator) * mask, mask
