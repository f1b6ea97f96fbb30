"""Makes the golden files of backbone, heads and fusion with PyTorch and transformers.

    python scripts/golden/model.py              # writes pkg/{backbone,heads,fusion}/testdata
    python scripts/golden/model.py verify DIR   # reads in Python the model directory that Go saved
                                                # (go test ./pkg/fusion -run Prototype -save DIR)
"""

import copy
import json
import pathlib
import sys

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional
from transformers import DistilBertForMaskedLM, DistilBertModel, logging

import place
import reference

LENGTHS = {"1": [1], "2": [2], "17": [17], "64": [64], "batch": [9, 9, 9], "padded": [17, 1, 6], "full": [64, 17, 2]}


def store(path, tensors):
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: t.detach().contiguous().clone() for name, t in tensors.items()}, path, metadata={"format": "pt"})


def hidden_states(model, seed):
    """Inputs and the last layer's hidden states."""
    generator = torch.Generator().manual_seed(seed)
    out = {}
    for case, lengths in LENGTHS.items():
        ids, mask = reference.padded(generator, lengths, model.config.vocab_size)
        out[f"{case}/ids"], out[f"{case}/mask"] = ids, mask
        with torch.no_grad():
            out[f"{case}/hidden"] = model(input_ids=ids, attention_mask=mask.long()).last_hidden_state
    return out


def old_names(state):
    """LayerNorm's parameters as checkpoints of TensorFlow's times call them."""
    for old, new in (("gamma", "weight"), ("beta", "bias")):
        state = {
            name.removesuffix(new) + old if "orm." in name and name.endswith(new) else name: t
            for name, t in state.items()
        }
    return state


def write_backbone(out):
    masked_lm = reference.randomize(DistilBertForMaskedLM(reference.config()), place.seed(1))
    encoder = masked_lm.distilbert
    encoder.config.save_pretrained(out / "plain")
    store(out / "hidden.safetensors", hidden_states(encoder, place.seed(2)))
    store(out / "plain" / "model.safetensors", encoder.state_dict())

    # What a published checkpoint has: the prefix, the language model's head; and in an old one the names of its norms.
    full = {name: t for name, t in masked_lm.state_dict().items() if name != "vocab_projector.weight"}
    encoder.config.save_pretrained(out / "prefixed")
    store(out / "prefixed" / "model.safetensors", full)
    encoder.config.save_pretrained(out / "old")
    torch.save(old_names(full), out / "old" / "pytorch_model.bin")

    for name, dtype in (("fp16", torch.float16), ("bf16", torch.bfloat16)):
        half = copy.deepcopy(encoder).to(dtype)
        half.config.save_pretrained(out / name)
        store(out / name / "model.safetensors", half.state_dict())
        store(out / name / "hidden.safetensors", hidden_states(half.float(), place.seed(2)))


class TokenHead(nn.Module):
    """[Linear → GELU →] Linear for every token."""

    def __init__(self, dim, labels, transform):
        super().__init__()
        if transform:
            self.transform = nn.Linear(dim, dim)
        self.classifier = nn.Linear(dim, labels)

    def forward(self, hidden, mask):
        return [self.classifier(functional.gelu(self.transform(hidden)) if hasattr(self, "transform") else hidden)]


class PooledHead(nn.Module):
    """[Linear → ReLU →] linear classifiers on a sentence vector."""

    def __init__(self, dim, labels, attention, pre=False):
        super().__init__()
        if attention:
            self.pool = reference.Pooling(dim)
        if pre:
            self.pre = nn.Linear(dim, dim)
        self.head = nn.ModuleList(nn.Linear(dim, n) for n in labels)

    def forward(self, hidden, mask):
        pooled = self.pool(hidden, mask) if hasattr(self, "pool") else hidden[:, 0]
        if hasattr(self, "pre"):
            pooled = functional.relu(self.pre(pooled))
        return [head(pooled) for head in self.head]


class LabelHead(nn.Module):
    """Linear classifiers, each output with a sentence vector of its own, or each head."""

    def __init__(self, dim, labels, each_output, pre=False):
        super().__init__()
        self.pool = reference.LabelAttention(dim, sum(labels) if each_output else len(labels))
        if pre:
            self.pre = nn.Linear(dim, dim)
        self.head = nn.ModuleList(nn.Linear(dim, n) for n in labels)
        self.counts = [n if each_output else 1 for n in labels]

    def forward(self, hidden, mask):
        pooled = self.pool(hidden, mask)
        if hasattr(self, "pre"):
            pooled = functional.relu(self.pre(pooled))
        parts = pooled.split(self.counts, dim=1)
        return [(part * head.weight).sum(dim=-1) + head.bias for part, head in zip(parts, self.head)]


def learn(task, module, mask, targets, generator, weights=None, valid=None):
    """A head's logits and loss, and the gradients of the loss with respect to hidden states and parameters."""
    hidden = torch.randn(*mask.shape, 16, generator=generator).requires_grad_()
    logits = module(hidden, mask)
    loss = reference.loss(task, logits, targets, weights, valid)
    loss.backward()
    parts = {"hidden": hidden, "mask": mask, "loss": loss, "hidden.grad": hidden.grad}
    for name, each in {"logits": logits, "target": targets, "weight": weights or [], "valid": valid or []}.items():
        parts |= {f"{name}.{i}": x for i, x in enumerate(each) if x is not None}
    for name, p in module.named_parameters():
        parts[f"param.{name}"] = p
        parts[f"grad.{name}"] = torch.zeros_like(p) if p.grad is None else p.grad
    return parts


def write_heads(out):
    """What learn says of heads: plain ones, then some with a pre-classifier, class weights, ignored outputs."""
    dim, lengths = 16, [7, 1, 4]
    generator = torch.Generator().manual_seed(place.seed(3))
    _, padded = reference.padded(generator, lengths, 60)
    whole = torch.ones_like(padded)
    token = torch.randint(0, 5, padded.shape, generator=generator)
    ignored = token.masked_fill(~padded | (torch.rand(padded.shape, generator=generator) < 0.3), -100)
    classes = [torch.tensor([2, 0, 1]), torch.tensor([4, -1, 3]), torch.tensor([-1, -1, -1]), torch.tensor([-1, 1, -1])]
    flags = [torch.randint(0, 2, (3, n), generator=generator).float() for n in (1, 5, 2)]

    def token_head(transform):
        return TokenHead(dim, 5, transform)

    def class_head(attention, pre=False):
        return PooledHead(dim, (3, 5, 4, 2), attention, pre)

    def flag_head(attention, pre=False):
        return PooledHead(dim, (1, 5, 2), attention, pre)

    cases = {
        "token": ("ner", token_head(transform=False), whole, [token]),
        "token_transform": ("ner", token_head(transform=True), padded, [ignored]),
        "class_attention": ("cls", class_head(attention=True), padded, classes),
        "class_attention_whole": ("cls", class_head(attention=True), whole, classes),
        "class_first": ("cls", class_head(attention=False), padded, classes),
        "flags_attention": ("qa", flag_head(attention=True), padded, flags),
        "flags_first": ("qa", flag_head(attention=False), whole, flags),
    }
    tensors = {}
    for n, (case, (task, module, mask, targets)) in enumerate(cases.items()):
        reference.randomize(module, place.seed(n))
        tensors |= {f"{case}/{name}": t for name, t in learn(task, module, mask, targets, generator).items()}

    # A generator of their own leaves the cases above as they were.
    generator = torch.Generator().manual_seed(place.seed(20))

    def weigh(*counts):
        return [0.2 + 4 * torch.rand(n, generator=generator) for n in counts]

    token_weights, class_weights, flag_weights = weigh(5), weigh(3, 5, 4, 2), weigh(1, 5, 2)
    class_weights[0] = flag_weights[2] = None
    some = torch.rand(3, 5, generator=generator) < 0.6
    valid = [torch.tensor([[True], [False], [True]]), some, torch.zeros(3, 2, dtype=torch.bool)]
    cases = {
        "token_weights": ("ner", token_head(transform=False), padded, [ignored], token_weights, None),
        "class_pre": ("cls", class_head(attention=False, pre=True), padded, classes, None, None),
        "class_pre_attention": ("cls", class_head(attention=True, pre=True), padded, classes, None, None),
        "class_weights": ("cls", class_head(attention=True), padded, classes, class_weights, None),
        "flags_pre": ("qa", flag_head(attention=False, pre=True), padded, flags, None, None),
        "flags_weights": ("qa", flag_head(attention=True), padded, flags, flag_weights, None),
        "flags_valid": ("qa", flag_head(attention=True), padded, flags, None, valid),
        "flags_valid_weights": ("qa", flag_head(attention=False), padded, flags, flag_weights, valid),
    }
    for n, (case, (task, module, mask, targets, weights, valid)) in enumerate(cases.items()):
        reference.randomize(module, place.seed(21 + n))
        parts = learn(task, module, mask, targets, generator, weights, valid)
        tensors |= {f"{case}/{name}": t for name, t in parts.items()}

    generator = torch.Generator().manual_seed(place.seed(50))
    cases = {
        "class_label_attention": ("cls", LabelHead(dim, (3, 5, 4, 2), each_output=False), padded, classes, class_weights, None),
        "class_label_attention_pre": ("cls", LabelHead(dim, (3, 5, 4, 2), each_output=False, pre=True), whole, classes, None, None),
        "flags_label_attention": ("qa", LabelHead(dim, (1, 5, 2), each_output=True), padded, flags, None, None),
        "flags_label_attention_pre": ("qa", LabelHead(dim, (1, 5, 2), each_output=True, pre=True), padded, flags, flag_weights, valid),
    }
    for n, (case, (task, module, mask, targets, weights, valid)) in enumerate(cases.items()):
        reference.randomize(module, place.seed(51 + n))
        parts = learn(task, module, mask, targets, generator, weights, valid)
        tensors |= {f"{case}/{name}": t for name, t in parts.items()}
    store(out / "heads.safetensors", tensors)


def write_distill(out):
    """Distillation losses and their gradients with respect to what the student said."""
    generator = torch.Generator().manual_seed(place.seed(40))

    def draw(*shape):
        return 2 * torch.randn(*shape, generator=generator)

    real = torch.arange(7) < torch.tensor([7, 1, 4])[:, None]
    real_rows = real.flatten().nonzero().flatten()
    tensors = {}

    # Of each head: the shape of its logits, and the rows that the teacher speaks of: all (None), some, none (()).
    kinds = {
        "token": ("ner", [((3, 7, 5), real_rows)]),
        "token_all": ("ner", [((3, 7, 5), None)]),
        "class": ("cls", [((4, 3), None), ((4, 5), torch.tensor([3, 0])), ((4, 4), ()), ((4, 2), torch.tensor([1]))]),
        "flags": ("qa", [((4, 1), torch.tensor([2, 1, 0])), ((4, 5), None), ((4, 2), ())]),
    }
    for kind, (task, heads) in kinds.items():
        for temperature in (1, 2, 4):
            logits = [draw(*shape) for shape, _ in heads]
            rows = [torch.arange(x[..., 0].numel()) if r is None else r for x, (_, r) in zip(logits, heads)]
            teachers = [draw(len(r), x.shape[-1]) if len(r) else None for x, r in zip(logits, rows)]
            # The teacher is certain of two things; the student is as sure of the first, and as wrong of the second.
            teachers[0][:2, 0] = 30
            logits[0].flatten(0, -2)[rows[0][:2], 0] = torch.tensor([30.0, -30.0])
            for x in logits:
                x.requires_grad_()
            loss = reference.soft_loss(task, logits, teachers, rows, temperature)
            loss.backward()
            parts = {"loss": loss}
            for i, (x, y) in enumerate(zip(logits, teachers)):
                parts |= {f"student.{i}": x, f"student.{i}.grad": torch.zeros_like(x) if y is None else x.grad}
                parts |= {} if y is None else {f"teacher.{i}": y}
                parts |= {} if heads[i][1] is None or y is None else {f"rows.{i}": rows[i]}
            tensors |= {f"{kind}.{temperature}/{name}": t for name, t in parts.items()}

    for case, mask in (("hidden", real), ("hidden_all", torch.ones_like(real))):
        student, teacher = draw(3, 7, 16).requires_grad_(), draw(3, 7, 16)
        loss = reference.hidden_loss(student, teacher, mask)
        loss.backward()
        parts = {"student": student, "teacher": teacher, "mask": mask, "loss": loss, "student.grad": student.grad}
        tensors |= {f"{case}/{name}": t for name, t in parts.items()}
    store(out / "distill.safetensors", tensors)


def write_parameters(out):
    """Names and shapes of the full model with 10/8/77/16/3 labels."""
    with torch.device("meta"):
        model = reference.Reference(
            reference.config(vocab_size=28996, max_position_embeddings=512, dim=768, n_layers=6, n_heads=12, hidden_dim=3072),
            (8, 77, 16, 3),
        )
    shapes = {name: list(p.shape) for name, p in model.named_parameters()}
    total = sum(p.numel() for p in model.parameters())
    lines = ",\n".join(f"  {json.dumps(name)}: {shape}" for name, shape in shapes.items())
    (out / "parameters.json").write_text(f'{{"total": {total}, "shapes": {{\n{lines}\n}}}}\n')


VOCAB = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + [f"word{i}" for i in range(55)]
CLASSES = {
    "main_cat": ["GBV", "Unknown"],
    "sub_cat": ["Bullying", "Neglect", "Other"],
    "interv": ["Counselling", "Referral"],
    "priority": ["1", "2", "3"],
}


def label_maps(classes):
    """The content of label_maps.json."""
    maps = {"ner": {"label_to_id": {x: i for i, x in enumerate(reference.NER)}}, "cls": {}, "qa": {"head_config": reference.QA}}
    maps["ner"]["id_to_label"] = {i: x for i, x in enumerate(reference.NER)}
    for name, labels in classes.items():
        maps["cls"][f"{name}2id"] = {x: i for i, x in enumerate(labels)}
        maps["cls"][f"id_to_{name}"] = {i: x for i, x in enumerate(labels)}
    return maps


def sizes(config):
    """The config.json that a model needs which isn't of distilbert-base's width."""
    keys = ("vocab_size", "max_position_embeddings", "dim", "n_layers", "n_heads", "hidden_dim")
    return json.dumps({"model_type": "distilbert"} | {key: getattr(config, key) for key in keys}, indent=2) + "\n"


def write_prototype(out):
    """A model directory as the Python prototype writes it, and what the model says of two texts. The prototype's has no
    config.json, as its encoder is distilbert-base-cased; this one is smaller, and has to say so."""
    config = reference.config(dim=64, n_heads=1, n_layers=2)
    model = reference.randomize(reference.Reference(config, [len(x) for x in CLASSES.values()]), place.seed(4), scale=0.2)
    directory = out / "prototype"
    directory.mkdir(parents=True, exist_ok=True)
    torch.save(model.state_dict(), directory / "model.pt")
    (directory / "config.json").write_text(sizes(config))

    (directory / "label_maps.json").write_text(json.dumps(label_maps(CLASSES), indent=2) + "\n")
    (directory / "vocab.txt").write_text("\n".join(VOCAB) + "\n")
    tokenizer = {"do_lower_case": False, "model_max_length": 64, "tokenizer_class": "DistilBertTokenizer"}
    (directory / "tokenizer_config.json").write_text(json.dumps(tokenizer, indent=2) + "\n")

    store(out / "logits.safetensors", logits(model))


def logits(model):
    ids, mask = reference.padded(torch.Generator().manual_seed(place.seed(5)), [12, 5], 60)
    tensors = {"ids": ids, "mask": mask}
    with torch.no_grad():
        for task in ("ner", "cls", "qa"):
            tensors |= {f"{task}/{i}": x for i, x in enumerate(model(task, ids, mask))}
    return tensors


def verify(directory):
    """Go loaded the prototype's directory and saved it anew: the weights must be the same, the results too."""
    want = torch.load(place.testdata("pkg/fusion") / "prototype" / "model.pt", weights_only=True)
    for name, got in (
        ("model.pt", torch.load(directory / "model.pt", weights_only=True)),
        ("model.safetensors", load_file(directory / "model.safetensors")),
    ):
        same = got.keys() == want.keys() and all(torch.equal(got[k], want[k]) for k in want)
        print(f"{name}: {len(got)} tensors, {'equal' if same else 'DIFFERENT'}")
        if not same:
            sys.exit(1)

    encoder, info = DistilBertModel.from_pretrained(
        directory, key_mapping={r"^backbone\.": ""}, output_loading_info=True
    )
    if info["missing_keys"]:
        sys.exit(f"DistilBertModel misses {info['missing_keys']}")
    model = reference.Reference(encoder.config, [len(x) for x in CLASSES.values()])
    model.load_state_dict(want)
    model.backbone = encoder
    golden = load_file(place.testdata("pkg/fusion") / "logits.safetensors")
    worst = max((x - golden[name]).abs().max().item() for name, x in logits(model.eval()).items() if "/" in name)
    print(f"DistilBertModel.from_pretrained: logits differ by {worst:.1e} at most")
    if worst > 1e-6:
        sys.exit(1)


def main():
    logging.set_verbosity_error()
    if sys.argv[1:2] == ["verify"]:
        return verify(pathlib.Path(sys.argv[2]))
    write_backbone(place.testdata("pkg/backbone"))
    write_heads(place.testdata("pkg/heads"))
    write_distill(place.testdata("pkg/heads"))
    write_parameters(place.testdata("pkg/fusion"))
    write_prototype(place.testdata("pkg/fusion"))


if __name__ == "__main__":
    main()
