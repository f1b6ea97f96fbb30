"""Labels helpline calls with a Trident model in Python: MLflow's python_function flavour.

    mlflow.pyfunc.load_model("runs:/RUN/checkpoint").predict(["Hello, my name is ..."])

It needs onnxruntime and tokenizers alone, and gives the answers of Trident's infer, as
dictionaries. Calls that are too long for the model are truncated, unless it learnt to read
them in windows; answers to truncated calls say so.
"""

import json
import math
import pathlib

import numpy
import onnxruntime
import tokenizers

from trident_windows import cut

BATCH_SIZE = 32
BATCH_TOKENS = 4096  # with padding, unless a single call has more
THRESHOLD = 0.5
MANY_UNKNOWN = 0.05  # share of words from which there is a warning
OUTSIDE = "O"
HIDDEN = "last_hidden_state"


def _load_pyfunc(path):
    """What MLflow calls: path is the model's folder."""
    return Model(path)


class Model:
    """A model in a folder that Trident logged."""

    def __init__(self, folder):
        folder = pathlib.Path(folder)
        self.session = _session(folder / "onnx" / "model.onnx")
        self.heads = self.windows = None  # of a model that reads long calls in windows
        meta = self.session.get_modelmeta().custom_metadata_map
        self.tasks = json.loads(meta["trident.tasks"])
        self.tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()
        settings = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
        if "trident.windows" in meta:
            self.windows = json.loads(meta["trident.windows"])
            self.heads = _session(folder / "onnx" / "model_heads.onnx")
            self.limit = self.windows["max_tokens"] or math.inf
        else:
            self.limit = int(min(int(meta["trident.max_length"]), settings.get("model_max_length") or math.inf))
        self.longest = int(meta.get("trident.longest", 0))
        self.unknown = self.tokenizer.token_to_id("[UNK]")

    def predict(self, model_input, params=None):
        """The answer to each call: model_input is a call, a list of calls, or a table
        (pandas) with the calls in its column "text" or "narrative". MLflow passes on the
        first column alone, so that must be it."""
        calls = [None if text is None else self._call(text) for text in _texts(model_input)]
        self._read_all([call for call in calls if call and call.words])
        return [call.answer(self) if call else {"error": "the call is no text"} for call in calls]

    def logits(self, text):
        """The logits of a call by the graph's outputs, "TASK.HEAD" or "logits": a token
        task's are those of each of the call's tokens, [CLS] and [SEP] included."""
        call = self._call(text)
        self._read_all([call])
        return {name: values[: len(call.ids)] if values.ndim == 2 else values for name, values in call.logits.items()}

    def _call(self, text):
        return _Call(text, self.tokenizer.encode(text), self.limit)

    def _read_all(self, calls):
        """Sets the calls' logits."""
        whole = []
        for call in calls:
            if self.windows and len(call.ids) > self.windows["length"]:
                self._read_windows(call)
            else:
                whole.append(call)
        for batch, _, outputs in self._run([call.ids for call in whole]):
            for row, at in enumerate(batch):
                whole[at].logits = {name: values[row] for name, values in outputs.items() if name != HIDDEN}

    def _read_windows(self, call):
        """Reads a call in windows, and has the heads answer by the hidden states of all:
        each token's is that of the window in which it is most central, [CLS] is the
        windows' mean, and [SEP] the last window's."""
        ids = call.ids
        windows = cut(ids, self.windows)
        states = [None] * len(windows)
        for batch, mask, outputs in self._run([ids[:1] + ids[first:end] + ids[-1:] for first, end, _, _ in windows]):
            for row, at in enumerate(batch):
                states[at] = outputs[HIDDEN][row][mask[row] == 1]
        parts = [numpy.mean([of[0] for of in states], axis=0, keepdims=True)]
        for of, (first, _, start, stop) in zip(states, windows):
            parts.append(of[start - first + 1 : stop - first + 1])
        hidden = numpy.concatenate([*parts, states[-1][-1:]])[None]
        outputs = _named(self.heads, {HIDDEN: hidden, "attention_mask": numpy.ones((1, len(ids)), numpy.int64)})
        call.logits = {name: values[0] for name, values in outputs.items()}

    def _run(self, sequences):
        """Runs the graph on sequences of tokens, those of similar length together: yields
        the numbers of a batch's, its mask, and the outputs by name."""
        order = sorted(range(len(sequences)), key=lambda n: -len(sequences[n]))
        while order:
            longest = len(sequences[order[0]])
            size = max(1, min(BATCH_SIZE, BATCH_TOKENS // longest))
            batch, order = order[:size], order[size:]
            ids = numpy.zeros((len(batch), longest), numpy.int64)
            mask = numpy.zeros_like(ids)
            for row, at in enumerate(batch):
                ids[row, : len(sequences[at])] = sequences[at]
                mask[row, : len(sequences[at])] = 1
            yield batch, mask, _named(self.session, {"input_ids": ids, "attention_mask": mask})


def _session(path):
    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])


def _named(session, inputs):
    """The outputs of a graph by their names."""
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, inputs)))


def _texts(model_input):
    """The calls; None for what is no text, such as a table's empty cell."""
    if isinstance(model_input, str):
        model_input = [model_input]
    if hasattr(model_input, "columns"):
        columns = list(model_input.columns)
        # A list has become a table whose column is called 0.
        named = [c for c in ("text", "narrative") if c in columns] or [c for c in columns if not isinstance(c, str)]
        if not named:  # a column's name may be a call, if the table has no head
            raise ValueError(
                "the first column isn't called text or narrative, and MLflow passes on no other one: "
                'predict with table[["NAME"]].rename(columns={"NAME": "text"}), or with a list of texts'
            )
        model_input = model_input.iloc[:, columns.index(named[0])]
    cells = numpy.asarray(model_input, dtype=object).ravel()
    return [_whole(text) if isinstance(text, str) else None for text in cells]


def _whole(text):
    """The text with halves of characters replaced, as infer does."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class _Call:
    """A call's tokens and the model's logits for them."""

    def __init__(self, text, encoding, limit):
        self.text = text
        ids = encoding.ids
        self.truncated = len(ids) > limit
        self.ids = ids[: limit - 1] + ids[-1:] if self.truncated else ids
        self.words = []  # first token, start, end
        before = None
        for i, number in enumerate(encoding.word_ids):
            start, end = encoding.offsets[i]
            if number is not None and number == before:
                self.words[-1][2] = end
            elif number is not None:
                self.words.append([i, start, end])
            before = number
        self.words = [word for word in self.words if word[0] < len(self.ids) - 1]

    def answer(self, model):
        if not self.words:
            return {"error": "the text is empty"}
        answer = {}
        for task in model.tasks:
            logits = [self.logits[head["output"]] for head in task["heads"]]
            if task["kind"] == "token":
                logits = [logits[0][: len(self.ids)]]
            if not all(numpy.isfinite(of).all() for of in logits):
                return {"error": f"task {task['name']}: the model's numbers for this text aren't finite"}
            self._add(answer, task, logits)
        if self.truncated:
            answer["truncated"] = True
        warnings = self._warnings(model)
        if warnings:
            answer["warnings"] = warnings
        return answer

    def _warnings(self, model):
        warnings = []
        share = sum(self.ids[first] == model.unknown for first, _, _ in self.words) / len(self.words)
        if share >= MANY_UNKNOWN:
            warnings.append({"kind": "unknown_words", "share": share})
        if 0 < model.longest < len(self.ids):
            warnings.append({"kind": "longer_than_learnt", "tokens": len(self.ids), "longest": model.longest})
        return warnings

    def _add(self, answer, task, logits):
        """Adds a task's answer: the prototype's tasks have their own layout."""
        others = answer if task["built_in"] else answer.setdefault("tasks", {})
        if task["kind"] == "token":
            tokens, entities = self._tokens(task["heads"][0]["labels"], logits[0])
            if task["built_in"]:
                answer["ner"], answer["entities"] = tokens, entities
            else:
                others[task["name"]] = {"tokens": tokens, "entities": entities}
        elif task["kind"] == "multiclass":
            others["classification" if task["built_in"] else task["name"]] = {
                head["field"]: head["labels"][label]
                for head, label in zip(task["heads"], _labels(task["heads"], logits))
            }
        else:
            flags = {head["field"]: _flags(of) for head, of in zip(task["heads"], logits)}
            if task["built_in"]:
                answer["qa"] = flags
            else:
                others[task["name"]] = {
                    head["field"]: dict(zip(head["labels"], flags[head["field"]])) for head in task["heads"]
                }

    def _tokens(self, labels, logits):
        tokens = [
            {"token": self.text[start:end], "label": labels[int(logits[first].argmax())], "start": start, "end": end}
            for first, start, end in self.words
        ]
        entities = []
        letters = _letters(labels)
        names = [_cut(letters, label)[1] for label in labels]
        for first, last, label in _spans(letters, [t["label"] for t in tokens]):
            start, end = tokens[first]["start"], tokens[last]["end"]
            scores = [_probability(logits[word[0]], names, label) for word in self.words[first : last + 1]]
            entities.append({
                "text": self.text[start:end], "label": label, "start": start, "end": end,
                "score": sum(scores) / len(scores), "least": min(scores),
            })
        return tokens, entities


def _probability(logits, names, name):
    """The probability of the labels of that name."""
    exps = numpy.exp(logits.astype(numpy.float64) - logits.max())
    return float(sum(e for e, n in zip(exps, names) if n == name) / exps.sum())


def _flags(logits):
    return [int(1 / (1 + math.exp(-float(x))) > THRESHOLD) if x > -700 else 0 for x in logits]


def _labels(heads, logits):
    """The number of each head's label: of heads that follow another one, the consistent
    labels with the highest sum of log-probabilities."""
    index = {head["name"]: h for h, head in enumerate(heads)}
    followers = {}
    for h, head in enumerate(heads):
        if (head.get("follows") or {}).get("ids"):
            followers.setdefault(index[head["follows"]["head"]], []).append(h)
    following = {h for of in followers.values() for h in of}
    values, best, answer = {}, {}, [0] * len(heads)

    def weigh(h):
        x = logits[h].astype(numpy.float64)
        values[h] = x - x.max() - math.log(numpy.exp(x - x.max()).sum())
        for follower in followers.get(h, []):
            weigh(follower)
            for label, number in enumerate(heads[follower]["follows"]["ids"]):
                values[h][label] += values[follower][best[follower] if number < 0 else number]
        best[h] = int(values[h].argmax())

    def tell(h, label):
        answer[h] = label
        for follower in followers.get(h, []):
            number = heads[follower]["follows"]["ids"][label]
            tell(follower, best[follower] if number < 0 else number)

    for h in range(len(heads)):
        if h in following:
            continue
        if h in followers:
            weigh(h)
            tell(h, best[h])
        else:
            answer[h] = int(logits[h].argmax())
    return answer


def _letters(labels):
    """The letters of tags such as B-NAME among labels; none if labels are plain."""
    special = {"PAD", "CLS", "SEP", "UNK", "MASK", "X", "IGNORE"}
    tags = others = 0
    paired = False
    for label in labels:
        letter, _, name = label.partition("-")
        if label == OUTSIDE or label.strip("[]<>").upper() in special:
            continue
        if name and letter in ("B", "I"):
            tags += 1
            paired = paired or letter == "B" and any(f"{x}-{name}" in labels for x in "ILE")
        else:
            others += 1
    if not paired and (tags == 0 or others > 0):
        return ""
    letters = "BI"
    for letter in "LUES":
        names = [label[2:] for label in labels if label.startswith(letter + "-") and len(label) > 2]
        if any(f"B-{name}" in labels or f"I-{name}" in labels for name in names):
            letters += letter
    return letters


def _cut(letters, label):
    """A label's letter and name; I for a plain label."""
    if len(label) > 2 and label[1] == "-" and label[0] in letters:
        return label[0], label[2:]
    return "I", label


def _spans(letters, labels):
    """Entities: the first word of each, the last, and the name."""
    spans = []
    last = ""
    for i, label in enumerate(labels):
        if label == OUTSIDE:
            last = ""
            continue
        letter, name = _cut(letters, label)
        if not last or letter in "BUS" or last in "LEUS" or spans[-1][2] != name:
            spans.append([i, i, name])
        else:
            spans[-1][1] = i
        last = letter
    return spans
