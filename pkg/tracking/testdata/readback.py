"""Reads one run back with MLflow's own client and prints it as JSON.

usage: readback.py TRACKING_URI EXPERIMENT RUN_NAME DOWNLOAD_DIR
"""

import json
import pathlib
import sys

from mlflow import MlflowClient
from mlflow.artifacts import download_artifacts

uri, experiment_name, run_name, folder = sys.argv[1:]
client = MlflowClient(tracking_uri=uri)
experiment = client.get_experiment_by_name(experiment_name)
found = client.search_runs(
    [experiment.experiment_id],
    filter_string=f"attributes.run_name = '{run_name}'",
)
run = found[0]
local = pathlib.Path(
    download_artifacts(run_id=run.info.run_id, dst_path=folder, tracking_uri=uri)
)
json.dump(
    {
        "runs": len(found),
        "experiments": sorted(e.name for e in client.search_experiments()),
        "run_id": run.info.run_id,
        "experiment_id": run.info.experiment_id,
        "status": run.info.status,
        "run_name": run.info.run_name,
        "user": run.data.tags.get("mlflow.user"),
        "start": run.info.start_time,
        "end": run.info.end_time,
        "params": run.data.params,
        "tags": run.data.tags,
        "metrics": {
            key: [
                [m.step, m.value, m.timestamp]
                for m in sorted(
                    client.get_metric_history(run.info.run_id, key),
                    key=lambda m: (m.timestamp, m.step),
                )
            ]
            for key in run.data.metrics
        },
        "artifacts": {
            str(p.relative_to(local)): len(p.read_bytes())
            for p in sorted(local.rglob("*"))
            if p.is_file()
        },
        "inputs": [
            {
                "name": i.dataset.name,
                "digest": i.dataset.digest,
                "source": json.loads(i.dataset.source),
                "profile": i.dataset.profile,
                "context": {t.key: t.value for t in i.tags},
            }
            for i in run.inputs.dataset_inputs
        ],
    },
    sys.stdout,
)
