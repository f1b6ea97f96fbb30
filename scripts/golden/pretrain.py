"""Makes the golden files of masked language modelling and of an encoder's distillation with PyTorch and transformers.

    python scripts/golden/pretrain.py             # writes pkg/pretrain/testdata
    python scripts/golden/pretrain.py verify DIR  # runs the fill-mask pipeline on what Go saved
                                                  # (go test ./pkg/pretrain -run FillMask -save DIR)
"""

import json
import math
import pathlib
import sys

import torch
from torch.nn import functional
from torch.nn.utils import clip_grad_norm_
from transformers import (
    AutoModelForMaskedLM,
    BertConfig,
    BertForMaskedLM,
    BertTokenizer,
    DataCollatorForLanguageModeling,
    DistilBertForMaskedLM,
    get_linear_schedule_with_warmup,
    pipeline,
)

import place
import reference
from model import store

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = [f"w{i}" for i in range(20)] + [f"##s{i}" for i in range(10)] + ["##", "."]


def write_masking(out):
    """What DataCollatorForLanguageModeling makes of some pieces, and the random numbers that it drew for it."""
    tokenizer = BertTokenizer(vocab={t: i for i, t in enumerate(SPECIAL + WORDS)})
    generator = torch.Generator().manual_seed(place.seed(1))
    drawn = {"bernoulli": [], "randint": []}

    def bernoulli(p, generator=None):
        drawn["bernoulli"].append(torch.rand(p.shape, generator=numbers, dtype=torch.float64))
        return (drawn["bernoulli"][-1] < p).float()

    def randint(high, shape, **_):
        drawn["randint"].append(real[1](len(SPECIAL), high, shape, generator=numbers))
        return drawn["randint"][-1]

    numbers = torch.Generator().manual_seed(place.seed(2))
    cases = []
    real = torch.bernoulli, torch.randint
    for probability in (0.15, 0.5):
        collator = DataCollatorForLanguageModeling(tokenizer, mlm_probability=probability)
        for length in (3, 17, 60):
            ids = torch.randint(1, len(tokenizer), (1, length), generator=generator)
            ids[0, 0], ids[0, -1] = tokenizer.cls_token_id, tokenizer.sep_token_id
            drawn["bernoulli"], drawn["randint"] = [], []
            torch.bernoulli, torch.randint = bernoulli, randint
            try:
                masked, labels = collator.torch_mask_tokens(ids.clone())
            finally:
                torch.bernoulli, torch.randint = real
            chosen, by_mask, by_random = (u[0].tolist() for u in drawn["bernoulli"])
            cases.append(
                {"probability": probability, "ids": ids[0].tolist(), "choose": chosen, "mask": by_mask, "random": by_random}
                | {"words": drawn["randint"][0][0].tolist(), "masked": masked[0].tolist(), "labels": labels[0].tolist()}
            )
    lines = ",\n".join(json.dumps(c) for c in cases)
    (out / "masking.json").write_text(f'{{"vocabulary": {json.dumps(SPECIAL + WORDS)}, "cases": [\n{lines}\n]}}\n')


def bert_config(**changes):
    """A small BERT without dropout."""
    small = dict(vocab_size=60, max_position_embeddings=64, hidden_size=16, num_hidden_layers=2, num_attention_heads=4)
    small |= dict(intermediate_size=37, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, layer_norm_eps=1e-5)
    return BertConfig(**(small | changes))


def models(n, **changes):
    """A small model with a masked language model's head, of each type."""
    names = {"hidden_size": "dim", "num_hidden_layers": "n_layers", "num_attention_heads": "n_heads", "intermediate_size": "hidden_dim"}
    distilbert = reference.config(**{names[name]: value for name, value in changes.items()})
    return {
        "distilbert": reference.randomize(DistilBertForMaskedLM(distilbert), place.seed(n), scale=0.2),
        "bert": reference.randomize(BertForMaskedLM(bert_config(**changes)), place.seed(n + 1), scale=0.2),
    }


def masked_batch(generator, lengths=(17, 2, 9, 30)):
    """Ids, mask and labels of which most are ignored."""
    ids, mask = reference.padded(generator, list(lengths), 60)
    labels = torch.randint(1, 60, ids.shape, generator=generator)
    return ids, mask, labels.masked_fill(~mask | (torch.rand(ids.shape, generator=generator) > 0.3), -100)


def gradients(model, prefix):
    return {f"{prefix}{name}": p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}


def write_losses(out):
    """Loss, perplexity, accuracy and gradients of a batch; then twenty steps."""
    for name, model in models(10).items():
        folder = out / name
        model.save_pretrained(folder)
        (folder / "generation_config.json").unlink(missing_ok=True)
        generator = torch.Generator().manual_seed(place.seed(20))
        ids, mask, labels = masked_batch(generator)
        result = model(input_ids=ids, attention_mask=mask.long(), labels=labels)
        result.loss.backward()
        chosen = labels != -100
        tensors = {"ids": ids, "mask": mask, "labels": labels, "loss": result.loss, "logits": result.logits[chosen]}
        tensors["correct"] = (result.logits.argmax(-1) == labels)[chosen].sum()
        store(out / f"{name}.safetensors", tensors | gradients(model, "grad/"))
        write_steps(out, name, model, generator)


def write_smoothing(out, smoothing=0.15):
    """The smoothed loss of write_losses' batch and models, and its gradients."""
    tensors = {"smoothing": torch.tensor(smoothing)}
    for name, model in models(10).items():
        ids, mask, labels = masked_batch(torch.Generator().manual_seed(place.seed(20)))
        logits = model(input_ids=ids, attention_mask=mask.long()).logits
        loss = functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), label_smoothing=smoothing)
        loss.backward()
        tensors |= {f"{name}/loss": loss} | gradients(model, f"{name}/grad/")
    store(out / "smoothing.safetensors", tensors)


def write_steps(out, name, model, generator, steps=20, peak=1e-3):
    """AdamW, linear warm-up over a tenth of the steps, clipping; from weights as they are initialised. (With larger ones
    AdamW makes steps of what rounding leaves of the gradient of a key's bias, which is 0.)"""
    torch.manual_seed(place.seed(25))
    model = type(model)(model.config)
    optimizer = torch.optim.AdamW(model.parameters(), lr=peak, weight_decay=0.01)
    schedule = get_linear_schedule_with_warmup(optimizer, int(0.1 * steps), steps)
    tensors, log = {f"start/{n}": p.clone() for n, p in model.named_parameters()}, []
    for step in range(steps):
        ids, mask, labels = masked_batch(generator)
        loss = model.train()(input_ids=ids, attention_mask=mask.long(), labels=labels).loss
        loss.backward()
        norm = clip_grad_norm_(model.parameters(), 1.0)
        log.append({"rate": schedule.get_last_lr()[0], "loss": loss.item(), "norm": norm.item()})
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        tensors |= {f"{step}/ids": ids, f"{step}/mask": mask, f"{step}/labels": labels}
    tensors |= {f"end/{n}": p for n, p in model.named_parameters()}
    store(out / f"{name}_steps.safetensors", tensors)
    lines = ",\n".join("  " + json.dumps(s) for s in log)
    (out / f"{name}_steps.json").write_text(f'{{"steps": [\n{lines}\n]}}\n')


TEMPERATURE = 2.0


def run_with_projections(model, ids, mask):
    """Logits, the last hidden states, and the last layer's queries, keys and values."""
    encoder = model.base_model
    layer = (encoder.transformer if hasattr(encoder, "transformer") else encoder.encoder).layer[-1]
    attention = layer.attention if hasattr(layer.attention, "q_lin") else layer.attention.self
    parts = [getattr(attention, n) for n in (("q_lin", "k_lin", "v_lin") if hasattr(attention, "q_lin") else ("query", "key", "value"))]
    caught = []
    hooks = [part.register_forward_hook(lambda _, __, y: caught.append(y)) for part in parts]
    result = model(input_ids=ids, attention_mask=mask.long(), output_hidden_states=True)
    for hook in hooks:
        hook.remove()
    return result.logits, result.hidden_states[-1], caught


def relation_loss(student, teacher, mask, heads):
    """MiniLM's KL of relations softmax(A·Bᵀ/√d) (Wang et al. 2020), the mean over heads and real tokens."""
    total = 0
    for row, length in enumerate(mask.sum(1).tolist()):
        logs = []
        for a, b in (student, teacher):
            split = [x[row, :length].unflatten(-1, (heads, -1)).transpose(0, 1).double() for x in (a, b)]
            scores = split[0] @ split[1].transpose(1, 2) / math.sqrt(split[0].shape[-1])
            logs.append(functional.log_softmax(scores, dim=-1))
        total = total + functional.kl_div(logs[0], logs[1], reduction="sum", log_target=True)
    return total / (heads * mask.sum())


def write_distill(out):
    """Each of the distillation's losses with its gradients. A student as wide as its teacher learns by the losses of
    DistilBERT (as transformers' distiller computes them, restricted to masked positions), a narrower one by MiniLM's."""
    generator = torch.Generator().manual_seed(place.seed(30))
    ids, mask, labels = masked_batch(generator)
    chosen = labels != -100
    same, narrow, teachers = models(40), models(50, hidden_size=8, num_attention_heads=2), models(60, num_hidden_layers=3)
    tensors = {"ids": ids, "mask": mask, "labels": labels}
    for name, teacher in teachers.items():
        for kind, student in (("same", same[name]), ("narrow", narrow[name])):
            student.save_pretrained(out / f"{name}_{kind}")
            (out / f"{name}_{kind}" / "generation_config.json").unlink(missing_ok=True)
        teacher.save_pretrained(out / f"{name}_teacher")
        (out / f"{name}_teacher" / "generation_config.json").unlink(missing_ok=True)
        with torch.no_grad():
            said, seen, projected = run_with_projections(teacher, ids, mask)

        def kl(logits, *_):
            q = functional.log_softmax(logits[chosen] / TEMPERATURE, dim=-1)
            p = functional.softmax(said[chosen] / TEMPERATURE, dim=-1)
            return functional.kl_div(q, p, reduction="batchmean") * TEMPERATURE**2

        def cosine(_, hidden, __):
            return reference.hidden_loss(hidden, seen, mask)

        def attention(_, __, own):
            return relation_loss((own[0], own[1]), (projected[0], projected[1]), mask, 2)

        def values(_, __, own):
            return relation_loss((own[2], own[2]), (projected[2], projected[2]), mask, 2)

        for kind, student, losses in (
            ("same", same[name], {"kl": kl, "cosine": cosine}),
            ("narrow", narrow[name], {"attention": attention, "values": values}),
        ):
            for part, f in losses.items():
                student.zero_grad()
                loss = f(*run_with_projections(student, ids, mask)).float()
                loss.backward()
                tensors[f"{name}/{part}/loss"] = loss
                tensors |= gradients(student, f"{name}/{part}/grad/")
    store(out / "distill.safetensors", tensors)


def verify(root):
    """Compares transformers' fill-mask with what Go said of each folder (TestFillMask), and its loading's complaints."""
    for folder in sorted(p for p in pathlib.Path(root).iterdir() if p.is_dir()):
        model, info = AutoModelForMaskedLM.from_pretrained(folder, output_loading_info=True)
        complaints = {k: sorted(map(str, info[k])) for k in ("missing_keys", "unexpected_keys", "mismatched_keys") if info[k]}
        if complaints or type(model).__name__ not in ("DistilBertForMaskedLM", "BertForMaskedLM"):
            sys.exit(f"{folder.name}: {type(model).__name__}, {complaints}")
        fill = pipeline("fill-mask", model=str(folder), tokenizer=str(folder))
        said, want = fill("Hello my [MASK] is", top_k=3), json.loads((folder / "expected.json").read_text())
        if [one["token_str"] for one in said] != [one["token"] for one in want]:
            sys.exit(f"{folder.name}: fill-mask says {said}, Go {want}")
        worst = max(abs(a["score"] - b["score"]) for a, b in zip(said, want))
        print(f"{folder.name}: probabilities differ by {worst:.1e}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["verify"]:
        verify(sys.argv[2])
    else:
        folder = place.testdata("pkg/pretrain")
        write_masking(folder)
        write_losses(folder)
        write_smoothing(folder)
        write_distill(folder)
