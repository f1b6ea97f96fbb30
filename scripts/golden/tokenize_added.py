"""Makes pkg/tokenize/testdata/added.jsonl: folders with added tokens, as
transformers' versions and classes write them, and what AutoTokenizer makes of texts.

    python scripts/golden/tokenize_added.py                # writes the committed file
    python scripts/golden/tokenize_added.py 2000 7 FILE    # so many random folders, seed 7:
                                                           # go test ./pkg/tokenize -run GoldenAdded -added FILE
    python scripts/golden/tokenize_added.py verify DIR     # loads in Python what Tokenizer.Save wrote
                                                           # (go test ./pkg/tokenize -run GoldenAdded -save DIR)

A line is a folder: its files, and its texts with ids, words and offsets. "refused" says that a file gives a token another id
than AutoTokenizer does: which of them the model was trained with can't be known.
"""

import json
import random
import sys
import tempfile
import unicodedata
from pathlib import Path

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
from transformers import AutoTokenizer
from transformers.utils import logging

import place
from tokenize_bert import cases

SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = ["my", "name", "is", "amina", "call", "##er", "caller", "end", "caf", "##e", "cafe", "Nairobi", "you", "##s", "a", "b", "c", "x", "##x", "[", "]", "<", ">", ".", "_", "\u4f60", "m"]
POOL = [
    "[CALLER]", "[COUNSELLOR]", "[caller]", "<call>", "<call end>", "<call", "call end", "mpesa", "M-Pesa", "MPESA", "Caf\u00e9", "caller", "Nairobi",
    "\u4f60", "\u4f60\u597d", "a b", " b", "x ", "x", "xx", "xxx", "Zo\u00eb", "e\u0301", "end.", "##er", "[MASK]", "[SEP]", "\u0130x", "_", "$", "na\tm", "\u00dfx",
]  # fmt: skip
FILLERS = [" ", "  ", "\t", "\n", "\u00a0", "\u3000", ".", ",", "_", "-", "'", "a", "b", "x", "S", "7", "\u00e9", "e\u0301", "\u0301", "\u4f60", "\U0001f600", "\u200d", "\x00", "\u0130", "\u00df",
           "my", "Name", "amina", "call", "end", "[", "]", "<", ">", "[CLS]", "[SEP]", "[MASK]", "[mask]", "cafe", "mpesa"]  # fmt: skip
BERT_CLASSES = ["DistilBertTokenizer", "DistilBertTokenizerFast", "BertTokenizer", "BertTokenizerFast", None]


def flags(rng, plain):
    if plain:
        return {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    names = ["single_word", "lstrip", "rstrip", "normalized", "special"]
    return {name: rng.random() < (0.5 if name in ("normalized", "special") else 0.25) for name in names}


def pick(rng):
    """Added tokens as AddedToken's fields, and the vocabulary."""
    vocab = [*SPECIALS, *WORDS]
    if rng.random() < 0.15:
        vocab.remove("[MASK]")
    if rng.random() < 0.5:
        vocab = [w for w in vocab if w != "Nairobi"]
    plain = rng.random() < 0.3
    # Of tokens that are the same once normalised the library takes one at random.
    contents = {unicodedata.normalize("NFD", c).casefold(): c for c in rng.sample(POOL, rng.randrange(0, 6))}
    return [{"content": c, **flags(rng, plain)} for c in contents.values()], vocab


def decoder(rng, tokens, vocab, specials=True):
    """id → token, as added_tokens_decoder has it; now and then with a gap."""
    ids, entries = {w: i for i, w in enumerate(vocab)}, {}
    contents = [t["content"] for t in tokens]
    for content in SPECIALS if specials else []:
        if content in ids and content not in contents:
            entries[ids[content]] = {"content": content, **flags(rng, True)}
    following = len(vocab) + (rng.random() < 0.05)
    for token in tokens:
        if token["content"] not in ids:
            ids[token["content"]] = following
            following += 1
        entries[ids[token["content"]]] = token
    return entries


def tokenizer_json(rng, entries, vocab, lower, accents):
    """The file of a fast tokenizer, its added tokens written as they are given."""
    t = Tokenizer(models.WordPiece({w: i for i, w in enumerate(vocab)}, unk_token="[UNK]", max_input_chars_per_word=100))
    t.normalizer = normalizers.BertNormalizer(lowercase=lower, strip_accents=accents)
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    file = json.loads(t.to_str())
    file["added_tokens"] = [{"id": i, **token} for i, token in sorted(entries.items())]
    file["post_processor"] = {
        "type": "TemplateProcessing",
        "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "[SEP]", "type_id": 0}}],
        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {c: {"id": c, "ids": [vocab.index(c)], "tokens": [c]} for c in ("[CLS]", "[SEP]")},
    }
    return file


def folder(rng):
    """A folder's files: name → content, JSON files as what they hold."""
    tokens, vocab = pick(rng)
    lower, accents = rng.random() < 0.6, rng.choice([None, None, True, False])
    entries = decoder(rng, tokens, vocab)
    files = {"config.json": {"model_type": "distilbert"}}
    config = {"do_lower_case": lower, "strip_accents": accents, "tokenizer_class": rng.choice(BERT_CLASSES)}
    fast = rng.random() < 0.5
    if fast:
        inside = entries
        if rng.random() < 0.2:  # the files contradict each other
            inside = decoder(rng, pick(rng)[0], vocab)
        files["tokenizer.json"] = tokenizer_json(rng, inside, vocab, lower, accents)
        if rng.random() < 0.4:
            config["tokenizer_class"] = rng.choice(["PreTrainedTokenizerFast", "TokenizersBackend"])
    if not fast or rng.random() < 0.5:
        files["vocab.txt"] = "\n".join(vocab) + "\n"
    if rng.random() < 0.6:
        config["added_tokens_decoder"] = {str(i): token for i, token in entries.items()}
    elif fast and rng.random() < 0.5:
        pass
    else:
        added = {t["content"]: i for i, t in entries.items() if i >= len(vocab)}
        if added:
            files["added_tokens.json"] = added
    special = [t for t in tokens if t["special"]]
    if special and rng.random() < 0.6:
        said = [{"__type": "AddedToken", **t} if rng.random() < 0.2 else t["content"] for t in special]
        config[rng.choice(["additional_special_tokens", "extra_special_tokens"])] = said
    if rng.random() < 0.3:
        config.setdefault("extra_special_tokens", rng.choice([{}, [], {"call_token": "<call>"}, None]))
    if rng.random() < 0.2:
        config["caller_token"] = "[CALLER]"
    if rng.random() < 0.2:
        config["eos_token"] = rng.choice(["[SEP]", "[END]", {"__type": "AddedToken", "content": "[END]", **flags(rng, False)}])
    if rng.random() < 0.5:
        names = {"cls_token": "[CLS]", "mask_token": "[MASK]", "pad_token": "[PAD]", "sep_token": "[SEP]", "unk_token": "[UNK]"}
        config.update(names)
    if rng.random() < 0.4:
        table = {"mask_token": rng.choice(["[MASK]", {"content": "[MASK]", "lstrip": True, "normalized": False, "rstrip": False, "single_word": False}])}
        if special and rng.random() < 0.7:
            table[rng.choice(["additional_special_tokens", "extra_special_tokens"])] = [t["content"] for t in special]
        files["special_tokens_map.json"] = table
    if rng.random() < 0.05:
        config["split_special_tokens"] = True
    config = {key: value for key, value in config.items() if key != "tokenizer_class" or value is not None}
    if not (lower and accents is None and "Nairobi" not in vocab and rng.random() < 0.3):  # without one text is lower-cased
        files["tokenizer_config.json"] = config
    return files


def text(rng, files):
    """A text that has the added tokens, not always as they stand."""
    said = json.dumps(files, ensure_ascii=False)
    contents = [c for c in POOL if json.dumps(c, ensure_ascii=False) in said] or POOL
    out = []
    for _ in range(rng.randrange(1, 9)):
        if rng.random() < 0.5:
            c = rng.choice(contents)
            out.append(rng.choice([c, c, c, c.upper(), c.lower(), c.title(), c[:-1]]))
        else:
            out += rng.choices(FILLERS, k=rng.randrange(1, 3))
    return "".join(out)


def declared(files):
    """content → the ids that the files which count give it."""
    config = files.get("tokenizer_config.json", {})
    backend = config.get("tokenizer_class", "Bert").removesuffix("Fast") not in ("Bert", "BertTokenizer", "DistilBertTokenizer")
    inside = {t["id"]: t["content"] for t in files.get("tokenizer.json", {}).get("added_tokens", [])}
    named = {}
    if "added_tokens_decoder" in config:
        named = {int(i): t["content"] for i, t in config["added_tokens_decoder"].items()}
    else:
        named = {i: c for c, i in files.get("added_tokens.json", {}).items()} | inside
    pairs = set((c, i) for i, c in named.items())
    return pairs | set((c, i) for i, c in inside.items()) if backend else pairs


def line(files, texts):
    """What AutoTokenizer makes of texts, None where it takes the folder for broken."""
    with tempfile.TemporaryDirectory() as directory:
        for name, content in files.items():
            body = content if isinstance(content, str) else json.dumps(content)
            Path(directory, name).write_text(body, encoding="utf-8", newline="")
        try:
            tokenizer = AutoTokenizer.from_pretrained(directory)
        except (TypeError, ValueError):
            return None
    vocabulary = tokenizer.get_vocab()
    refused = any(vocabulary.get(content) != i for content, i in declared(files))
    if vocabulary.get("[MASK]") == len(tokenizer) - 1 and len(tokenizer) > tokenizer.vocab_size:
        # Ours has no [MASK] that stands neither in the vocabulary nor in a file: no model has an embedding for it.
        texts = [t for t in texts if "[MASK]" not in t]
    files = {name: content for name, content in files.items() if name != "config.json"}
    return {"files": files, "refused": refused, "cases": [] if refused else list(cases(tokenizer, texts))}


def write(out, folders, seed, texts):
    rng = random.Random(seed)
    with open(out, "w", encoding="utf-8", newline="") as f:
        while folders:
            files = folder(rng)
            made = line(files, [text(rng, files) for _ in range(texts)])
            if made is not None:
                f.write(json.dumps(made, separators=(",", ":")) + "\n")
                folders -= 1


def verify(out):
    """Every tokenizer that Go saved gives the same in Python, by its files alone."""
    n = 0
    for directory in sorted(out.iterdir()):
        tokenizer = AutoTokenizer.from_pretrained(directory)
        for case in json.loads((directory / "cases.json").read_text(encoding="utf-8")):
            got = next(cases(tokenizer, [case["text"]]))
            if got != case:
                sys.exit(f"{directory.name}: {case['text']!r} became {got}, not {case}")
            n += 1
    print(f"{n} texts equal")


def main(args):
    logging.set_verbosity_error()
    match args:
        case []:
            write(place.testdata("pkg/tokenize") / "added.jsonl", 40, place.seed(3), 4)
        case ["verify", out]:
            verify(Path(out))
        case [folders, seed, out]:
            write(Path(out), int(folders), int(seed), 8)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
