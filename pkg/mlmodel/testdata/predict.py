"""Loads logged models: predict.py TEXTS URI... Writes what they say to standard output, in JSON.

TEXTS is a JSON list. Each model is loaded by MLflow in both flavours.
"""

import json
import sys

import mlflow
import pandas

NO_TEXT = {"error": "the call is no text"}


def said(uri, texts):
    model = mlflow.pyfunc.load_model(uri)
    answers = model.predict(texts)
    assert model.predict(pandas.DataFrame({"text": texts})) == answers, "a table gives other answers"
    no_text = model.predict(pandas.DataFrame({"text": [None, texts[0], float("nan")]}))
    assert no_text == [NO_TEXT, answers[0], NO_TEXT], f"empty cells give {no_text}"
    assert model.predict(["\ud800 Amina"]) == model.predict(["\ufffd Amina"])
    try:
        model.predict(pandas.DataFrame({"id": ["7"], "text": texts[:1]}))
    except ValueError as error:
        assert "first column" in str(error), error
    else:
        raise AssertionError("ids are labelled as calls")
    assert model.metadata.signature.outputs is not None
    assert model.metadata.load_input_example(mlflow.artifacts.download_artifacts(uri)) is not None
    own = model._model_impl
    graph = mlflow.onnx.load_model(uri)
    return {
        "answers": answers,
        "run_id": model.metadata.run_id,
        "metadata": model.metadata.metadata,
        "logits": [{name: of.ravel().tolist() for name, of in own.logits(text).items()} for text in texts] if own.windows else [],
        "inputs": [i.name for i in graph.graph.input],
        "other_imports": sorted({"torch", "transformers", "huggingface_hub"} & set(sys.modules)),
    }


json.dump([said(uri, json.loads(sys.argv[1])) for uri in sys.argv[2:]], sys.stdout)
