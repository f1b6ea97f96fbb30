"""Makes the golden files of pkg/tokenize with Hugging Face's fast BERT tokenizer.

    python scripts/golden/tokenize_bert.py                     # writes pkg/tokenize/testdata
    python scripts/golden/tokenize_bert.py random 10000 7 DIR  # so many random strings, seed 7, with the
                                                               # hard texts and one of 50,000 characters, into DIR:
                                                               # go test ./pkg/tokenize -run Golden -golden DIR
    python scripts/golden/tokenize_bert.py codepoints DIR      # every code point there is, likewise
    python scripts/golden/tokenize_bert.py verify DIR          # loads in Python what Tokenizer.Save wrote
                                                               # (go test ./pkg/tokenize -run Golden -save DIR)

The texts are written for this purpose or drawn at random. (Named tokenize.py it
would hide Python's own module from every script beside it.)
"""

import json
import random
import sys
from pathlib import Path

from tokenizers import Tokenizer, models, trainers
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from transformers import AutoTokenizer, BertTokenizerFast

import place

OUT = place.testdata("pkg/tokenize")
SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
MODELS = {
    "cased": {"do_lower_case": False},
    "uncased": {"do_lower_case": True},
    "cased_stripped": {"do_lower_case": False, "strip_accents": True},
    "uncased_accented": {"do_lower_case": True, "strip_accents": False},
    "chinese_words": {"do_lower_case": False, "tokenize_chinese_chars": False},
}

PROSE = """
Hello, thank you for calling the helpline. My name is Achieng, how may I help you today?
I'm calling about my neighbour's daughter, Wanjiru; she is 9 years old and lives near Kibera market.
Her step-father beats her at night... Please don't tell anyone that I called, okay?
Pole sana, mama. Tafadhali usiogope, tutakusaidia. Mtoto yuko salama sasa? Ndiyo, yuko shuleni.
You can reach me on +254 722 000 111 after 5 p.m. or by e-mail: caller_7@example.org (not before 8:30).
The café in Nyeri, the façade, naïve Zoë, a Müller from Köln and Ångström; São Tomé; El Niño; œuvre; Ærø.
"""

HARD = [
    "", " ", "\t\n\r", ".", "...", "a", "A", "Hello", "hello world", "Hello,world!", "don't", "state-of-the-art", "$5.00 & 10%",
    "un\u00e9", "e\u0301", "E\u0301COLE", "\u00c9cole", "na\u00efve caf\u00e9", "a\u0300\u0316b", "\u00e0\u0316b", "\u1e69 \u1e9b\u0323",
    "\u0344x", "x\u0f73\u0f71y", "\u0130stanbul \u0131", "\u0130", "a\u0130\u0301b", "STRASSE \u1e9e \u00df", "\u03a3\u0391\u03a3 \u03c3\u03b1\u03c2",
    "\u212b \u212a \u2126", "\ufb01ne \ufb03", "\u01c4 \u01c5 \u01c6", "\u1f88 \u1fb3 \u1ffc", "\u0149 \u01f0",
    "\u4f60\u597d\u4e16\u754c", "abc\u4f60def", "\u4f60", "\u3042\u3044\u30a2\u30a4\u304c\u304b\u3099", "\uf900\u2f800", "\U0002f800x\U00020000", "\u3400\u9fff\u9fef",
    "\ud55c\uad6d\uc5b4 \ubb38\uc7a5", "\u1112\u1161\u11ab", "\uac00\uac01", "\u0645\u0631\u062d\u0628\u0627 \u0628\u0643\u0645", "\u0645\u064e\u0631\u0652\u062d\u064e\u0628\u064b\u0627", "\u0623\u0625\u0622",
    "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35 \u0e19\u0e49\u0e33", "\u0928\u092e\u0938\u094d\u0924\u0947 \u0915\u093c\u0958", "\u09cb \u0bca \u0d4a", "\u05e9\u05c1\u05b8\u05dc\u05d5\u05b9\u05dd \ufb2a",
    "\U0001d15e\U0001d165\u0301", "\U0001d15e\U0001d16e\U0001d165", "\U0001d158\U0001d165\U0001d165\U0001d166", "\U0001f600", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f44d\U0001f3fd ok", "\U0001f1f0\U0001f1ea", "\u2764\ufe0f", "#\ufe0f\u20e3",
    "a\x00b", "\x00", "\x07bell\x1b[0m", "tab\there", "line\nbreak\r\n", "a\x0bb\x0cc", "a\x85b", "a\u00adb", "a\u200bb", "a\u200cb\u200dc", "\ufeffbom", "a\u2060b", "\u200e\u200frtl",
    "a\u00a0b", "a\u1680b\u2003c\u2009d\u202fe\u205ff\u3000g", "a\u2028b\u2029c", "a\u180eb", "\ufffd", "a\ufffdb", "\ue000\uf8ff", "a\ue000b", "\U000f0000\U0010ffff", "\ufdd0\uffff", "\u0378\u0380",
    "x" * 99, "x" * 100, "x" * 101, "x" * 101 + " ok", "\u00e9" * 100, "\u00e9" * 101, "e\u0301" * 60, "\u4f60" * 120, "-" * 120, "\U0001f600" * 101, "x" * 60 + "." + "x" * 60,
    "[SEP]", "[CLS] typed [SEP] in", "a[SEP]b", "[sep] [Sep]", "[[SEP]]", "[MASK]ed", "[UNK][PAD]", "[CLS", "SEP]", "[ SEP ]", "[SEP]\u0301", "\x00[SEP]\x00[SEP]", "\u00e9[MASK]\u00e9", "[UNK", " [SEP] ",
    "##ing", "##", "# #", "a##b", "[unused1]",
    "\u201cquoted\u201d \u2018it\u2019s\u2019 \u2014 dash\u2013dash\u2026", "\u00a1Hola! \u00bfQu\u00e9?", "\u00ab guillemets \u00bb", "1\u00bd \u00b2 \u2163 \u2460", "\u20ac5 \u00a35 \u00a55", "^`~|<>=+", "\u3001\u3002\uff01\uff0c\uff21\uff41\uff11",
    "\u0301", "\u0301a", " \u0301", "a \u0301b", ".\u0301", "\u0301.", "\u0301[SEP]", "\u093e\u0903", "\u20dd\u0488x",
    "1\u0323\u0307\u0323", "q\u0307\u0323\u0345\u0301", "\u0345\u0301\u0323", "\u1100\u1161\u11a8\u0301", "\U00011099\U000110ba \U0001112e", "\U00011938\U00011935\U00011930", "\U000105c9 \U00016121 \U00016d68", "\u1c89 \ua7cb \ua7dc \U00010d50 \U00016ea0",
    "\u10a0\u10d0\u1c90 \u13a0\uab70 \u2c2f\u2c5f \ua7c5 \ua7c6",
]  # fmt: skip

POOLS = [
    list("abcdefghijklmnopqrstuvwxyz") * 2 + list("ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    list("  \t\n\r") + list("\u00a0\u2003\u3000\u2028\u0085\u000b\u1680"),
    list(".,;:!?'\"-()[]#$%&*+/<=>@^_`{|}~0123456789"),
    [chr(c) for c in range(0xC0, 0x250)] + [chr(c) for c in range(0x1E00, 0x2000)],
    [chr(c) for c in range(0x300, 0x370)] + list("\u20d0\u0591\u05bc\u064b\u0651\u093c\u094d\u0e31\u302a\u3099\U0001d165\U0001d16d\u0f71\u0f72\u0344"),
    [chr(c) for c in range(0x370, 0x530)],
    [chr(c) for c in range(0x5D0, 0x700)] + [chr(c) for c in range(0x900, 0xA00)] + [chr(c) for c in range(0xE00, 0xE60)],
    [chr(c) for c in range(0x4E00, 0x4E80)] + [chr(c) for c in range(0x3040, 0x3100)] + list("\uf900\u3400\U00020000\U0002f800"),
    [chr(c) for c in range(0xAC00, 0xAC40)] + [chr(c) for c in range(0x1100, 0x1200)],
    list("\U0001f600\U0001f468\u200d\ufe0f\U0001f3fd\U0001f1f0\u2764\u2605"),
    [chr(c) for c in range(0x20)] + list("\x7f\u00ad\u200b\u200c\u200e\u202a\u2060\ufeff\ufffd\ue000\uffff\U000e0001"),
    [chr(c) for c in range(0x1D100, 0x1D200)] + [chr(c) for c in range(0x11080, 0x11140)],
    [*SPECIALS, "[sep]", "[CLS", "##", "##a"],
    PROSE.split(),
]  # fmt: skip


def vocabulary():
    """The prose's words and cuts of them, and every character of it and of the hard texts but a few."""
    tokens = dict.fromkeys(SPECIALS)
    words = dict.fromkeys(w for w in "".join(c if c.isalnum() else " " for c in PROSE).split() if len(w) < 20)
    words |= dict.fromkeys(w.lower() for w in list(words))
    letters = dict.fromkeys(sorted(set(PROSE + "".join(HARD) + "abcdefghijklmnopqrstuvwxyz0123456789") - set(" \n\t\r\x00\u4e16\U0001f469\u0e27")))
    letters |= dict.fromkeys(chr(c) for r in ((0x20, 0x7F), (0xC0, 0x180), (0x300, 0x310), (0x391, 0x3CA), (0x4E00, 0x4E40)) for c in range(*r))
    tokens |= dict.fromkeys(c for c in letters if c != " ")
    tokens |= dict.fromkeys("##" + c for c in letters if c.isalnum() or ord(c) > 0x2FF)
    for n, word in enumerate(words):
        tokens[word if n % 3 else word[:3]] = None
        tokens["##" + word[n % 3 + 1 :]] = None
    tokens["unused"] = None
    return [t for t in tokens if t != "##"]


def draw(rng):
    """A string of a few runs, each from one pool or of any code points."""
    out = []
    for _ in range(rng.randrange(1, 9)):
        n = rng.randrange(1, 7)
        if rng.random() < 0.12:
            out += [chr(any_code_point(rng)) for _ in range(n)]
        else:
            pool = POOLS[min(rng.randrange(len(POOLS) + 2), len(POOLS) - 1)]
            sep = " " if pool is POOLS[-1] and rng.random() < 0.8 else ""
            out.append(sep.join(rng.choice(pool) for _ in range(n)))
    return "".join(out)


def long(rng, length=50_000):
    """One string of many runs."""
    return "".join(draw(rng) for _ in range(length))[:length]


def any_code_point(rng):
    while True:
        c = rng.randrange(0x80, rng.choice([0x3000, 0x10000, 0x20000, 0x110000]))
        if not 0xD800 <= c < 0xE000:
            return c


def cases(tokenizer, texts):
    """What the tokenizer makes of texts: offsets flat, start and end by turns; words with -1 for None."""
    for text in texts:
        e = tokenizer(text, return_offsets_mapping=True, add_special_tokens=True)
        yield {
            "text": text,
            "ids": e["input_ids"],
            "words": [-1 if w is None else w for w in e.word_ids()],
            "offsets": [n for pair in e["offset_mapping"] for n in pair],
        }


def write(out, texts):
    out.mkdir(parents=True, exist_ok=True)
    vocab = vocabulary()
    (out / "vocab.txt").write_text("\n".join(vocab) + "\n", encoding="utf-8", newline="")
    for name, options in MODELS.items():
        tokenizer = BertTokenizerFast(vocab={t: i for i, t in enumerate(vocab)}, **options)
        with open(out / f"{name}.jsonl", "w", encoding="utf-8", newline="") as f:
            for case in cases(tokenizer, texts(name)):
                f.write(json.dumps(case, separators=(",", ":")) + "\n")


def golden(name):
    rng = random.Random(place.seed(1))
    drawn = [draw(rng) for _ in range(200)]
    if name in ("cased", "uncased"):
        return [*HARD, *PROSE.strip().split("\n"), *drawn]
    return [*HARD[:60], *drawn[:40]]


def windows(out):
    """Texts cut to a length, and read in windows that overlap."""
    tokenizer = BertTokenizerFast.from_pretrained(out, do_lower_case=False)
    with open(out / "windows.jsonl", "w", encoding="utf-8", newline="") as f:
        for n, text in enumerate(PROSE.strip().split("\n")):
            for limit, overlap in ((3, 0), (4, 1), (8, 3), (16 + n, n), (128, 10)):
                options = {"max_length": limit, "truncation": True, "return_offsets_mapping": True}
                e = tokenizer(text, stride=overlap, return_overflowing_tokens=True, **options)
                case = {"text": text, "limit": limit, "overlap": overlap, "windows": e["input_ids"]}
                case["starts"] = [pairs[1][0] for pairs in e["offset_mapping"]]
                assert tokenizer(text, **options)["input_ids"] == e["input_ids"][0]
                f.write(json.dumps(case, separators=(",", ":")) + "\n")


def training(out):
    """Vocabularies trained from the prose.

    The library numbers "##" letters as a hash map gives them, and equal counts
    are decided by number. Given as special tokens they get the order of ours.
    """
    made = {}
    for name, lower, size in (("cased", False, 400), ("uncased", True, 150), ("all", False, 10000)):
        tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
        tokenizer.normalizer, tokenizer.pre_tokenizer = BertNormalizer(lowercase=lower), BertPreTokenizer()
        normal = tokenizer.normalizer.normalize_str(PROSE)
        words = [w for w, _ in tokenizer.pre_tokenizer.pre_tokenize_str(normal)]
        first = [*SPECIALS, *sorted(set("".join(words))), *sorted({"##" + c for w in words for c in w[1:]})]
        trainer = trainers.WordPieceTrainer(vocab_size=size, min_frequency=2, special_tokens=first, show_progress=False)
        tokenizer.train_from_iterator(PROSE.split("\n"), trainer)
        vocab = tokenizer.get_vocab()
        made[name] = {"lower": lower, "size": size, "vocab": sorted(vocab, key=vocab.get)}
    text = json.dumps({"texts": PROSE.split("\n"), "made": made}, separators=(",", ":"))
    (out / "train.json").write_text(text + "\n", encoding="utf-8")


def saved(out):
    """A model directory's tokenizer as transformers writes it, with added tokens."""
    vocab = [*SPECIALS, "he", "##llo", "Wo", "##rld", ",", "<", ">", "call", "end"]
    tokenizer = BertTokenizerFast(vocab={t: i for i, t in enumerate(vocab)}, do_lower_case=False, strip_accents=True)
    tokenizer.add_special_tokens({"additional_special_tokens": ["<call>", "<call end>", "end"]})
    tokenizer.save_pretrained(out / "saved")
    with open(out / "saved.jsonl", "w", encoding="utf-8", newline="") as f:
        texts = ["h\u00e9llo World", "<call>hello,<call end>World<call", "call end <end> [SEP] h\u00e9end", "\u00e9<call>\u00e9"]
        for case in cases(tokenizer, texts):
            f.write(json.dumps(case, separators=(",", ":")) + "\n")


def code_points(name):
    for c in range(1, 0x110000):
        if not 0xD800 <= c < 0xE000:
            yield "a" + chr(c) + "\u0345e" + chr(c)


def verify(out):
    """Every tokenizer that Go saved gives the same in Python, by its files alone."""
    for name in MODELS:
        tokenizer = AutoTokenizer.from_pretrained(out / name)
        for line in open(OUT / f"{name}.jsonl", encoding="utf-8"):
            want = json.loads(line)
            got = next(cases(tokenizer, [want["text"]]))
            if got != want:
                sys.exit(f"{name}: {want['text']!r} became {got}, not {want}")
        print(f"{name}: {type(tokenizer).__name__}, equal; model_max_length {tokenizer.model_max_length}")


def main(args):
    match args:
        case []:
            write(OUT, golden)
            windows(OUT)
            training(OUT)
            saved(OUT)
        case ["random", n, seed, out]:
            rng = random.Random(int(seed))
            texts = [*HARD, *(draw(rng) for _ in range(int(n))), long(rng)]
            write(Path(out), lambda name: texts)
        case ["codepoints", out]:
            write(Path(out), code_points)
        case ["verify", out]:
            verify(Path(out))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
