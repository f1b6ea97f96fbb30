"""Makes model folders as transformers, PyTorch and the Python prototype leave them, and what they hold.

    python scripts/golden/folders.py              # writes pkg/fusion/testdata/folders
    python scripts/golden/folders.py verify DIR   # loads as the prototype does what Go saved in DIR
                                                  # (go test ./pkg/fusion -run TestOursInThePrototype -save DIR)

The prototype's modules are written anew here from what its README says of them.
"""

import json
import pathlib
import shutil
import sys

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import (
    AutoConfig,
    AutoModelForTokenClassification,
    BertForTokenClassification,
    BertModel,
    DistilBertForTokenClassification,
    DistilBertModel,
    logging,
)

import bert
import place
import reference

VOCAB = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "my", "name", "is", "amina", "from", "kisumu", "."]
LABELS = ["O", "B-NAME", "I-NAME", "B-LOCATION"]
NER = ["O", "NAME", "AGE", "VICTIM"]
CASES = {
    "main_categories": ["Advice and Counselling", "Child Maintenance & Custody", "GBV"],
    "sub_categories": ["Bullying", "Custody", "Legal Issues", "Legal issues", "Physical Abuse"],
    "interventions": ["Counselling", "Referral"],
    "priorities": [1, 2, 3],
}
TOKENIZER = {"do_lower_case": True, "model_max_length": 16, "tokenizer_class": "DistilBertTokenizer"}


class Classifier(nn.Module):
    """The prototype's case classification."""

    def __init__(self, config, counts):
        super().__init__()
        self.distilbert = DistilBertModel(config)
        self.pre_classifier = nn.Linear(config.dim, config.dim)
        for head, count in zip(("main", "sub", "interv", "priority"), counts):
            setattr(self, f"classifier_{head}", nn.Linear(config.dim, count))

    def forward(self, ids, mask):
        first = self.distilbert(input_ids=ids, attention_mask=mask.long()).last_hidden_state[:, 0]
        pooled = self.pre_classifier(first).relu()
        return [getattr(self, f"classifier_{head}")(pooled) for head in ("main", "sub", "interv", "priority")]


class Scorer(nn.Module):
    """The prototype's QA scoring."""

    def __init__(self, config):
        super().__init__()
        self.bert = DistilBertModel(config)
        self.heads = nn.ModuleDict({head: nn.Linear(config.dim, count) for head, count in reference.QA.items()})

    def forward(self, ids, mask):
        first = self.bert(input_ids=ids, attention_mask=mask.long()).last_hidden_state[:, 0]
        return [head(first) for head in self.heads.values()]


def config(**more):
    return reference.config(
        vocab_size=len(VOCAB), max_position_embeddings=16, dim=8, n_layers=1, n_heads=2, hidden_dim=12, **more
    )


def inputs():
    ids, mask = reference.padded(torch.Generator().manual_seed(place.seed(70)), [9, 5], len(VOCAB))
    return ids, mask


def named(labels):
    return {"id2label": dict(enumerate(labels)), "label2id": {label: i for i, label in enumerate(labels)}}


def write_json(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def tokenizer(folder):
    (folder / "vocab.txt").write_text("\n".join(VOCAB) + "\n")
    write_json(folder / "tokenizer_config.json", TOKENIZER)


class Folders:
    """Writes folders, and keeps what transformers reads in them."""

    def __init__(self, out):
        self.out, self.tensors, self.labels = out, {}, {}
        self.tensors["ids"], self.tensors["mask"] = inputs()

    def keep(self, name, logits):
        self.tensors |= {f"{name}/{i}": x for i, x in enumerate(logits)}

    def token_classifier(self, name, model, write, **changes):
        """One of Hugging Face's token classifiers, whose weights write stores."""
        folder = self.out / name
        folder.mkdir(parents=True)
        described = json.loads(model.config.to_json_string(use_diff=False)) | changes
        kept = ("model_type", "architectures", "id2label", "label2id", "dim", "n_heads", "n_layers", "hidden_dim")
        kept += ("vocab_size", "max_position_embeddings", "transformers_weights")
        kept += ("hidden_size", "num_attention_heads", "num_hidden_layers", "intermediate_size", "type_vocab_size", "layer_norm_eps")
        write_json(folder / "config.json", {key: described[key] for key in kept if described.get(key) is not None})
        write(folder, {key: t.clone() for key, t in model.state_dict().items()})
        tokenizer(folder)
        self.read(name)

    def read(self, name):
        folder = self.out / name
        model, info = AutoModelForTokenClassification.from_pretrained(
            folder, output_loading_info=True, dtype=torch.float32, attn_implementation="eager"
        )
        if info["missing_keys"]:
            sys.exit(f"{name}: transformers misses {info['missing_keys']}")
        with torch.no_grad():
            ids, mask = inputs()
            self.keep(name, [model.eval()(input_ids=ids, attention_mask=mask.long()).logits])
        self.labels[name] = [str(AutoConfig.from_pretrained(folder).id2label[i]) for i in range(len(LABELS))]


def safetensors(folder, state, name="model.safetensors"):
    save_file(state, folder / name, metadata={"format": "pt"})


def binary(folder, state, name="pytorch_model.bin", **how):
    torch.save(state, folder / name, **how)


def sharded(write, stem, ending):
    """In three shards, as save_pretrained cuts large models."""

    def writer(folder, state):
        names = list(state)
        shards = {f"{stem}-{i + 1:05}-of-00003{ending}": names[i::3] for i in range(3)}
        for file, part in shards.items():
            write(folder, {key: state[key] for key in part}, name=file)
        size = sum(t.numel() * t.element_size() for t in state.values())
        index = {"metadata": {"total_size": size}, "weight_map": {key: f for f, part in shards.items() for key in part}}
        write_json(folder / f"{stem}{ending}.index.json", index)

    return writer


def strided(folder, state):
    """Every tensor is a view with gaps of one storage that all share, or a transpose."""
    room = torch.zeros(2 * sum(t.numel() for t in state.values()))
    views, at = {}, 0
    for key, t in state.items():
        view = room[at : at + 2 * t.numel() : 2]
        view.copy_(t.flatten())
        views[key] = t.t().contiguous().t() if t.dim() == 2 and "ffn" in key else view.view(t.shape)
        at += 2 * t.numel()
    binary(folder, views)


def stored_as(dtype):
    return lambda folder, state: safetensors(folder, {key: t.to(dtype) for key, t in state.items()})


def with_positions(folder, state):
    ids = torch.arange(16)[None]
    binary(folder, state | {"distilbert.embeddings.position_ids": ids})


def old_names(folder, state):
    rename = {"LayerNorm.weight": "LayerNorm.gamma", "LayerNorm.bias": "LayerNorm.beta"}
    changed = {}
    for key, t in state.items():
        for new, old in rename.items():
            key = key.replace(new, old)
        changed[key] = t
    binary(folder, changed)


def write_token_classifiers(folders):
    model = DistilBertForTokenClassification(config(**named(LABELS)))
    reference.randomize(model, place.seed(71))
    model.config.architectures = ["DistilBertForTokenClassification"]
    write = folders.token_classifier
    write("safetensors", model, safetensors)
    write("bin", model, binary)
    write("sharded-safetensors", model, sharded(safetensors, "model", ".safetensors"))
    write("sharded-bin", model, sharded(binary, "pytorch_model", ".bin"))
    write("legacy-bin", model, lambda f, s: binary(f, s, _use_new_zipfile_serialization=False))
    write("strided-bin", model, strided)
    write("float16", model, stored_as(torch.float16))
    write("bfloat16", model, stored_as(torch.bfloat16))
    write("float64", model, stored_as(torch.float64))
    write("position-ids", model, with_positions)
    write("old-names", model, old_names)
    write("named-weights", model, lambda f, s: safetensors(f, s, "mine.safetensors"), transformers_weights="mine.safetensors")
    write("no-architectures", model, safetensors, architectures=None)
    write("label-numbers", model, safetensors, id2label={str(i): i for i in range(len(LABELS))})
    write("label2id-texts", model, safetensors, label2id={label: str(i) for i, label in enumerate(LABELS)})
    write("label-keys", model, safetensors, id2label={f" {i:02}": label for i, label in enumerate(LABELS)})


def write_bert_token_classifiers(folders):
    described = bert.config(vocab_size=len(VOCAB), max_position_embeddings=16, hidden_size=8, num_hidden_layers=1,
                            num_attention_heads=2, intermediate_size=12, **named(LABELS))
    model = reference.randomize(BertForTokenClassification(described), place.seed(75))
    model.config.architectures = ["BertForTokenClassification"]
    pooler = reference.randomize(BertModel(described), place.seed(76)).pooler.state_dict()

    def as_published(folder, state):
        """With the pooler, which nothing reads, as models of transformers before 4.0 have it."""
        ids = {"bert.embeddings.position_ids": torch.arange(16)[None]}
        old_names(folder, state | ids | {f"bert.pooler.{key}": t for key, t in pooler.items()})

    folders.token_classifier("bert-safetensors", model, safetensors)
    folders.token_classifier("bert-as-published", model, as_published)


def write_precedence(folders):
    """Which of several files of weights transformers takes, by the bias of the classifier that each has of its own."""
    scratch = folders.out / "scratch"
    writers = {
        "model.safetensors": safetensors,
        "model.safetensors.index.json": sharded(safetensors, "model", ".safetensors"),
        "pytorch_model.bin": binary,
        "pytorch_model.bin.index.json": sharded(binary, "pytorch_model", ".bin"),
    }
    state = load_file(folders.out / "safetensors" / "model.safetensors")
    taken = {}
    for chosen in range(1, 1 << len(writers)):
        present = [name for i, name in enumerate(writers) if chosen >> i & 1]
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        shutil.copy(folders.out / "safetensors" / "config.json", scratch)
        for number, name in enumerate(present):
            bias = torch.full_like(state["classifier.bias"], number)
            writers[name](scratch, {key: t.clone() for key, t in state.items()} | {"classifier.bias": bias})
        model = AutoModelForTokenClassification.from_pretrained(scratch)
        taken[" ".join(present)] = present[int(model.classifier.bias[0])]
    shutil.rmtree(scratch)
    write_json(folders.out / "precedence.json", taken)


def write_wrapped_names(folders):
    """What PyTorch's wrappers make of the tensors' names."""
    torch.compiler.set_stance("force_eager")

    def model():
        return DistilBertForTokenClassification(config(**named(LABELS)))

    part = model()
    part.distilbert = torch.compile(part.distilbert)
    wrapped = {
        "plain": model(),
        "DataParallel": nn.DataParallel(model()),
        "compile": torch.compile(model()),
        "DataParallel of compile": nn.DataParallel(torch.compile(model())),
        "compile of DataParallel": torch.compile(nn.DataParallel(model())),
        "compile of the encoder": part,
    }
    write_json(folders.out / "wrapped.json", {how: list(m.state_dict()) for how, m in wrapped.items()})


def write_prototypes(folders):
    ids, mask = inputs()

    def begin(name, model, architecture, **more):
        folder = folders.out / name
        folder.mkdir(parents=True)
        kept = ("model_type", "dim", "n_heads", "n_layers", "hidden_dim", "vocab_size", "max_position_embeddings")
        described = json.loads(config().to_json_string(use_diff=False))
        write_json(folder / "config.json", {"architectures": [architecture]} | {k: described[k] for k in kept} | more)
        tokenizer(folder)
        with torch.no_grad():
            logits = model(ids, mask)
        folders.keep(name, logits)
        return folder

    ner = reference.randomize(DistilBertForTokenClassification(config(**named(NER))), place.seed(72))
    unnamed = {str(i): f"LABEL_{i}" for i in range(len(NER))}
    folder = begin(
        "prototype-ner",
        lambda ids, mask: [ner(input_ids=ids, attention_mask=mask.long()).logits],
        "DistilBertForTokenClassification",
        id2label=unnamed,
        label2id={label: int(i) for i, label in unnamed.items()},
    )
    safetensors(folder, ner.state_dict())
    maps = {"label_to_id": {x: i for i, x in enumerate(NER)}, "id_to_label": {str(i): x for i, x in enumerate(NER)}}
    write_json(folder / "label_mappings.json", maps)

    cases = reference.randomize(Classifier(config(), [len(x) for x in CASES.values()]), place.seed(73))
    folder = begin("prototype-classification", cases, "MultiTaskDistilBert")
    safetensors(folder, cases.state_dict())
    for name, labels in CASES.items():
        write_json(folder / "labels" / f"{name}.json", labels)

    scorer = reference.randomize(Scorer(config()), place.seed(74))
    folder = begin("prototype-qa", scorer, "DistilBertModel")
    safetensors(folder, scorer.bert.state_dict())
    binary(folder, scorer.state_dict())


def verify(saved):
    """What Go loaded from the prototype's folders and saved anew, loaded as the prototype does."""
    golden = load_file(place.testdata("pkg/fusion") / "folders" / "logits.safetensors")
    ids, mask = inputs()

    ner = AutoModelForTokenClassification.from_pretrained(saved / "prototype-ner")
    maps = json.loads((saved / "prototype-ner" / "label_mappings.json").read_text())
    if [maps["id_to_label"][str(i)] for i in range(len(NER))] != NER or maps["label_to_id"] != {x: i for i, x in enumerate(NER)}:
        sys.exit(f"label_mappings.json says {maps}")

    lists = {name: json.loads((saved / "prototype-classification" / "labels" / f"{name}.json").read_text()) for name in CASES}
    if lists != CASES:
        sys.exit(f"labels: {lists}")
    described = AutoConfig.from_pretrained(saved / "prototype-classification")
    cases = Classifier(described, [len(x) for x in lists.values()])
    cases.load_state_dict(load_file(saved / "prototype-classification" / "model.safetensors"))

    described = AutoConfig.from_pretrained(saved / "prototype-qa")
    scorer = Scorer(described)
    scorer.load_state_dict(torch.load(saved / "prototype-qa" / "pytorch_model.bin", weights_only=True))

    for name, model in (
        ("prototype-ner", lambda ids, mask: [ner.eval()(input_ids=ids, attention_mask=mask.long()).logits]),
        ("prototype-classification", cases.eval()),
        ("prototype-qa", scorer.eval()),
    ):
        with torch.no_grad():
            worst = max((x - golden[f"{name}/{i}"]).abs().max().item() for i, x in enumerate(model(ids, mask)))
        print(f"{name}: logits differ by {worst:.1e} at most")
        if worst > 1e-6:
            sys.exit(1)


def main():
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    if sys.argv[1:2] == ["verify"]:
        return verify(pathlib.Path(sys.argv[2]))
    out = place.testdata("pkg/fusion") / "folders"
    shutil.rmtree(out, ignore_errors=True)
    folders = Folders(out)
    write_token_classifiers(folders)
    write_bert_token_classifiers(folders)
    write_precedence(folders)
    write_wrapped_names(folders)
    write_prototypes(folders)
    save_file({name: t.contiguous() for name, t in folders.tensors.items()}, out / "logits.safetensors")
    write_json(out / "labels.json", folders.labels)


if __name__ == "__main__":
    main()
