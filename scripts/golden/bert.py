"""Makes the golden files of BERT as an encoder with PyTorch and transformers.

    python scripts/golden/bert.py              # writes pkg/backbone/testdata/bert*
    python scripts/golden/bert.py verify DIR   # reads in Python what Go saved of them
                                               # (go test ./pkg/fusion -run TestBERTSaved -save DIR)
"""

import copy
import pathlib
import shutil
import sys

import torch
from safetensors.torch import load_file
from transformers import (
    AutoModel,
    AutoModelForTokenClassification,
    AutoTokenizer,
    BertConfig,
    BertForPreTraining,
    BertModel,
    logging,
)

import place
import reference
from model import hidden_states, old_names, store

# What scripts/fetch_minilm.sh fetches.
MINILM = pathlib.Path(__file__).parents[2] / ".minilm"


def config(**changes):
    """A small BERT without dropout, whose norms and token types aren't those that a mistake would assume."""
    small = dict(
        vocab_size=60, max_position_embeddings=64, hidden_size=16, num_hidden_layers=2, num_attention_heads=4, intermediate_size=37,
        hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, layer_norm_eps=1e-3, type_vocab_size=3,
    )
    return BertConfig(**(small | changes))


def write(out, name, model, state=None, file="model.safetensors"):
    """A folder with the weights in it, the model's own unless others are given."""
    folder = out / name
    shutil.rmtree(folder, ignore_errors=True)
    model.config.save_pretrained(folder)
    state = model.state_dict() if state is None else state
    if file.endswith(".bin"):
        torch.save({key: t.clone() for key, t in state.items()}, folder / file)
    else:
        store(folder / file, state)
    return folder


def write_backbone(out):
    pretraining = reference.randomize(BertForPreTraining(config()), place.seed(80))
    encoder = pretraining.bert
    folder = write(out, "bert", encoder)
    store(folder / "hidden.safetensors", hidden_states(encoder, place.seed(81)))
    store(folder / "gradients.safetensors", gradients(encoder, place.seed(82)))

    # What published checkpoints have: the prefix, the heads of pretraining; and old ones the norms' old names, and positions.
    tied = ("cls.predictions.decoder.weight", "cls.predictions.decoder.bias")
    full = {key: t for key, t in pretraining.state_dict().items() if key not in tied}
    write(out, "bert-prefixed", encoder, full)
    full |= {"bert.embeddings.position_ids": torch.arange(64)[None]}
    write(out, "bert-old", encoder, old_names(full), "pytorch_model.bin")

    half = copy.deepcopy(encoder).to(torch.float16)
    folder = write(out, "bert-fp16", half)
    store(folder / "hidden.safetensors", hidden_states(half.float(), place.seed(81)))

    for name, changes in (
        ("bert-relu", dict(hidden_act="relu")),
        ("bert-gelu_new", dict(hidden_act="gelu_new")),
        ("bert-width26", dict(hidden_size=52, num_attention_heads=2, num_hidden_layers=1)),
        ("bert-width32", dict(hidden_size=64, num_attention_heads=2, num_hidden_layers=1)),
    ):
        other = reference.randomize(BertModel(config(**changes), add_pooling_layer=False), place.seed(83), 0.25)
        store(write(out, name, other) / "hidden.safetensors", hidden_states(other, place.seed(81)))


def gradients(encoder, seed):
    """Of the mean square of the hidden states of three texts, with respect to every parameter."""
    ids, mask = reference.padded(torch.Generator().manual_seed(seed), [17, 1, 6], encoder.config.vocab_size)
    encoder = copy.deepcopy(encoder)
    hidden = encoder(input_ids=ids, attention_mask=mask.long()).last_hidden_state[mask]
    weights = torch.linspace(-1, 1, hidden.numel()).view_as(hidden)  # else the last norm makes the mean a constant
    (weights * hidden.square()).mean().backward()
    named = {name: p.grad for name, p in encoder.named_parameters() if not name.startswith("pooler.")}
    return {"ids": ids, "mask": mask, **{f"grad/{name}": g for name, g in named.items()}}


def write_minilm(out):
    """A real model's hidden states. Of long texts every sixteenth token keeps the file small."""
    encoder = BertModel.from_pretrained(MINILM, add_pooling_layer=False).eval()
    generator = torch.Generator().manual_seed(place.seed(84))
    tensors = {}
    for case, lengths in {"1": [1], "2": [2], "17": [17], "128": [128], "512": [512], "padded": [40, 7, 23]}.items():
        ids, mask = reference.padded(generator, lengths, encoder.config.vocab_size)
        with torch.no_grad():
            hidden = encoder(input_ids=ids, attention_mask=mask.long()).last_hidden_state
        step = 16 if max(lengths) > 100 else 1
        tensors |= {f"{case}/ids": ids, f"{case}/mask": mask, f"{case}/hidden": hidden[:, ::step]}
    store(out / "minilm.safetensors", tensors)


def verify(saved):
    """Go made models of the encoder in testdata/bert: Python must read them as BERT's, with the same hidden states."""
    folder = place.testdata("pkg/backbone") / "bert"
    encoder = BertModel.from_pretrained(folder).eval()
    golden = load_file(folder / "hidden.safetensors")
    for name in ("several", "ner", "cls", "qa"):
        model = AutoModel.from_pretrained(saved / name).eval()
        if type(model) is not BertModel:
            sys.exit(f"{name}: AutoModel gives a {type(model).__name__}")
        worst = 0.0
        with torch.no_grad():
            for case in ("17", "batch", "padded", "full"):
                ids, mask = golden[f"{case}/ids"], golden[f"{case}/mask"]
                got = model(input_ids=ids, attention_mask=mask.long()).last_hidden_state
                want = encoder(input_ids=ids, attention_mask=mask.long()).last_hidden_state
                worst = max(worst, (got - want)[mask].abs().max().item())
        tokenizer = type(AutoTokenizer.from_pretrained(saved / name)).__name__
        print(f"{name}: AutoModel is a BertModel, {tokenizer}; hidden states differ by {worst:.1e} at most")
        if worst > 0 or not tokenizer.startswith("Bert"):
            sys.exit(1)
    _, info = AutoModelForTokenClassification.from_pretrained(saved / "ner", output_loading_info=True)
    if bad := {part: names for part, names in info.items() if names}:
        sys.exit(f"ner: AutoModelForTokenClassification has {bad}")


def main():
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    if sys.argv[1:2] == ["verify"]:
        return verify(pathlib.Path(sys.argv[2]))
    write_backbone(place.testdata("pkg/backbone"))
    write_minilm(place.testdata("pkg/backbone"))


if __name__ == "__main__":
    main()
