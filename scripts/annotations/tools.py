"""Files of annotation tools, made and read by the tools themselves.

    python scripts/annotations/tools.py golden        writes pkg/annotations/testdata and spacy_symbols.txt
    python scripts/annotations/tools.py check DIR     reads what convert wrote in DIR (see run.sh)
"""

import json
import pathlib
import shutil
import sys
import tempfile

import spacy
from label_studio_sdk.converter import Converter
from label_studio_sdk.label_interface import LabelInterface
from seqeval.metrics.sequence_labeling import get_entities
from spacy.symbols import IDS
from spacy.tokens import DocBin, Span

ROOT = pathlib.Path(__file__).parents[2]
PACKAGE = ROOT / "pkg/annotations"
TESTDATA = PACKAGE / "testdata"

# Made-up calls: text, entities by their words, category. Characters outside the basic plane, joined emoji, combining
# marks, \r\n, and words that are symbols of spaCy (case, mark, PERSON) are among them.
CALLS = [
    ("Hello, this is Wanjiru in Kisumu.", [("Wanjiru", "NAME"), ("Kisumu", "LOCATION")], "Custody"),
    ("😀 Amina 👩‍👧 anaishi Nairobi, 日本.", [("Amina", "VICTIM"), ("Nairobi", "LOCATION")], "Other"),
    ("Caller:\r\nI am Zoe\u0308 Otieno, nine years old, a case to mark.", [("Zoe\u0308 Otieno", "PERSON"), ("nine years", "AGE")], "Custody"),
    ("Nobody was named.", [], "Other"),
]

CONFIG = """
<View>
  <Labels name="label" toName="text">
    <Label value="NAME"/><Label value="LOCATION"/><Label value="VICTIM"/><Label value="PERSON"/><Label value="AGE"/>
  </Labels>
  <Text name="text" value="$text"/>
  <Choices name="category" toName="text" choice="single"><Choice value="Custody"/><Choice value="Other"/></Choices>
  <Choices name="opening" toName="text" choice="multiple"><Choice value="Use of call opening phrase"/></Choices>
</View>
"""


def places(text, entities):
    return [{"start": text.index(words), "end": text.index(words) + len(words), "label": label} for words, label in entities]


def golden():
    TESTDATA.mkdir(exist_ok=True)
    expected = [{"text": text, "entities": places(text, entities), "category": category} for text, entities, category in CALLS]
    write(TESTDATA / "expected.json", expected)

    names = {number: name for name, number in IDS.items()}
    (PACKAGE / "spacy_symbols.txt").write_text("".join(names[n] + "\n" for n in range(len(names))), encoding="utf-8")

    nlp = spacy.blank("en")
    bin_ = DocBin()
    for call in expected:
        doc = nlp(call["text"])
        doc.set_ents([doc.char_span(e["start"], e["end"], label=e["label"]) for e in call["entities"]], default="outside")
        doc.cats = {"category=" + name: float(name == call["category"]) for name in ("Custody", "Other")}
        bin_.add(doc)
    bin_.add(nlp("Nobody has looked at this."))
    grouped = nlp("Otieno called.")
    grouped.set_ents([], default="outside")
    grouped.spans["sc"] = [Span(grouped, 0, 1, "NAME")]
    bin_.add(grouped)
    (TESTDATA / "calls.spacy").write_bytes(bin_.to_bytes())

    tasks = [task(i + 1, call) for i, call in enumerate(expected)]
    skipped = task(len(tasks) + 1, {"text": "Skipped.", "entities": [], "category": "Other"})
    skipped["annotations"][0]["was_cancelled"] = True
    tasks.append(skipped)
    write(TESTDATA / "labelstudio.json", tasks)
    converter = Converter(CONFIG, project_dir=None, download_resources=False)
    with tempfile.TemporaryDirectory() as tmp:
        tmp = pathlib.Path(tmp)
        converter.convert_to_json_min(str(TESTDATA / "labelstudio.json"), str(tmp / "min"), is_dir=False)
        converter.convert_to_conll2003(str(TESTDATA / "labelstudio.json"), str(tmp / "conll"), is_dir=False)
        write(TESTDATA / "labelstudio_min.json", json.loads(next((tmp / "min").glob("*.json")).read_text(encoding="utf-8")))
        shutil.copy(next((tmp / "conll").glob("*.conll")), TESTDATA / "labelstudio.conll")


def task(number, call):
    """A task as Label Studio exports it."""
    results = [
        {"id": f"r{i}", "type": "labels", "from_name": "label", "to_name": "text", "origin": "manual",
         "value": {"start": e["start"], "end": e["end"], "text": call["text"][e["start"]:e["end"]], "labels": [e["label"]]}}
        for i, e in enumerate(call["entities"])
    ]
    results.append({"id": "c", "type": "choices", "from_name": "category", "to_name": "text", "origin": "manual", "value": {"choices": [call["category"]]}})
    when = "2025-01-02T03:04:05.000000Z"
    annotation = {"id": number, "completed_by": 1, "result": results, "was_cancelled": False, "ground_truth": False,
                  "created_at": when, "updated_at": when, "lead_time": 5.5, "result_count": len(results), "task": number, "project": 1}
    return {"id": number, "data": {"text": call["text"]}, "annotations": [annotation], "predictions": [], "drafts": [], "meta": {},
            "created_at": when, "updated_at": when, "inner_id": number, "total_annotations": 1, "project": 1}


def check(folder):
    """Reads convert's files. Each tool must find the entities of expected.json."""
    expected = json.loads((TESTDATA / "expected.json").read_text(encoding="utf-8"))
    want = [[(e["start"], e["end"], e["label"]) for e in call["entities"]] for call in expected]
    interface = LabelInterface(CONFIG)

    tasks = json.loads((folder / "labelstudio.json").read_text(encoding="utf-8"))
    for t in tasks:
        problems = interface.validate_prediction(t["predictions"][0], return_errors=True)
        assert not problems, problems
    print("Label Studio's SDK accepts", len(tasks), "predictions")
    made = json.loads((folder / "labelstudio_annotations.json").read_text(encoding="utf-8"))
    for n, t in enumerate(made):  # what the server adds when it imports a task
        t["id"] = n + 1
        t["annotations"][0] |= {"id": n + 1, "completed_by": 1, "created_at": "", "updated_at": "", "lead_time": 1.0}
    converter = Converter(CONFIG, project_dir=None, download_resources=False)
    with tempfile.TemporaryDirectory() as tmp:
        imported = folder / "imported.json"
        write(imported, made)
        converter.convert_to_json_min(str(imported), tmp, is_dir=False)
        read = json.loads(next(pathlib.Path(tmp).glob("*.json")).read_text(encoding="utf-8"))
    found = [[(r["start"], r["end"], r["labels"][0]) for r in t.get("label", [])] for t in read]
    assert found == want and len(made) == len(want), found
    print("Label Studio's converter finds the entities")

    for scheme in ("iob2", "iob1", "bilou"):
        lines = [json.loads(line) for line in (folder / f"tags_{scheme}.jsonl").read_text(encoding="utf-8").split("\n") if line]
        for line, spans, call in zip(lines, want, expected, strict=True):
            tags = line["ner_tags"]
            if scheme == "bilou":  # seqeval calls these E- and S-
                tags = [{"L-": "E-", "U-": "S-"}.get(tag[:2], tag[:2]) + tag[2:] if tag != "O" else tag for tag in tags]
            words = [call["text"][s:e] for s, e, _ in spans]
            found = [(label, " ".join(line["tokens"][a:b + 1])) for label, a, b in get_entities(tags)]
            assert [label for _, _, label in spans] == [label for label, _ in found], (scheme, found)
            assert ["".join(w.split()) for w in words] == ["".join(w.split()) for _, w in found], (scheme, found)
    print("seqeval finds the entities in iob2, iob1 and bilou")

    nlp = spacy.blank("en")
    lines = [json.loads(line) for line in (folder / "prodigy.jsonl").read_text(encoding="utf-8").split("\n") if line]
    for line, spans in zip(lines, want, strict=True):
        doc = nlp(line["text"])
        ents = [doc.char_span(s["start"], s["end"], label=s["label"]) for s in line.get("spans", [])]
        assert [(e.start_char, e.end_char, e.label_) for e in ents] == spans, ents
    print("spaCy aligns Prodigy's spans with its tokens")


def write(path, value):
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8", newline="")


if __name__ == "__main__":
    if sys.argv[1:2] == ["golden"]:
        golden()
    elif sys.argv[1:2] == ["check"]:
        check(pathlib.Path(sys.argv[2]))
    else:
        sys.exit(__doc__)
