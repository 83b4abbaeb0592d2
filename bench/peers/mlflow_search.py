"""Log the runs of `runs.json`, then time `search_runs` for each of `queries.json`. Prints hits and milliseconds."""
# pyright: basic, reportMissingImports=false

import json
import sys
import time
from pathlib import Path

from mlflow.entities import Metric, Param
from mlflow.tracking import MlflowClient

page, samples = int(sys.argv[1]), int(sys.argv[2])
client = MlflowClient()
for values in json.loads(Path("runs.json").read_text()):
    optimizer = values.pop("optimizer")
    values |= {"optimizer_lr": optimizer["lr"], "optimizer_name": optimizer["name"]}
    made = client.create_run("0")
    numbers = {key: value for key, value in values.items() if isinstance(value, float)}
    metrics = [Metric(key, value, 0, 0) for key, value in numbers.items()]
    params = [Param(key, str(value)) for key, value in values.items() if key not in numbers]
    client.log_batch(made.info.run_id, metrics=metrics, params=params)
answers = {}
for what, (query, order) in json.loads(Path("queries.json").read_text()).items():
    times = []
    for _ in range(samples + 1):
        started = time.perf_counter()
        found = client.search_runs(["0"], query, max_results=page, order_by=[order] if order else None)
        times.append((time.perf_counter() - started) * 1000)
    answers[what] = [len(found), times[1:]]
print("\n" + json.dumps(answers))
