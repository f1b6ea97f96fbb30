"""A Trident model in Hugging Face's transformers:

    model = AutoModel.from_pretrained(FOLDER, trust_remote_code=True)
    model(**tokenizer(calls, padding=True, return_tensors="pt")).logits["cls.main"]

Labels of the logits are in model.config.trident["labels"]. A model that learnt to read
long calls in windows does so here, too.
"""

from dataclasses import dataclass

import torch
from torch import nn
from transformers import BertModel, DistilBertModel, PreTrainedModel

from .configuration_trident import TridentBertConfig, TridentDistilBertConfig
from .trident_windows import cut


@dataclass
class TridentOutput:
    """logits has each head's, by "TASK.HEAD": [batch, tokens, labels] of a token task,
    [batch, labels] of the others."""

    logits: dict


class _TridentModel(PreTrainedModel):
    base_model_prefix = "trident"
    _supports_sdpa = True

    def __init__(self, config):
        super().__init__(config)
        described = config.trident
        self.encoder_name = described["encoder"]
        self._add(self.encoder_name, self._encoder(config))
        for task in described["tasks"]:
            if task.get("transform"):
                self._add(task["transform"], nn.Linear(config.hidden_size, config.hidden_size))
            labels = [described["labels"][f"{task['name']}.{head['name']}"] for head in task["heads"]]
            if task.get("pool_param"):
                attentions = 1
                if task["pooling"] == "label_attention":  # one for each output, or each head of classes
                    attentions = sum(len(of) if task["kind"] == "multilabel" else 1 for of in labels)
                self._add(task["pool_param"], nn.Linear(config.hidden_size, attentions, bias=False))
            if task.get("pre_param"):
                self._add(task["pre_param"], nn.Linear(config.hidden_size, config.hidden_size))
            for head, of in zip(task["heads"], labels):
                self._add(head["param"], nn.Linear(config.hidden_size, len(of)))
        self.post_init()

    def _init_weights(self, module):
        """All parameters are in the checkpoint."""

    def _add(self, path, part):
        """Adds a part under the name that its parameters have in the checkpoint."""
        *folders, name = path.split(".")
        owner = self
        for folder in folders:
            if not hasattr(owner, folder):
                owner.add_module(folder, nn.Module())
            owner = getattr(owner, folder)
        owner.add_module(name, part)

    def forward(self, input_ids, attention_mask=None, **_):
        """The logits of calls: both are [batch, tokens], padding comes last. Other inputs,
        such as token_type_ids, are ignored."""
        if attention_mask is None:
            attention_mask = torch.ones_like(input_ids)
        windows = self.config.trident.get("windows")
        most = windows["max_tokens"] if windows else self.config.max_position_embeddings
        longest = int(attention_mask.sum(-1).max())
        if most and longest > most:
            raise ValueError(
                f"a call has {longest} tokens, and the model reads {most}: tokenize with truncation=True, max_length={most}"
            )
        if windows and longest > windows["length"]:
            hidden = self._joined(input_ids, attention_mask, windows)
        else:
            hidden = self._hidden(input_ids, attention_mask)
        logits = {}
        for task in self.config.trident["tasks"]:
            self._answer(task, hidden, attention_mask, logits)
        return TridentOutput(logits=logits)

    def _hidden(self, input_ids, attention_mask):
        encoder = self.get_submodule(self.encoder_name)
        return encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state

    def _joined(self, input_ids, attention_mask, windows):
        """The hidden states of calls in several windows, [batch, tokens, dim]: each token's
        is that of the window in which it is most central, [CLS] is the windows' mean, and
        [SEP] the last window's."""
        joined = input_ids.new_zeros((*input_ids.shape, self.config.hidden_size), dtype=self.dtype)
        for row, tokens in enumerate(attention_mask.sum(-1).tolist()):
            ids, own = input_ids[row, :tokens], joined[row]
            firsts = []
            for first, end, start, stop in cut(ids.tolist(), windows):
                window = torch.cat([ids[:1], ids[first:end], ids[-1:]])[None]
                states = self._hidden(window, torch.ones_like(window))[0]
                firsts.append(states[0])
                own[start:stop] = states[start - first + 1 : stop - first + 1]
            own[0], own[tokens - 1] = torch.stack(firsts).mean(0), states[-1]
        return joined

    def _answer(self, task, hidden, mask, logits):
        """Adds the logits of a task's heads."""
        if task["kind"] == "token":
            if task.get("transform"):
                hidden = nn.functional.gelu(self.get_submodule(task["transform"])(hidden))
        elif task["pooling"] == "attention":
            hidden = (self._weights(task, hidden, mask) * hidden).sum(1)  # [batch, dim]
        elif task["pooling"] == "label_attention":
            hidden = self._weights(task, hidden, mask).transpose(1, 2) @ hidden  # [batch, attentions, dim]
        else:
            hidden = hidden[:, 0]
        if task.get("pre_param"):
            hidden = self.get_submodule(task["pre_param"])(hidden).relu()
        attentions = iter(hidden.unbind(1)) if task.get("pooling") == "label_attention" else None
        for head in task["heads"]:
            classifier = self.get_submodule(head["param"])
            if attentions is None:
                answer = classifier(hidden)
            elif task["kind"] == "multilabel":  # an attention for each output
                own = torch.stack([next(attentions) for _ in range(classifier.out_features)], 1)
                answer = (own * classifier.weight).sum(-1) + classifier.bias
            else:
                answer = classifier(next(attentions))
            logits[f"{task['name']}.{head['name']}"] = answer

    def _weights(self, task, hidden, mask):
        """The weights of a task's attention pooling, [batch, tokens, attentions]: 0 on
        padding, and with the sum 1 over the tokens."""
        scores = self.get_submodule(task["pool_param"])(hidden)
        return scores.masked_fill(~mask.bool()[..., None], -torch.inf).softmax(1)


class TridentDistilBertModel(_TridentModel):
    config_class = TridentDistilBertConfig
    _encoder = DistilBertModel


class TridentBertModel(_TridentModel):
    config_class = TridentBertConfig

    @staticmethod
    def _encoder(config):
        return BertModel(config, add_pooling_layer=False)
