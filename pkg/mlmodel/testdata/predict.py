"""Loads logged models: predict.py TEXTS URI... Writes what they say to standard output, in JSON.

TEXTS is a JSON list. Each model is loaded by MLflow in both flavours.
"""

import json
import sys

import mlflow
import pandas


def said(uri, texts):
    model = mlflow.pyfunc.load_model(uri)
    answers = model.predict(texts)
    assert model.predict(pandas.DataFrame({"text": texts})) == answers, "a table gives other answers"
    assert model.metadata.signature.outputs is not None
    assert model.metadata.load_input_example(mlflow.artifacts.download_artifacts(uri)) is not None
    graph = mlflow.onnx.load_model(uri)
    return {
        "answers": answers,
        "run_id": model.metadata.run_id,
        "metadata": model.metadata.metadata,
        "inputs": [i.name for i in graph.graph.input],
        "other_imports": sorted({"torch", "transformers", "huggingface_hub"} & set(sys.modules)),
    }


json.dump([said(uri, json.loads(sys.argv[1])) for uri in sys.argv[2:]], sys.stdout)
