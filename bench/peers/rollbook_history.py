"""Time `run.log` of Rollbook: CALLS calls of 10 values, kept by its journal. Prints nanoseconds per call as JSON."""

import json
import sys
import time

import rollbook

run = rollbook.init(project="bench", save_code=False)
times: list[int] = []
for step in range(int(sys.argv[1])):
    row = {f"metric_{number}": step * 0.001 + number for number in range(10)}
    started = time.perf_counter_ns()
    run.log(row)
    times.append(time.perf_counter_ns() - started)
run.finish()
print("\n" + json.dumps(times))
