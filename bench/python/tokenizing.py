"""Hugging Face's fast tokenizer, as users call it."""

from tokenizers import Tokenizer
from transformers import AutoTokenizer


def load(inputs):
    return AutoTokenizer.from_pretrained(inputs["model"])


def plain(inputs):
    """As the prototype does: transformers' object, with offsets and the attention mask."""
    tokenizer = load(inputs)
    return lambda texts: tokenizer(texts, return_offsets_mapping=True)["input_ids"]


def direct(inputs):
    """Without transformers' share of the work: the tokenizers library itself."""
    tokenizer = Tokenizer.from_file(f"{inputs['model']}/tokenizer.json")
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return lambda texts: [encoding.ids for encoding in tokenizer.encode_batch(texts)]
