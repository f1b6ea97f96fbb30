"""Reads the models of a run, and a registered model, with MLflow's own client and prints them as JSON.

usage: readmodel.py TRACKING_URI RUN REGISTERED_NAME
"""

import json
import sys

import mlflow
from mlflow import MlflowClient
from mlflow.models import Model

uri, run_id, name = sys.argv[1:]
mlflow.set_tracking_uri(uri)
client = MlflowClient()
run = client.get_run(run_id)
models = client.search_logged_models(
    [run.info.experiment_id], filter_string=f"source_run_id = '{run_id}'"
)
json.dump(
    {
        "outputs": [[o.model_id, o.step] for o in run.outputs.model_outputs],
        "models": [
            {
                "id": m.model_id,
                "name": m.name,
                "status": str(m.status),
                "tags": m.tags,
                "params": m.params,
                "metrics": {x.key: [x.step, x.value] for x in m.metrics},
                "mlmodel_id": Model.load(f"models:/{m.model_id}").model_id,
            }
            for m in models
        ],
        "points": {k: len(client.get_metric_history(run_id, k)) for k in run.data.metrics},
        "versions": {
            v.version: {"run": v.run_id, "source": v.source, "tags": v.tags, "description": v.description}
            for v in client.search_model_versions(f"name = '{name}'")
        },
        "aliases": client.get_registered_model(name).aliases,
    },
    sys.stdout,
)
