"""Labels helpline calls with a Trident model in Python: MLflow's python_function flavour.

    mlflow.pyfunc.load_model("runs:/RUN/checkpoint").predict(["Hello, my name is ..."])

It needs onnxruntime and tokenizers alone, and gives the answers of Trident's infer, as
dictionaries. Calls that are too long for the model are truncated; their answers say so.
"""

import json
import math
import pathlib

import numpy
import onnxruntime
import tokenizers

BATCH_SIZE = 32
BATCH_TOKENS = 4096  # with padding, unless a single call has more
THRESHOLD = 0.5
MANY_UNKNOWN = 0.05  # share of words from which there is a warning
OUTSIDE = "O"


def _load_pyfunc(path):
    """What MLflow calls: path is the model's folder."""
    return Model(path)


class Model:
    """A model in a folder that Trident logged."""

    def __init__(self, folder):
        folder = pathlib.Path(folder)
        self.session = onnxruntime.InferenceSession(
            str(folder / "onnx" / "model.onnx"), providers=["CPUExecutionProvider"]
        )
        meta = self.session.get_modelmeta().custom_metadata_map
        self.tasks = json.loads(meta["trident.tasks"])
        self.tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()
        settings = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
        limits = [int(meta["trident.max_length"]), settings.get("model_max_length") or math.inf]
        if "trident.windows" in meta:  # the graph reads one
            limits.append(json.loads(meta["trident.windows"])["length"])
        self.limit = int(min(limits))
        self.longest = int(meta.get("trident.longest", 0))
        self.unknown = self.tokenizer.token_to_id("[UNK]")

    def predict(self, model_input, params=None):
        """The answer to each call: model_input is a call, a list of calls, or a table
        (pandas) with the calls in its column "text" or "narrative". MLflow passes on the
        first column alone, so that must be it."""
        calls = [None if text is None else _Call(text, self.tokenizer.encode(text), self.limit) for text in _texts(model_input)]
        readable = sorted((c for c in calls if c and c.words), key=lambda c: -len(c.ids))
        while readable:
            size = max(1, min(BATCH_SIZE, BATCH_TOKENS // len(readable[0].ids)))
            self._read(readable[:size])
            readable = readable[size:]
        return [call.answer(self) if call else {"error": "the call is no text"} for call in calls]

    def _read(self, calls):
        longest = max(len(call.ids) for call in calls)
        ids = numpy.zeros((len(calls), longest), numpy.int64)
        mask = numpy.zeros_like(ids)
        for row, call in enumerate(calls):
            ids[row, : len(call.ids)] = call.ids
            mask[row, : len(call.ids)] = 1
        names = [output.name for output in self.session.get_outputs()]
        logits = self.session.run(names, {"input_ids": ids, "attention_mask": mask})
        for row, call in enumerate(calls):
            call.logits = {name: values[row] for name, values in zip(names, logits)}


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
