"""The configuration of a Trident model for Hugging Face's transformers: that of its encoder,
with what config.json says under "trident"."""

from transformers import BertConfig, DistilBertConfig


class TridentDistilBertConfig(DistilBertConfig):
    """trident has "encoder" (prefix of the encoder's parameters), "tasks", "labels" (by
    "TASK.HEAD") and, of models that read long calls in windows, "windows"."""


class TridentBertConfig(BertConfig):
    """As TridentDistilBertConfig."""
