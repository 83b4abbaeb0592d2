"""Time `mlflow.log_metrics` on SQLite: CALLS calls of 10 values. Prints nanoseconds per call as JSON."""
# pyright: basic, reportMissingImports=false

import json
import sys
import time

import mlflow

times = []
with mlflow.start_run():
    for step in range(int(sys.argv[1])):
        row = {f"metric_{number}": step * 0.001 + number for number in range(10)}
        started = time.perf_counter_ns()
        mlflow.log_metrics(row, step=step)
        times.append(time.perf_counter_ns() - started)
print("\n" + json.dumps(times))
