"""The Python way of a service: FastAPI and uvicorn around the prototype's way of answering.

    serve.py --model DIR --listen 127.0.0.1:8000 [--threads 2]

The prototype's model is asked once for each task, text by text, in float32 and with transformers' tokenizer: three passes
through the encoder. The endpoint is a plain def, as FastAPI's documentation has it for code that computes: it runs in the
thread pool (40 threads), and a lock lets one of them at a time have the model.
"""

import argparse
import os
import pathlib
import threading
from itertools import groupby

import torch
import uvicorn
from fastapi import FastAPI, Response
from pydantic import BaseModel, Field

import model
import reference
import tokenizing

FIELDS = {"main_category": "main_cat", "sub_category": "sub_cat", "intervention": "interv", "priority": "priority"}


class ThreePasses:
    """Labels of a text, as cmd/serve writes them."""

    def __init__(self, directory):
        inputs = {"model": directory}
        self.tokenizer = tokenizing.load(inputs)
        self.model = model.load(inputs, "eager").eval()
        maps = model.label_maps(directory)["cls"]
        self.classes = {field: maps[f"id_to_{name}"] for field, name in FIELDS.items()}

    @torch.no_grad()
    def predict(self, text):
        encoded = self.tokenizer(text, truncation=True, return_offsets_mapping=True, return_tensors="pt")
        ids, mask = encoded["input_ids"], encoded["attention_mask"].bool()
        ner, cls, qa = ([head[0] for head in self.model(task, ids, mask)] for task in model.TASKS)
        words = list(self.words(text, encoded, ner[0].argmax(-1).tolist()))
        return {
            "ner": words,
            "entities": list(entities(text, words)),
            "classification": {f: names[str(int(x.argmax()))] for (f, names), x in zip(self.classes.items(), cls)},
            "qa": {head: (x.sigmoid() > 0.5).int().tolist() for head, x in zip(reference.QA, qa)},
        }

    def words(self, text, encoded, labels):
        """Each word with its first sub-word's label."""
        spans = encoded["offset_mapping"][0].tolist()
        numbered = [(word, token) for token, word in enumerate(encoded.word_ids()) if word is not None]
        for _, pairs in groupby(numbered, key=lambda pair: pair[0]):
            tokens = [token for _, token in pairs]
            start, end = spans[tokens[0]][0], spans[tokens[-1]][1]
            yield {"token": text[start:end], "label": reference.NER[labels[tokens[0]]], "start": start, "end": end}


def entities(text, words):
    """Neighbouring words of one label, merged."""
    for label, run in groupby(words, key=lambda word: word["label"]):
        run = list(run)
        if label != "O":
            start, end = run[0]["start"], run[-1]["end"]
            yield {"text": text[start:end], "label": label, "start": start, "end": end}


class Request(BaseModel):
    texts: list[str] = Field(min_length=1)


def make_app(predictor):
    app = FastAPI()
    lock = threading.Lock()

    @app.post("/v1/predict")
    def predict(request: Request):
        with lock:
            return {"predictions": [predictor.predict(text) for text in request.texts]}

    @app.get("/readyz")
    async def ready():
        return {"status": "ready"}

    @app.get("/metrics")
    async def metrics():
        pages = int(pathlib.Path("/proc/self/statm").read_text().split()[1])
        return Response(f"process_resident_memory_bytes {pages * os.sysconf('SC_PAGE_SIZE')}\n", media_type="text/plain")

    return app


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--listen", default="127.0.0.1:8000")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    host, _, port = args.listen.rpartition(":")
    torch.set_num_threads(args.threads)
    predictor = ThreePasses(args.model)
    predictor.predict("Hello.")  # warms up
    uvicorn.run(make_app(predictor), host=host, port=int(port))


if __name__ == "__main__":
    main()
