"""Time `run.log` of an offline wandb run: CALLS calls of 10 values. Prints nanoseconds per call as JSON."""
# pyright: basic, reportMissingImports=false

import json
import sys
import time

import wandb

run = wandb.init(project="bench", mode="offline", settings=wandb.Settings(silent=True))
times = []
for step in range(int(sys.argv[1])):
    row = {f"metric_{number}": step * 0.001 + number for number in range(10)}
    started = time.perf_counter_ns()
    run.log(row)
    times.append(time.perf_counter_ns() - started)
run.finish()
print("\n" + json.dumps(times))
